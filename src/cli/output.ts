import { printable } from '../observe/printable.js';

/** Proto3 JSON has no null for a message that is not set: the key is left out. */
export function printJson(reply: object): void {
  // Escaped as JSON has it, the value is the same: a program reads what was there, and a terminal is not steered by it.
  printLine(JSON.stringify(reply, (_key, value: unknown) => (value === null ? undefined : value)));
}

export function printLine(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** As `printLine`, beside what a command prints for another program. */
export function printNote(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Columns under their titles, as wide as what they hold; the last one is not padded. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const cells = [titles, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = titles.map((_title, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  for (const row of cells) {
    const line = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)));
    process.stdout.write(`${line.join('  ')}\n`);
  }
}

/** `key  value` lines, aligned; what is empty is left out. */
export function printFields(fields: readonly (readonly [string, string])[]): void {
  const filled = fields.filter(([, value]) => value !== '');
  const width = Math.max(0, ...filled.map(([key]) => key.length));
  for (const [key, value] of filled) printLine(`${key.padEnd(width)}  ${value}`);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB'];

/** `1.5 MiB`. */
export function bytesText(bytes: string | number): string {
  let [size, unit] = [Number(bytes), 0];
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}

/** `1,234,567` */
export function grouped(count: number | string): string {
  return BigInt(count).toLocaleString('en');
}

/** `1.234 ms`, from microseconds. */
export function timeText(microseconds: string): string {
  const us = Number(microseconds);
  return us < 1_000 ? `${us} us` : `${(us / 1_000).toFixed(us < 100_000 ? 2 : 0)} ms`;
}

/** A line on standard error that replaces itself, where somebody watches. */
export class Progress {
  readonly #shown = process.stderr.isTTY === true;

  update(text: string): void {
    if (this.#shown) process.stderr.write(`\r\u001b[2K${printable(text)}`);
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\u001b[2K');
  }
}

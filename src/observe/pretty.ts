import { printable } from './printable.js';

/** Fields that have a place of their own in the line. */
const PLACED = new Set(['level', 'time', 'msg', 'err']);

/**
 * One JSON line of the log as a line for a person: time, level, message, then `key=value`. The stack of an error
 * follows, indented. Guests write parts of this, so nothing unprintable gets through.
 */
export function prettyLine(json: string): string {
  const record = JSON.parse(json) as Record<string, unknown>;
  const time = String(record['time']).slice(11, 23);
  const fields = Object.entries(record)
    .filter(([key]) => !PLACED.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`);
  const head = [time, String(record['level']).toUpperCase().padEnd(5), textOf(record['msg']), ...fields];
  return `${printable(head.join(' '))}\n${stackOf(record['err'])}`;
}

function quoted(value: string): string {
  return /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function stackOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message } = error as { stack?: unknown; message?: unknown };
  const text = printable(textOf(stack ?? message), '\n');
  return `${text.replace(/^/gm, '    ')}\n`;
}

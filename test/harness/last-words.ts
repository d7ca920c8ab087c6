/**
 * Global setup of the test runner: what a suite wants to say last is printed behind the runner's own summary, where scripts
 * look for it.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs';

const FILE = 'dist/last-words.txt';

/** A line to end with. */
export function sayLast(line: string): void {
  appendFileSync(FILE, `${line}\n`);
}

export function setup(): void {
  rmSync(FILE, { force: true });
}

export function teardown(): void {
  try {
    process.stdout.write(readFileSync(FILE, 'utf8'));
  } catch {
    // Nobody has said anything.
  }
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

/** What `count.ts` counted when it was recorded. This suite runs on the oldest version of Node and on the newest. */
const RECORDED: unknown = JSON.parse(readFileSync('test/vectors/fuel.json', 'utf8'));

describe('fuel is the same', () => {
  test.each([
    ['with both compilers of the engine', []],
    ['with the baseline compiler alone', ['--liftoff-only']],
    ['with the optimising compiler alone', ['--no-liftoff']],
  ] as const)('%s', async (_, flags) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, 'dist/test/fuel/count.js']);
    expect(JSON.parse(stdout)).toEqual(RECORDED);
  });
});

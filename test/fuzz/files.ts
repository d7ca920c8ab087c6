/**
 * Fuzz target: the files thread's work under any sequence of operations, while somebody puts links in the way. Nothing outside of the root
 * is read or changed, nothing stays open, and what is counted is what is there.
 */

import { deepStrictEqual, strictEqual } from 'node:assert';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileAnswer, Place, Root } from '../../src/host/files/backend.js';
import { SystemFiles } from '../../src/host/files/system-files.js';
import { OPEN_FLAGS, openHow } from '../../src/protocol/files.js';
import type { Random } from './random.js';

const NAMES = ['a', 'b', 'c', 'd', 'link', 'n'.repeat(255)];
const SECRET = 'what is outside';
const STEPS = 60;
const HANDLES = 6;
const ALL = Object.values(OPEN_FLAGS).reduce((flags, flag) => flags | flag, 0);

export function tryFiles(random: Random): Promise<void> {
  if (process.platform !== 'linux') return Promise.resolve();
  const folder = mkdtempSync(join(tmpdir(), 'hal9-fuzz-'));
  try {
    tryIn(folder, random);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return Promise.resolve();
}

function tryIn(folder: string, random: Random): void {
  const root: Root = { key: 'scratch', directory: join(folder, 'root'), scratch: true };
  mkdirSync(join(folder, 'outside'));
  writeFileSync(join(folder, 'outside/a'), SECRET);
  const before = readdirSync('/proc/self/fd').length;
  const files = new SystemFiles();
  // Links are not a plugin's, so that nobody counts them.
  const isDisturbed = random.once(2);
  for (let step = 0; step < STEPS; step++) {
    const answer = oneOf(files, root, random);
    strictEqual(JSON.stringify(textIn(answer)).includes(SECRET), false, 'something outside was read');
    if (isDisturbed && random.once(3)) disturb(folder, random);
  }
  files.close(Array.from({ length: STEPS }, (_, handle) => handle));
  strictEqual(readFileSync(join(folder, 'outside/a'), 'utf8'), SECRET, 'something outside was changed');
  deepStrictEqual(readdirSync(join(folder, 'outside')), ['a'], 'something outside was made');
  const recount = new SystemFiles();
  if (!isDisturbed) deepStrictEqual(used(files, root), used(recount, root), 'it is counted wrongly');
  for (const each of [recount, files]) each.removeScratch(root);
  strictEqual(readdirSync('/proc/self/fd').length <= before, true, 'something stayed open');
}

function oneOf(files: SystemFiles, root: Root, random: Random): unknown {
  const handle = random.below(HANDLES);
  const [here, there] = [placeIn(root, random), placeIn(root, random)];
  const may = { read: !random.once(5), write: !random.once(5), create: !random.once(5) };
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      files.close([handle]);
      return files.open(handle, here, openHow(random.below(ALL + 1)), may);
    case 3:
      return files.read(handle, random.below(50), random.below(100));
    case 4:
      return files.write(handle, random.once(2) ? undefined : random.below(50), Buffer.alloc(random.below(30), 'x'));
    case 5:
      return files.makeDirectory(here);
    case 6:
      return files.removeDirectory(here);
    case 7:
      return files.unlink(here);
    case 8:
      return files.rename(here, there, !random.once(3));
    case 9:
      return files.resize(handle, random.below(200), random.once(2));
    case 10:
      return files.setTimes(here, 1n, 1n);
    default:
      return files.list(here);
  }
}

function placeIn(root: Root, random: Random): Place {
  const path = Array.from({ length: random.below(4) }, () => random.pick(NAMES));
  const space = { key: root.key, maxBytes: 150, maxEntries: 8 };
  return { root, path, isDirectory: random.once(10), apart: random.once(10) ? [['a', 'b']] : [], space };
}

/** What another program does in the root meanwhile. */
function disturb(folder: string, random: Random): void {
  const at = (): string => join(folder, 'root', random.pick(NAMES));
  try {
    if (random.once(3)) renameSync(at(), at());
    else symlinkSync(random.pick(['../outside', '../outside/a', '.', 'a', join(folder, 'outside')]), at());
  } catch {
    // There was something, or nothing.
  }
}

/** What is counted: with no room left, a refusal says it. */
function used(files: SystemFiles, root: Root): unknown[] {
  const none = { key: root.key, maxBytes: 0, maxEntries: 0 };
  const whole: Place = { root, path: [`new-${'y'.repeat(9)}`], isDirectory: false, apart: [], space: none };
  const roomy = { ...whole, space: { ...none, maxEntries: 100 } };
  const entries = files.makeDirectory(whole);
  files.open(1_000, roomy, openHow(OPEN_FLAGS.write | OPEN_FLAGS.create), { read: true, write: true, create: true });
  const bytes = files.resize(1_000, 1_000_000, false);
  files.unlink(roomy);
  files.close([1_000]);
  return [entries, bytes];
}

/** Bytes as text, so that they can be looked at. */
function textIn(answer: unknown): unknown {
  const { value } = answer as Partial<Extract<FileAnswer<unknown>, { outcome: 'done' }>>;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : (value ?? null);
}

/**
 * Fuzz target: the file functions of WASI under any sequence of calls. Each answers an error number or ends the guest; none leaves
 * the memory it was given, changes an asset, or shows bytes that are no asset's.
 */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { ASSETS_DIRECTORY, type AssetImage } from '../../src/protocol/assets.js';
import { PREVIEW1 } from '../../src/protocol/preview1.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { GuestViolation } from '../../workers/abi/guest.js';
import { imageOf } from '../harness/asset-image.js';
import { type Wasi, wasiOver } from '../harness/wasi-functions.js';
import type { Random } from './random.js';

const FUNCTIONS = [...PREVIEW1.keys()].filter((name) => /^(fd|path)_/.test(name));
const KNOWN = new Set<number>(Object.values(ERRNO));
const PARTS = ['a.txt', 'dir', 'sub', 'c', '..', '.', '', 'none', 'dir/sub/c', '/', '\0', '\u{10ffff}', 'assets'];
const OPENERS = ['path_open', 'fd_read', 'fd_readdir', 'fd_pread'];
const PAGE = 65_536;
const CALLS = 40;

/** Beside the assets lies what belongs to nobody: a guest must never see it. */
const SECRET = 0x5a;

export function tryWasiFiles(random: Random): Promise<void> {
  const image = withSecret(
    imageOf({ 'a.txt': 'hello', 'dir/b.txt': 'x'.repeat(random.below(5_000)), 'dir/sub/c': '' }),
  );
  const before = Buffer.from(new Uint8Array(image.bytes));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { wasi } = wasiOver(memory, image);
  const bytes = Buffer.from(memory.buffer);
  for (let calls = 0; calls < CALLS && step(wasi, bytes, random); calls++);
  deepStrictEqual(Buffer.from(new Uint8Array(image.bytes)), before, 'an asset was changed');
  strictEqual(bytes.includes(Buffer.alloc(16, SECRET)), false, 'bytes beside the assets were shown');
  return Promise.resolve();
}

function withSecret({ bytes, files }: AssetImage): AssetImage {
  const larger = new SharedArrayBuffer(bytes.byteLength + 64);
  new Uint8Array(larger).fill(SECRET);
  new Uint8Array(larger).set(new Uint8Array(bytes), 32);
  return { bytes: larger, files: files.map((file) => ({ ...file, start: file.start + 32 })) };
}

/** One call; false once the guest has ended. */
function step(wasi: Wasi, bytes: Buffer, random: Random): boolean {
  const name = random.once(2) ? random.pick(OPENERS) : random.pick(FUNCTIONS);
  const path = Array.from({ length: 1 + random.below(4) }, () => random.pick(PARTS)).join('/');
  const written = bytes.write(random.once(20) ? `${ASSETS_DIRECTORY}/${path}` : path, 1_024);
  bytes.writeUInt32LE(random.once(10) ? random.next() : 8_192, 2_048);
  bytes.writeUInt32LE(random.once(10) ? random.next() : random.below(9_000), 2_052);
  const params = PREVIEW1.get(name)?.params ?? [];
  const core = params.map((type, index) => (type === 'i64' ? bigOf(random) : argument(index, written, random)));
  if (name === 'path_open' && !random.once(3)) {
    core.splice(2, 7, 1_024, written, random.once(4) ? random.below(16) : 0, random.once(4) ? 66n : 2n, 0n, 0, 512);
  }
  try {
    const errno = wasi[name]?.(...core) ?? -1;
    strictEqual(KNOWN.has(errno), true, `${name} answered ${errno}`);
    return true;
  } catch (error) {
    if (error instanceof GuestViolation) return false;
    throw error;
  }
}

/** Descriptors first, then pointers and lengths; now and then anything. */
function argument(index: number, written: number, random: Random): number {
  if (random.once(30)) return random.pick([-1, PAGE - 1, PAGE, 2 ** 31 - 1, -(2 ** 31), random.next() | 0]);
  if (index === 0) return random.below(8);
  return random.pick([1, 1_024, written, 2_048, 8_192, 512, random.below(16)]);
}

function bigOf(random: Random): bigint {
  return random.pick([0n, 1n, 2n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, BigInt(random.below(6_000))]);
}

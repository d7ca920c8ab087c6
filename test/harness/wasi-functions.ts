import type { AssetImage } from '../../src/protocol/assets.js';
import { GuestCore } from '../../workers/abi/guest-core.js';
import { servePreview1 } from '../../workers/abi/preview1.js';
import { assetRoots } from '../../workers/host/asset-files.js';
import { BOUNDS, emptyServices } from '../unit/workers/abi/wat-guest.js';

export type Wasi = Readonly<Record<string, (...core: (number | bigint)[]) => number>>;

/** The functions of WASI over a memory that a test writes to as a guest does. */
export function wasiOver(memory: WebAssembly.Memory, assets: AssetImage | undefined): { wasi: Wasi; core: GuestCore } {
  const core = new GuestCore(BOUNDS);
  core.attach({ memory });
  const wasi = servePreview1(core, {}, emptyServices({ files: assetRoots(assets) })) as unknown as Wasi;
  return { wasi, core };
}

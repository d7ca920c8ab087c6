/** A small, valid package to start from. */

import type { Manifest } from '../../../src/package/manifest.js';

type Draft<T> = T extends readonly (infer E)[] ? Draft<E>[] : T extends object ? { [K in keyof T]: Draft<T[K]> } : T;

export const PLUGIN_ID = '3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f';

/** A manifest for one tool; `change` may spoil it. */
export function aManifest(change: (manifest: Draft<Manifest>) => void = () => undefined): Draft<Manifest> {
  const manifest: Draft<Manifest> = {
    api_version: 1,
    metadata: {
      id: PLUGIN_ID,
      name: 'Echo',
      version: '1.0.0',
      author: 'Somebody',
      description: 'Says it again.',
      license: 'MIT',
      tags: [],
      capabilities: [
        {
          type: 'ToolProvider',
          config: {
            tool_name: 'echo',
            tool_description: 'Says it again.',
            parameters: [{ name: 'text', param_type: 'string', required: true, description: 'What to say.' }],
          },
        },
      ],
      requirements: { min_hal9_version: '0.1.0', required_permissions: [], dependencies: [] },
    },
    files: { wasm: 'plugin.wasm', examples: [], assets: {} },
  };
  change(manifest);
  return manifest;
}

export const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** The files of that package. */
export function packageFiles(
  manifest: unknown = aManifest(),
  wasm: Uint8Array = EMPTY_MODULE,
): Map<string, Uint8Array> {
  return new Map([
    ['manifest.json', Buffer.from(JSON.stringify(manifest))],
    ['plugin.wasm', wasm],
  ]);
}

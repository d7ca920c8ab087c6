import { createHash } from 'node:crypto';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { zipFiles } from '../../src/package/zip-write.js';

export interface WatPluginOptions {
  name: string;
  /** In the text format, or a module as it is. */
  wat: string | Uint8Array;
  /** Capabilities as in the manifest; one tool `attack` without parameters by default. */
  capabilities?: readonly object[];
  requirements?: Record<string, unknown>;
  /** 1.0.0 by default. */
  version?: string;
  /** Contents by the name under which the guest reads them. */
  assets?: Readonly<Record<string, string | Uint8Array>>;
  readme?: string;
}

/** The tool that hostile guests and test guests offer. */
export const ATTACK_TOOL = {
  type: 'ToolProvider',
  config: { tool_name: 'attack', tool_description: 'Does what the name of its plugin says.', parameters: [] },
};

export const ATTACK_NEURON = {
  type: 'NeuronType',
  config: { layer: 'L2', neuron_type: 'attack', description: 'Does what the name of its plugin says.' },
};

/** A package made by hand of a module. Its id is derived from its name. */
export async function packWat({
  name,
  wat,
  capabilities = [ATTACK_TOOL],
  requirements = {},
  version = '1.0.0',
  assets = {},
  readme,
}: WatPluginOptions): Promise<Uint8Array> {
  const assetPaths = Object.fromEntries(Object.keys(assets).map((asset) => [asset, `assets/${asset}`]));
  const manifest = {
    api_version: 1,
    metadata: {
      id: idOf(name),
      name,
      version,
      author: 'test',
      description: 'A guest made for a test.',
      license: 'MIT',
      capabilities,
      requirements: { min_hal9_version: '0.1.0', required_permissions: [], dependencies: [], ...requirements },
    },
    files: { wasm: 'plugin.wasm', assets: assetPaths, ...(readme === undefined ? {} : { readme: 'README.md' }) },
  };
  const files = new Map<string, Uint8Array>([
    ['manifest.json', Buffer.from(JSON.stringify(manifest))],
    ['plugin.wasm', typeof wat === 'string' ? await parse(wat) : wat],
    ...Object.entries(assets).map(([asset, content]) => [`assets/${asset}`, Buffer.from(content)] as const),
    ...(readme === undefined ? [] : [['README.md', Buffer.from(readme)] as const]),
  ]);
  return zipFiles(files);
}

/** A UUID (RFC 9562, version 8: of the maker's own making) that is the same for the same name. */
export function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

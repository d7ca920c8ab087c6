import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifest } from '../../../src/package/manifest.js';
import { type ModuleCache, Preparer } from '../../../src/prepare/prepare.js';
import { PAGE_BYTES } from '../../../src/wasm/item-types.js';
import { aManifest } from '../package/a-package.js';
import { type ModuleText, moduleBytes } from './module-text.js';

class MemoryCache implements ModuleCache {
  readonly entries = new Map<string, Uint8Array>();
  get(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.entries.get(key));
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    this.entries.set(key, bytes);
    return Promise.resolve();
  }
}

function manifestFor(change?: Parameters<typeof aManifest>[0]): Manifest {
  return parseManifest(Buffer.from(JSON.stringify(aManifest(change))));
}

const NEURON = { type: 'NeuronType', config: { layer: 'L2', neuron_type: 'n', description: '' } } as const;

function preparer(cache: ModuleCache = new MemoryCache()): Preparer {
  return new Preparer({ cache, hostVersion: '0.1.0' });
}

async function sourceOf(parts: ModuleText, manifest: Manifest = manifestFor()) {
  const wasm = await moduleBytes(parts);
  return { manifest, wasm, wasmDigest: createHash('sha256').update(wasm).digest('hex') };
}

describe('Preparer', () => {
  test('answers what a worker needs to know', async () => {
    const manifest = manifestFor((draft) => {
      draft.metadata.capabilities.push({ ...NEURON, config: { ...NEURON.config } });
      draft.metadata.requirements.max_memory_mb = 2;
    });
    const source = await sourceOf(
      {
        exports: ['tools', 'neuron', 'lifecycle'],
        imports: ['metrics', 'logging', 'config', 'clock', 'random'],
        before: '(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))',
        extra:
          '(func (export "_initialize")) (func (export "cabi_post_hal9:plugin/tools@0.1.0#execute") (param i32)) (func (export "own"))',
      },
      manifest,
    );
    const prepared = await preparer().prepare(source);
    expect(prepared).toMatchObject({
      exports: ['lifecycle', 'neuron', 'tools'],
      imports: ['clock', 'config', 'logging', 'metrics', 'random'],
      usesWasi: true,
      hasInitialize: true,
      contractVersion: '0.1.0',
      memory: { initialBytes: PAGE_BYTES, maximumBytes: 2 * 1_048_576 },
      moduleBytes: source.wasm.length,
    });
    expect(WebAssembly.Module.exports(prepared.module).map(({ name }) => name)).toContain(
      'hal9:plugin/tools@0.1.0#execute',
    );
  });

  test('a second start prepares nothing, and loads no package', async () => {
    const cache = new MemoryCache();
    const source = await sourceOf({});
    const first = preparer(cache);
    const made = await first.prepare(source);
    expect(first.prepares).toBe(1);
    const second = preparer(cache);
    const load = () => Promise.reject(new Error('the package was loaded'));
    const found = await second.prepare({ manifest: source.manifest, wasmDigest: source.wasmDigest, load });
    expect(second.prepares).toBe(0);
    expect({ ...found, module: undefined }).toEqual({ ...made, module: undefined });
    expect(found.module).toBeInstanceOf(WebAssembly.Module);
  });

  test('a hit is held against the manifest at hand, not against the one of the first time', async () => {
    const cache = new MemoryCache();
    const source = await sourceOf({});
    await preparer(cache).prepare(source);
    const other = manifestFor(
      (draft) => void draft.metadata.capabilities.push({ ...NEURON, config: { ...NEURON.config } }),
    );
    await expect(preparer(cache).prepare({ ...source, manifest: other })).rejects.toThrow('missing neuron');
  });

  test('another memory limit is another entry', async () => {
    const cache = new MemoryCache();
    const source = await sourceOf({});
    const one = preparer(cache);
    await one.prepare(source);
    const small = await one.prepare({
      ...source,
      manifest: manifestFor((draft) => {
        draft.metadata.requirements.max_memory_mb = 1;
      }),
    });
    expect(one.prepares).toBe(2);
    expect(small.memory.maximumBytes).toBe(1_048_576);
  });

  test('reports each preparation as it happens', async () => {
    let reported = 0;
    const one = new Preparer({ cache: new MemoryCache(), hostVersion: '0.1.0', prepared: () => reported++ });
    await one.prepare(await sourceOf({}));
    await one.prepare(await sourceOf({}));
    expect([reported, one.prepares]).toEqual([1, 1]);
  });

  test('a module that is refused is not cached', async () => {
    const cache = new MemoryCache();
    await expect(
      preparer(cache).prepare(await sourceOf({ extra: '(func (result i32) i64.const 0)' })),
    ).rejects.toMatchObject({
      reason: 'MODULE_INVALID',
      message: expect.stringContaining('function #2') as unknown,
    });
    expect(cache.entries.size).toBe(0);
  });

  test.each(['MemoryProvider', 'LearningAlgorithm', 'ApiExtension'] as const)(
    '%s is refused before the module is looked at',
    async (type) => {
      const config = {
        MemoryProvider: { storage_type: 'x', features: [] },
        LearningAlgorithm: { algorithm_name: 'x', supported_layers: [] },
        ApiExtension: { endpoint: '/x', methods: ['GET'] },
      }[type];
      const manifest = manifestFor((draft) => {
        draft.metadata.capabilities = [{ type, config }] as typeof draft.metadata.capabilities;
      });
      const names = { MemoryProvider: 'memory-provider', LearningAlgorithm: 'learning', ApiExtension: 'api-extension' };
      await expect(preparer().prepare(await sourceOf({}, manifest))).rejects.toMatchObject({
        reason: 'NOT_IMPLEMENTED',
        details: { interface: names[type] },
      });
    },
  );

  test('an interface that no capability needs is refused', async () => {
    await expect(preparer().prepare(await sourceOf({ exports: ['tools', 'neuron'] }))).rejects.toThrow(
      'not declared neuron',
    );
  });

  test('a plugin for a newer server is refused', async () => {
    const manifest = manifestFor((draft) => {
      draft.metadata.requirements.min_hal9_version = '0.2.0';
    });
    await expect(preparer().prepare(await sourceOf({}, manifest))).rejects.toThrow('expected at most 0.1.0');
  });

  test('a module that takes memory from the host must export cabi_realloc', async () => {
    await expect(preparer().prepare(await sourceOf({ realloc: '' }))).rejects.toThrow('must export cabi_realloc');
  });
});

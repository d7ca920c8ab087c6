import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { measureAccuracy } from '../../examples/sentiment-analyzer/accuracy.js';
import type { Client } from '../../src/client/client.js';
import { packBytes } from '../../src/package/pack.js';
import { checkModule } from '../../src/prepare/check.js';
import { readModule } from '../../src/wasm/module.js';
import { ServerProcess } from '../harness/server-process.js';

interface Recorded {
  rustc: string;
  host: string;
  modules: { path: string; target: string; bytes: number; sha256: string }[];
}

/** Those that process signals; the others have tools alone. */
const NEURONS = /\/(echo|sentiment-analyzer)\//;

const recorded = JSON.parse(readFileSync('examples/toolchain.json', 'utf8')) as Recorded;

describe('examples/toolchain.json', () => {
  test('names the compiler that rust-toolchain.toml asks for', () => {
    const channel = /^channel = "(.+)"$/m.exec(readFileSync('rust-toolchain.toml', 'utf8'))?.[1];
    expect(recorded.rustc).toContain(`rustc ${channel} `);
  });

  test.each(recorded.modules)('is right about $path', ({ path, bytes, sha256 }) => {
    const module = readFileSync(path);
    expect(module.length).toBe(bytes);
    expect(createHash('sha256').update(module).digest('hex')).toBe(sha256);
  });
});

describe('each committed module', () => {
  test.each(recorded.modules)('$path keeps to the contract', ({ path, target }) => {
    const module = readModule(readFileSync(path));
    expect(checkModule(module)).toMatchObject({
      exports: NEURONS.test(path) ? ['lifecycle', 'neuron', 'tools'] : ['lifecycle', 'tools'],
      usesWasi: target === 'wasm32-wasip1',
      contractVersion: '0.1.0',
    });
    const modules = new Set(module.imports.map((each) => each.module));
    expect([...modules].filter((name) => !/^(wasi_snapshot_preview1|hal9:plugin\/\w+@0\.1\.0)$/.test(name))).toEqual(
      [],
    );
  });

  test.each(recorded.modules)('$path names no folder of the machine that built it', ({ path }) => {
    expect(readFileSync(path).toString('latin1')).not.toMatch(/\/(home|root|Users|tmp)\/\w/);
  });
});

describe('the sentiment analyzer', () => {
  let server: ServerProcess;
  let client: Client;
  let pluginId: string;

  beforeAll(async () => {
    server = await ServerProcess.start();
    client = server.connect();
    const directory = 'examples/sentiment-analyzer';
    const { bytes } = await packBytes({ directory, wasmPath: `${directory}/sentiment-analyzer.wasm` });
    const installed = await client.installPlugin(bytes);
    pluginId = installed.plugin?.ref?.id ?? '';
    await client.activatePlugin(pluginId);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test('is as accurate as its README says', async () => {
    const readme = readFileSync('examples/sentiment-analyzer/README.md', 'utf8');
    for (const { part, right, sentences } of await measureAccuracy()) {
      const line = `| ${part.replace('-', ' ')} | ${sentences} | ${((100 * right) / sentences).toFixed(1)} % |`;
      expect(readme).toContain(line);
    }
  });

  test('answers a signal with one to the layer above', async () => {
    const signal = { id: '1', type: 'text', layer: 'L2' as const, content: 'not bad at all, I love it!' };
    const { results } = await client.processSignal({ signal });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({
      outcome: 'OK',
      signals: [{ id: '1', type: 'sentiment', layer: 'L3', source: 'sentiment-analyzer', content: 'positive' }],
    });
    const metadata = results[0]?.signals[0]?.metadata ?? {};
    expect(Object.keys(metadata).sort()).toEqual(['confidence', 'emotions', 'evidence', 'score', 'sentiment']);
    expect(JSON.parse(metadata['evidence'] ?? '')).toMatchObject([
      { text: 'bad', start: 4, end: 7, base: -3, because: expect.arrayContaining(['negated by "not"']) },
      { text: 'love it', start: 18, end: 25, base: 3 },
    ]);
  });

  test('answers a tool call, with the defaults of its declaration', async () => {
    const parameters = JSON.stringify({ text: 'great!' });
    const { result } = await client.invokeTool({ tool: 'analyze_sentiment', parameters });
    expect(result).toMatchObject({ outcome: 'OK', plugin: { id: pluginId } });
    expect(JSON.parse(result?.value ?? '')).toMatchObject({
      sentiment: 'positive',
      evidence: [{ text: 'great' }],
      words: 1,
    });
  });

  test('says what is wrong with its input', async () => {
    const parameters = JSON.stringify({ text: 'a'.repeat(50_001) });
    const { result } = await client.invokeTool({ tool: 'analyze_sentiment', parameters });
    expect(result).toMatchObject({ outcome: 'PLUGIN_ERROR', error: { code: 'INVALID_INPUT' } });
  });

  test('is not put into service with a configuration that it cannot use', async () => {
    await client.deactivatePlugin(pluginId);
    await expect(client.activatePlugin(pluginId, '{"threshold": 7}')).rejects.toThrow(/threshold: expected above 0/);
    await client.activatePlugin(pluginId, '{"threshold": 0.5}');
  });
});

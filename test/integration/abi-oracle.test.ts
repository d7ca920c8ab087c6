/**
 * Our bindings against jco-transpile's: the same module, the same calls, the same answers of the host. `oracle.wasm` is built
 * by `cargo build --release --locked --target wasm32-unknown-unknown` in `test/guests/oracle` (cargo 1.95).
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { GUEST_LIMITS } from '../../src/limits.js';
import { type Guest, instantiate, LAYER_CASES, type PluginError, type Result } from '../../workers/abi/guest.js';
import { BOUNDS, NO_GRANTS } from '../unit/workers/abi/wat-guest.js';
import { RandomValues } from './abi-oracle/random-values.js';
import {
  Host,
  oracleImports,
  ourServices,
  ourSignal,
  pairs,
  plainError,
  plainSignal,
  text,
  texts,
  utf8,
} from './abi-oracle/services.js';
import { instantiateTranspiled, type OracleEntry, type OracleExports } from './abi-oracle/transpiled.js';

const SEED = 20_261_122;
const ROUNDS = 30;
const INTERFACES = ['lifecycle', 'neuron', 'tools', 'memory-provider', 'learning', 'api-extension'];

/** One function of the contract, called with the same values on both sides, its answer in plain values. */
interface Case {
  name: string;
  ours(guest: Required<Guest>, random: RandomValues): unknown;
  oracle(oracle: OracleExports, random: RandomValues): unknown;
}

/** Plain values of a result; an error is told apart by its key. */
function plain<T, P>(result: Result<T>, convert: (value: T) => P): P | { error: unknown } {
  return result.ok ? convert(result.value) : { error: plainError(result.error as PluginError) };
}

const same = <T>(value: T): T => value;
const ourEntry = (entry: OracleEntry) => ({
  id: utf8(entry.id),
  content: utf8(entry.content),
  metadata: utf8(entry.metadata),
  timestamp: entry.timestamp,
});
const plainEntry = (entry: ReturnType<typeof ourEntry>): OracleEntry => ({
  id: text(entry.id),
  content: text(entry.content),
  metadata: text(entry.metadata),
  timestamp: entry.timestamp,
});

const signal = (r: RandomValues) => ({
  id: r.text(),
  type: r.text(),
  layer: r.pick(LAYER_CASES),
  source: r.text(),
  content: r.text(),
  metadata: r.pairs(),
  timestamp: r.u64(),
});
const context = (r: RandomValues) => ({
  pluginId: r.text(),
  pluginVersion: r.text(),
  hostVersion: r.text(),
  config: r.text(),
});
const entry = (r: RandomValues) => ({ id: r.text(), content: r.text(), metadata: r.text(), timestamp: r.u64() });
const batch = (r: RandomValues) =>
  r.list(() => ({ layer: r.pick(LAYER_CASES), input: r.text(), expected: r.text(), weight: r.float() }));
const request = (r: RandomValues) => ({
  method: r.text(),
  path: r.text(),
  query: r.text(),
  headers: r.pairs(),
  body: r.bytes(),
});
const tool = (r: RandomValues) => r.pick(['clock', 'random', 'metrics', 'call', r.text()]);

const CASES: readonly Case[] = [
  {
    name: 'lifecycle.load',
    ours: ({ lifecycle }, r) => {
      const { pluginId, pluginVersion, hostVersion, config } = context(r);
      const given = {
        pluginId: utf8(pluginId),
        pluginVersion: utf8(pluginVersion),
        hostVersion: utf8(hostVersion),
        config: utf8(config),
      };
      return plain(lifecycle.load(given), same);
    },
    oracle: ({ lifecycle }, r) => lifecycle.load(context(r)),
  },
  {
    name: 'lifecycle.activate',
    ours: ({ lifecycle }) => plain(lifecycle.activate(), same),
    oracle: ({ lifecycle }) => lifecycle.activate(),
  },
  {
    name: 'lifecycle.deactivate',
    ours: ({ lifecycle }) => plain(lifecycle.deactivate(), same),
    oracle: ({ lifecycle }) => lifecycle.deactivate(),
  },
  {
    name: 'lifecycle.unload',
    ours: ({ lifecycle }) => plain(lifecycle.unload(), same),
    oracle: ({ lifecycle }) => lifecycle.unload(),
  },
  {
    name: 'lifecycle.update-config',
    ours: ({ lifecycle }, r) => plain(lifecycle.updateConfig(utf8(r.text())), same),
    oracle: ({ lifecycle }, r) => lifecycle.updateConfig(r.text()),
  },
  {
    name: 'neuron.process',
    ours: ({ neuron }, r) => plain(neuron.process(ourSignal(signal(r))), (signals) => signals.map(plainSignal)),
    oracle: ({ neuron }, r) => neuron.process(signal(r)),
  },
  {
    name: 'neuron.import-state and export-state',
    ours: ({ neuron }, r) => {
      neuron.importState(r.bytes());
      return plain(neuron.exportState(), same);
    },
    oracle: ({ neuron }, r) => {
      neuron.importState(r.bytes());
      return neuron.exportState();
    },
  },
  {
    name: 'tools.execute',
    ours: ({ tools }, r) => plain(tools.execute(utf8(tool(r)), utf8(r.text())), text),
    oracle: ({ tools }, r) => tools.execute(tool(r), r.text()),
  },
  {
    name: 'memory-provider.store',
    ours: ({ memoryProvider }, r) => plain(memoryProvider.store(ourEntry(entry(r))), same),
    oracle: ({ memoryProvider }, r) => memoryProvider.store(entry(r)),
  },
  {
    name: 'memory-provider.retrieve',
    ours: ({ memoryProvider }, r) =>
      plain(memoryProvider.retrieve(utf8(r.text())), (found) => found && plainEntry(found)),
    oracle: ({ memoryProvider }, r) => memoryProvider.retrieve(r.text()),
  },
  {
    name: 'memory-provider.search',
    ours: ({ memoryProvider }, r) =>
      plain(memoryProvider.search(utf8(r.text()), r.int(10)), (hits) =>
        hits.map((hit) => ({ ...hit, entry: plainEntry(hit.entry) })),
      ),
    oracle: ({ memoryProvider }, r) => memoryProvider.search(r.text(), r.int(10)),
  },
  {
    name: 'memory-provider.delete',
    ours: ({ memoryProvider }, r) => plain(memoryProvider.delete(utf8(r.text())), same),
    oracle: ({ memoryProvider }, r) => memoryProvider.delete(r.text()),
  },
  {
    name: 'learning.learn',
    ours: ({ learning }, r) => {
      const ours = batch(r).map((one) => {
        return { ...one, layer: LAYER_CASES.indexOf(one.layer), input: utf8(one.input), expected: utf8(one.expected) };
      });
      return plain(learning.learn(ours), same);
    },
    oracle: ({ learning }, r) => learning.learn(batch(r)),
  },
  {
    name: 'learning.predict',
    ours: ({ learning }, r) =>
      plain(learning.predict(LAYER_CASES.indexOf(r.pick(LAYER_CASES)), utf8(r.text())), (p) => ({
        ...p,
        output: text(p.output),
      })),
    oracle: ({ learning }, r) => learning.predict(r.pick(LAYER_CASES), r.text()),
  },
  {
    name: 'learning.import-state and export-state',
    ours: ({ learning }, r) => {
      learning.importState(r.bytes());
      return plain(learning.exportState(), same);
    },
    oracle: ({ learning }, r) => {
      learning.importState(r.bytes());
      return learning.exportState();
    },
  },
  {
    name: 'api-extension.handle',
    ours: ({ apiExtension }, r) => {
      const { method, path, query, headers, body } = request(r);
      const given = { method: utf8(method), path: utf8(path), query: utf8(query), headers: pairs(headers), body };
      return plain(apiExtension.handle(given), (answer) => ({ ...answer, headers: texts(answer.headers) }));
    },
    oracle: ({ apiExtension }, r) => apiExtension.handle(request(r)),
  },
];

describe('our bindings answer as the oracle does', () => {
  const [ourHost, oracleHost] = [new Host(), new Host()];
  let guest: Required<Guest>;
  let oracle: OracleExports;

  beforeAll(async () => {
    const core = readFileSync('test/guests/oracle/oracle.wasm');
    const bounds = {
      ...BOUNDS,
      outputBytes: 64 * GUEST_LIMITS.maxOutputBytes,
      hostCallBytes: 64 * GUEST_LIMITS.maxHostCallBytes,
    };
    const options = { exports: INTERFACES, bounds, grants: NO_GRANTS, host: ourServices(ourHost) };
    guest = instantiate(new WebAssembly.Module(core), options) as Required<Guest>;
    oracle = await instantiateTranspiled(core, oracleImports(oracleHost));
  });

  it.each(CASES)('$name', ({ ours, oracle: theirs }) => {
    for (let round = 0; round < ROUNDS; round++) {
      ourHost.seen.length = 0;
      oracleHost.seen.length = 0;
      const expected = answerOf(() => theirs(oracle, new RandomValues(SEED + round)));
      const found = ours(guest, new RandomValues(SEED + round));
      expect(comparable(found), `round ${round}`).toEqual(comparable(expected));
      expect(comparable(ourHost.seen), `host calls of round ${round}`).toEqual(comparable(oracleHost.seen));
    }
  });
});

/** The oracle throws the plugin's error as it is: a plain object. */
function answerOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error) throw error;
    return { error };
  }
}

/** Buffers and arrays of bytes are the same; deep comparison of 70,000 bytes one by one takes its time. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]));
  }
  return value;
}

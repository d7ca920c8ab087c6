import { REDIRECT_POLICY_CASES } from '../../../workers/abi/generated/http.js';
import { LEVEL_CASES } from '../../../workers/abi/generated/logging.js';
import {
  ERROR_CODE_CASES,
  type HostServices,
  LAYER_CASES,
  type PluginError,
  type Result,
  type Signal,
} from '../../../workers/abi/guest.js';
import type { OracleError, OracleImports, OracleSignal } from './transpiled.js';

/** The host's side of the differential test in plain values: what each import answers follows from what it is given. */
export class Host {
  /** Each call of an import, with its arguments. */
  readonly seen: unknown[] = [];

  /** An answer, or an error where the text's length says so. */
  answer<T>(call: readonly unknown[], text: string, value: T): T {
    this.seen.push(call);
    if (text.length % 5 !== 4) return value;
    const code = ERROR_CODE_CASES[text.length % 8] as string;
    throw new Refusal({ code, message: text, details: text.length % 3 === 0 ? undefined : `[${text}]` });
  }

  note(...call: readonly unknown[]): void {
    this.seen.push(call);
  }
}

export class Refusal extends Error {
  readonly payload: OracleError;

  constructor(payload: OracleError) {
    super(payload.message);
    this.payload = payload;
  }
}

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
export const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);
export const texts = (list: readonly (readonly [Uint8Array, Uint8Array])[]): [string, string][] =>
  list.map(([a, b]) => [text(a), text(b)]);
export const pairs = (list: readonly (readonly [string, string])[]): [Uint8Array, Uint8Array][] =>
  list.map(([a, b]) => [utf8(a), utf8(b)]);

export function plainSignal(signal: Signal): OracleSignal {
  const { id, type, layer, source, content, metadata, timestamp } = signal;
  const own = {
    id: text(id),
    type: text(type),
    source: text(source),
    content: text(content),
    metadata: texts(metadata),
  };
  return { ...own, layer: LAYER_CASES[layer] as string, timestamp };
}

export function ourSignal(signal: OracleSignal): Signal {
  const { id, type, layer, source, content, metadata, timestamp } = signal;
  const own = {
    id: utf8(id),
    type: utf8(type),
    source: utf8(source),
    content: utf8(content),
    metadata: pairs(metadata),
  };
  return { ...own, layer: LAYER_CASES.indexOf(layer as 'l1'), timestamp };
}

export function plainError({ code, message, details }: PluginError): OracleError {
  return { code: ERROR_CODE_CASES[code] as string, message: text(message), details: details && text(details) };
}

/** The guest of the comparison does not import these. */
/** What the host itself tells its services, which is no part of the contract. */
const UNCALLED = { beginCall: () => undefined, metered: () => undefined };

const NOT_COMPARED = { open: unreached, read: unreached, close: unreached };

function unreached(): never {
  throw new Error('the guest called what it does not import');
}

/** What throws in plain values is a result in ours. */
function result<T>(call: () => T): Result<T> {
  try {
    return { ok: true, value: call() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, message, details } = error.payload;
    const known = ERROR_CODE_CASES.indexOf(code as 'timeout');
    return {
      ok: false,
      error: { code: known, message: utf8(message), details: details === undefined ? undefined : utf8(details) },
    };
  }
}

const entriesOf = (query: string, limit: number) =>
  Array.from({ length: Math.min(limit, query.length % 7) }, (_, i) => ({
    key: `${i}${query}`,
    value: query.slice(0, query.length - i),
  }));

/** The same answers, for our bindings. */
export function ourServices(host: Host): HostServices {
  const metric =
    (name: string) => (of: Uint8Array, value: number, labels: readonly { name: Uint8Array; value: Uint8Array }[]) =>
      host.note(
        name,
        text(of),
        value,
        labels.map((label) => ({ name: text(label.name), value: text(label.value) })),
      );
  const entries = (name: string) => (query: Uint8Array, limit: number) =>
    result(() =>
      host
        .answer([name, text(query), limit], text(query), entriesOf(text(query), limit))
        .map(({ key, value }) => ({ key: utf8(key), value: utf8(value) })),
    );
  return {
    logging: { log: (level, message) => host.note('log', LEVEL_CASES[level], text(message)) },
    config: {
      get: (key) => (key.length % 2 === 0 ? undefined : key),
      getAll: () => utf8('{"ü": 1}'),
    },
    ...UNCALLED,
    clock: { ...UNCALLED, now: () => 2n ** 64n - 1n, monotonic: () => 2n ** 63n, waited: () => undefined },
    random: {
      ...UNCALLED,
      bytes: (length) => new Uint8Array(length).fill(length),
      next: () => 2n ** 63n + 1n,
      fill: () => undefined,
    },
    metrics: { increment: metric('increment'), set: metric('set'), observe: metric('observe') },
    memory: {
      get: (key) => result(() => host.answer(['get', text(key)], text(key), key.length % 2 === 0 ? undefined : key)),
      set: (key, value) => result(() => host.answer(['set', text(key), text(value)], text(key), undefined)),
      delete: (key) => result(() => host.answer(['delete', text(key)], text(key), key.length % 2 === 0)),
      listEntries: entries('list'),
      search: entries('search'),
    },
    signals: { emit: (signal) => result(() => host.answer(['emit', plainSignal(signal)], text(signal.id), undefined)) },
    plugins: {
      callTool: (plugin, tool, parameters) =>
        result(() => host.answer(['call', text(plugin), text(tool), text(parameters)], text(plugin), parameters)),
    },
    http: {
      fetch: (request) =>
        result(() => {
          const plain = {
            method: text(request.method),
            url: text(request.url),
            headers: texts(request.headers),
            body: request.body,
          };
          const redirects = REDIRECT_POLICY_CASES[request.redirects];
          const answer = {
            status: request.timeoutMs & 0xffff,
            url: request.url,
            headers: request.headers,
            body: request.body,
          };
          return host.answer(['fetch', { ...plain, timeoutMs: request.timeoutMs, redirects }], plain.method, answer);
        }),
      ...NOT_COMPARED,
    },
    environmentRead: () => undefined,
    files: [],
    output: () => undefined,
  };
}

type Labels = readonly { name: string; value: string }[];
interface Fetched {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array;
  timeoutMs: number;
  redirects: string;
}

/** The same answers, for the oracle's. */
export function oracleImports(host: Host): OracleImports {
  const metric = (name: string) => (of: string, value: number, labels: Labels) => host.note(name, of, value, labels);
  const entries = (name: string) => (query: string, limit: number) =>
    host.answer([name, query, limit], query, entriesOf(query, limit));
  const bytesOf = (value: string) => Buffer.byteLength(value);
  return {
    'hal9:plugin/logging': { log: (level: string, message: string) => host.note('log', level, message) },
    'hal9:plugin/config': {
      get: (key: string) => (bytesOf(key) % 2 === 0 ? undefined : key),
      getAll: () => '{"ü": 1}',
    },
    'hal9:plugin/clock': { now: () => 2n ** 64n - 1n, monotonic: () => 2n ** 63n },
    'hal9:plugin/random': {
      bytes: (length: number) => new Uint8Array(length).fill(length),
      next: () => 2n ** 63n + 1n,
    },
    'hal9:plugin/metrics': { increment: metric('increment'), set: metric('set'), observe: metric('observe') },
    'hal9:plugin/memory': {
      get: (key: string) => host.answer(['get', key], key, bytesOf(key) % 2 === 0 ? undefined : key),
      set: (key: string, value: string) => host.answer(['set', key, value], key, undefined),
      delete: (key: string) => host.answer(['delete', key], key, bytesOf(key) % 2 === 0),
      listEntries: entries('list'),
      search: entries('search'),
    },
    'hal9:plugin/signals': { emit: (signal: OracleSignal) => host.answer(['emit', signal], signal.id, undefined) },
    'hal9:plugin/plugins': {
      callTool: (plugin: string, tool: string, parameters: string) =>
        host.answer(['call', plugin, tool, parameters], plugin, parameters),
    },
    'hal9:plugin/http': {
      fetch: (request: Fetched) => {
        const { timeoutMs, url, headers, body } = request;
        return host.answer(['fetch', request], request.method, { status: timeoutMs & 0xffff, url, headers, body });
      },
    },
  };
}

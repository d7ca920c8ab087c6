import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { GuestBounds, GuestGrants } from '../../../../src/protocol/bind.js';
import { CONTRACT_PACKAGE, CONTRACT_VERSION, type CoreType, INTERFACES } from '../../../../src/protocol/contract.js';
import { PREVIEW1, PREVIEW1_MODULE } from '../../../../src/protocol/preview1.js';
import { type Guest, type HostServices, instantiate } from '../../../../workers/abi/guest.js';
import { StandingClock } from '../../../../workers/host/clock.js';
import { SeededRandom } from '../../../../workers/host/random.js';

/** Where a result lies unless a test puts it elsewhere: zeros there are `ok` with an empty value, for every function. */
export const RESULT = 1_024;
/** Where a test may put what a result points to. */
export const ELSEWHERE = 4_096;
const HEAP = 65_536;

export interface WatGuest {
  /** Exported interfaces; all their functions are there. */
  exports?: readonly string[];
  /** `interface.function` of the contract, or a function of WASI; called in WAT as `$interface.function`. */
  imports?: readonly string[];
  /** Bodies of exported functions by `interface#function`; by default `(i32.const 1024)`. */
  bodies?: Readonly<Record<string, string>>;
  /** Body of cabi_realloc with parameters $old $size $align $new; by default memory is handed out upwards. */
  realloc?: string;
  /** Without it, no cabi_realloc. */
  withoutRealloc?: boolean;
  /** Body of every post-return function, with parameter $result. */
  post?: string;
  /** Body of `_initialize`. */
  initialize?: string;
  data?: readonly (readonly [number, Uint8Array])[];
  pages?: number;
  /** Further WAT at the module's level. */
  extra?: string;
}

export const BOUNDS: GuestBounds = {
  memoryBytes: 64 << 20,
  outputBytes: 100_000,
  outputElements: 1_000,
  hostCallBytes: 50_000,
  randomBytes: 65_536,
  logLineBytes: 100,
  logLines: { perSecond: 10 },
  logBytes: { perSecond: 10_000 },
  metrics: { names: 5, series: 10, labels: 2, labelBytes: 16, observationsPerSecond: 10 },
};

export const NO_GRANTS: GuestGrants = { time: false, random: false, env: {} };

const NOTHING = new Uint8Array(0);

/** Services that answer every import of the contract with something empty; a test replaces what it watches. */
export function emptyServices(replaced: Partial<HostServices> = {}): HostServices {
  const done = () => ({ ok: true as const, value: undefined });
  return {
    logging: { log: () => undefined },
    config: { get: () => undefined, getAll: () => NOTHING },
    metrics: { increment: () => undefined, set: () => undefined, observe: () => undefined },
    clock: new StandingClock(),
    random: new SeededRandom(BOUNDS.randomBytes, Uint32Array.of(1, 2, 3, 4)),
    metered: () => undefined,
    environmentRead: () => undefined,
    files: [],
    output: () => undefined,
    memory: {
      get: () => ({ ok: true, value: undefined }),
      set: done,
      delete: () => ({ ok: true, value: false }),
      listEntries: () => ({ ok: true, value: [] }),
      search: () => ({ ok: true, value: [] }),
    },
    signals: { emit: done },
    plugins: { callTool: () => ({ ok: true, value: NOTHING }) },
    http: {
      fetch: () => ({ ok: true, value: { status: 200, url: NOTHING, headers: [], body: NOTHING } }),
      open: () => ({ ok: true, value: { status: 200, url: NOTHING, headers: [], body: 1 } }),
      read: () => ({ ok: true, value: NOTHING }),
      close: () => undefined,
    },
    ...replaced,
  };
}

/** A live instance of a module that is put together from the options. */
export async function guestOf(wat: WatGuest, host: HostServices = emptyServices(), bounds = BOUNDS): Promise<Guest> {
  const exports = wat.exports ?? ['lifecycle'];
  return instantiate(await moduleOf(wat), { exports, bounds, grants: NO_GRANTS, host });
}

export async function moduleOf(wat: WatGuest): Promise<WebAssembly.Module> {
  return new WebAssembly.Module(await parse(textOf(wat)));
}

/** The name of an interface as core modules spell it. */
export function coreModule(name: string): string {
  return `${CONTRACT_PACKAGE}/${name}@${CONTRACT_VERSION}`;
}

function textOf({
  exports = ['lifecycle'],
  imports = [],
  bodies = {},
  data = [],
  pages = 4,
  ...wat
}: WatGuest): string {
  const parts = [
    ...imports.map(importText),
    `(memory (export "memory") ${pages})`,
    `(global $top (mut i32) (i32.const ${HEAP}))`,
    ...exports.flatMap((name) => interfaceText(name, bodies, wat.post)),
    ...data.map(([at, bytes]) => `(data (i32.const ${at}) "${escaped(bytes)}")`),
    wat.extra ?? '',
  ];
  if (!wat.withoutRealloc) parts.push(reallocText(wat.realloc));
  if (wat.initialize !== undefined) parts.push(`(func (export "_initialize") ${wat.initialize})`);
  return `(module ${parts.join('\n')})`;
}

function importText(name: string): string {
  const [ours, field] = name.split('.') as [string, string | undefined];
  const signature =
    field === undefined ? PREVIEW1.get(ours) : functionsOf(ours, 'import').find((f) => f.name === field);
  if (signature === undefined) throw new Error(`no import "${name}"`);
  const from = field === undefined ? [PREVIEW1_MODULE, ours] : [coreModule(ours), field];
  return `(import "${from[0]}" "${from[1]}" (func $${name} ${types('param', signature.params)} ${types('result', signature.results)}))`;
}

function interfaceText(name: string, bodies: Readonly<Record<string, string>>, post: string | undefined): string[] {
  return functionsOf(name, 'export').flatMap((f) => {
    const core = `${coreModule(name)}#${f.name}`;
    const body = bodies[`${name}#${f.name}`] ?? `(i32.const ${RESULT})`;
    const own = `(func (export "${core}") ${types('param', f.params)} (result i32) ${body})`;
    return [own, `(func (export "cabi_post_${core}") (param $result i32) ${post ?? ''})`];
  });
}

function functionsOf(name: string, direction: 'export' | 'import') {
  return INTERFACES.find((i) => i.name === name && i.direction === direction)?.functions ?? [];
}

function reallocText(body: string | undefined): string {
  const upwards = `
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $new)))
    (local.get $at)`;
  const parameters = '(param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)';
  return `(func $realloc (export "cabi_realloc") ${parameters} ${body ?? upwards})`;
}

function types(kind: string, list: readonly CoreType[]): string {
  return list.length === 0 ? '' : `(${kind} ${list.join(' ')})`;
}

function escaped(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Little-endian 32-bit words, as results lie in memory. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * One way to run the suite's scripts: modules as they are, metered, or with the naive meter. Answers what each command did as
 * text, and what it used, so that ways can be compared.
 */
import { HostError } from '../../src/errors.js';
import { DEFAULT_STACK_BYTES, type MeteredModule, meter } from '../../src/wasm/fuel/meter.js';
import { FUEL_EXPORTS } from '../../src/wasm/fuel/reserved.js';
import { type Fuel, fuelOf, shareFuel, type TrapReport } from '../../src/wasm/fuel/runtime.js';
import { readShape, type Shape, typeOfFunction } from '../../src/wasm/fuel/shape.js';
import { meterNaively, NAIVE_USED } from '../fuel/naive.js';
import { describeValue } from '../fuel/oracle.js';
import { bytesOf, type Execution, type Value } from './script.js';
import { callWithVectors } from './vector-call.js';

const BUDGET = 2 ** 52;

export type Way = 'plain' | 'metered' | 'naive';

export interface Done {
  /** `value …`, `trap …`, `exhaustion`, `exception`, `link`, `invalid`, `ok`. */
  readonly outcome: string;
  readonly used: number;
  /** Whether `used` is exact; else it is an upper bound. */
  readonly exact: boolean;
}

/** A module that this way, or this engine, does not take: what depends on it is skipped. */
export class NotAccepted extends Error {
  override readonly name = 'NotAccepted';
}

interface Loaded {
  readonly instance: WebAssembly.Instance;
  readonly shape: Shape;
  readonly fuel: Fuel | undefined;
  readonly metering: MeteredModule | undefined;
}

export class World {
  readonly #way: Way;
  /** With shared globals, modules that import from each other have one counter. */
  readonly #shared: { fuel: Fuel; imports: WebAssembly.Imports } | undefined;
  readonly #registry: Record<string, Record<string, unknown>>;
  readonly #named = new Map<string, Loaded | undefined>();
  readonly #definitions = new Map<string, Uint8Array>();
  readonly #counters: WebAssembly.Global[] = [];
  /** A module failed to instantiate after parts of it had been put into tables: its naive counter is out of reach. */
  lostCounter = false;
  #current: Loaded | undefined;
  #active: Loaded | undefined;

  constructor(way: Way, sharesGlobals: boolean) {
    this.#way = way;
    this.#shared = way === 'metered' && sharesGlobals ? shareFuel(DEFAULT_STACK_BYTES) : undefined;
    this.#registry = { spectest: spectest() };
  }

  define(id: string | null | undefined, wasm: string): void {
    this.#definitions.set(id ?? '', bytesOf(wasm));
  }

  instantiateDefinition(module: string | null | undefined, id: string | null | undefined): Done {
    return this.instantiate(this.#definitions.get(module ?? '') ?? new Uint8Array(), id, true);
  }

  /** Loads a module; with `keep`, it becomes the current one. */
  instantiate(bytes: Uint8Array, id: string | null | undefined, keep: boolean): Done {
    if (keep) {
      this.#current = undefined;
      if (id !== null && id !== undefined) this.#named.set(id, undefined);
    }
    const code = this.#compile(bytes);
    const done = this.#measure(() => {
      const loaded = this.#instantiate(bytes, code);
      if (!keep) return 'ok';
      this.#current = loaded;
      if (id !== null && id !== undefined) this.#named.set(id, loaded);
      return 'ok';
    }, true);
    return done;
  }

  register(name: string, id: string | null | undefined): void {
    const loaded = this.#find(id);
    this.#registry[name] = { ...loaded.instance.exports };
  }

  execute(exec: Execution): Done {
    if (exec.wasm !== undefined) return this.instantiate(bytesOf(exec.wasm), undefined, false);
    const loaded = this.#find(exec.id);
    this.#active = loaded;
    if (exec.get !== undefined) {
      const global = loaded.instance.exports[exec.get] as WebAssembly.Global;
      return this.#measure(() => `value ${readGlobal(global)}`);
    }
    return this.#measure(() => this.#call(loaded, exec.call as string, exec.args ?? []));
  }

  #find(id: string | null | undefined): Loaded {
    const loaded = id === null || id === undefined ? this.#current : this.#named.get(id);
    if (loaded === undefined) throw new NotAccepted('its module was not accepted');
    return loaded;
  }

  #compile(bytes: Uint8Array): { module: WebAssembly.Module; metering: MeteredModule | undefined } {
    try {
      readShape(bytes);
      if (this.#way === 'plain') return { module: new WebAssembly.Module(bytes), metering: undefined };
      if (this.#way === 'naive') return { module: new WebAssembly.Module(meterNaively(bytes)), metering: undefined };
      const metering = meter(bytes, { globals: this.#shared === undefined ? 'own' : 'imported' });
      return { module: new WebAssembly.Module(metering.bytes), metering };
    } catch (error) {
      if (error instanceof WebAssembly.CompileError && this.#way === 'plain')
        throw new NotAccepted('the engine does not accept it');
      if (error instanceof HostError && !WebAssembly.validate(bytes))
        throw new NotAccepted('the engine does not accept it');
      if (error instanceof HostError) throw new NotAccepted(`refused: ${error.message}`);
      throw error;
    }
  }

  #instantiate(bytes: Uint8Array, code: { module: WebAssembly.Module; metering: MeteredModule | undefined }): Loaded {
    const shape = readShape(bytes);
    const imports = { ...this.#registry, ...this.#shared?.imports };
    const instance = new WebAssembly.Instance(code.module, imports);
    const { metering } = code;
    const fuel = metering === undefined ? undefined : (this.#shared?.fuel ?? fuelOf(instance.exports));
    const loaded = { instance, shape, fuel, metering };
    this.#active = loaded;
    const naive = instance.exports[NAIVE_USED];
    if (naive !== undefined) this.#counters.push(naive as WebAssembly.Global);
    fuel?.begin(BUDGET);
    if (metering?.start !== undefined) (instance.exports[metering.start] as () => void)();
    return loaded;
  }

  #call(loaded: Loaded, name: string, args: readonly Value[]): string {
    const exported = loaded.instance.exports[name];
    const entry = loaded.shape.exports.find((candidate) => candidate.name === name && candidate.kind === 0);
    if (entry !== undefined) {
      const { bytes } = loaded.shape;
      const type = typeOfFunction(loaded.shape, entry.index);
      const params = bytes.subarray(type.paramsStart, type.paramsEnd);
      const results = bytes.subarray(type.resultsStart, type.resultsEnd);
      if (params.includes(0x7b) || results.includes(0x7b)) {
        const values = callWithVectors(exported, params, results, args);
        if (values === undefined) throw new NotAccepted('vectors and references in one signature');
        return `value ${values.join(' ')}`;
      }
    }
    return `value ${describeReference((exported as (...values: unknown[]) => unknown)(...args.map(toJs)))}`;
  }

  #measure(work: () => string, loads = false): Done {
    const fuel = (): Fuel | undefined => this.#shared?.fuel ?? this.#active?.fuel;
    fuel()?.begin(BUDGET);
    const before = this.#counted();
    let outcome: string;
    let report: TrapReport | undefined;
    try {
      outcome = work();
    } catch (error) {
      const metering = this.#active?.metering;
      report = metering === undefined ? undefined : fuel()?.explain(error, metering.offsets);
      outcome = describeError(error, report);
      if (loads) this.lostCounter = true;
      this.#repair();
    }
    const exact = report === undefined ? outcome !== 'exhaustion' : report.exact;
    const used = this.#way === 'naive' ? this.#counted() - before : (report?.usedAtMost ?? fuel()?.used() ?? 0);
    return { outcome, used, exact };
  }

  /** The suite goes on with instances that have trapped, which a server must not. */
  #repair(): void {
    const stack = this.#active?.instance.exports[FUEL_EXPORTS.stack] ?? this.#shared?.imports['hal9:fuel']?.['stack'];
    if (stack !== undefined) (stack as WebAssembly.Global).value = DEFAULT_STACK_BYTES;
  }

  #counted(): number {
    return this.#counters.reduce((sum, counter) => sum + Number(counter.value as bigint), 0);
  }
}

function spectest(): Record<string, unknown> {
  const nothing = (): void => undefined;
  return {
    print: nothing,
    print_i32: nothing,
    print_i64: nothing,
    print_f32: nothing,
    print_f64: nothing,
    print_i32_f32: nothing,
    print_f64_f64: nothing,
    global_i32: new WebAssembly.Global({ value: 'i32' }, 666),
    global_i64: new WebAssembly.Global({ value: 'i64' }, 666n),
    global_f32: new WebAssembly.Global({ value: 'f32' }, 666.6),
    global_f64: new WebAssembly.Global({ value: 'f64' }, 666.6),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  };
}

/** Host references are objects that are the same for the same number. */
const REFERENCES = new Map<string, { readonly reference: string }>();

function toJs([type, text]: Value): unknown {
  const bits = text as string;
  const view = new DataView(new ArrayBuffer(8));
  switch (type) {
    case 'i32':
      return Number(bits) | 0;
    case 'i64':
      return BigInt.asIntN(64, BigInt(bits));
    case 'f32':
      view.setUint32(0, Number(bits));
      return view.getFloat32(0);
    case 'f64':
      view.setBigUint64(0, BigInt(bits));
      return view.getFloat64(0);
    case 'null':
      return null;
    default: {
      const known = REFERENCES.get(bits) ?? { reference: bits };
      REFERENCES.set(bits, known);
      return known;
    }
  }
}

function readGlobal(global: WebAssembly.Global): string {
  try {
    return describeReference(global.value);
  } catch (error) {
    // Vectors and exception references cannot be read by JavaScript.
    return `unreadable ${String(error)}`;
  }
}

function describeReference(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(describeReference).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    return 'reference' in value ? `host ${String(value.reference)}` : 'object';
  }
  return describeValue(value);
}

function describeError(error: unknown, report: TrapReport | undefined): string {
  if (error instanceof NotAccepted) throw error;
  if (report?.kind === 'fuel') return 'out of fuel';
  if (report?.kind === 'stack' || error instanceof RangeError) return 'exhaustion';
  if (error instanceof WebAssembly.RuntimeError) return `trap ${error.message}`;
  if (error instanceof WebAssembly.Exception) return 'exception';
  // An import that is not there at all is a TypeError.
  if (error instanceof WebAssembly.LinkError || error instanceof TypeError) return 'link';
  throw error;
}

import { stands } from '../../src/protocol/defences.js';
import { withAllBehind } from './byte-copies.js';
import type { FuelMeter } from './fuel-meter.js';
import { LiftedCopies } from './lifted-copies.js';
import { GuestExit, GuestViolation, OutOfFuel, OutputLimitExceeded } from './violation.js';

/** Functions of one import module, by field. */
export type CoreFunctions = Readonly<Record<string, (...core: never[]) => unknown>>;

/** Bounds on what one crossing hands out, lifted. */
export interface LiftBounds {
  /** What an export returns. */
  readonly outputBytes: number;
  readonly outputElements: number;
  /** What a guest hands to one host call. */
  readonly hostCallBytes: number;
}

type Realloc = (oldPointer: number, oldSize: number, align: number, size: number) => number;
type PostReturn = (pointer: number) => void;

/** Up to this many bytes a loop is faster than a call into the runtime (Node 20: 30 ns). */
const SHORT_LOWERED_BYTES = 8;
/** What an element of a list costs at least, and what each string in it costs besides its bytes: both are objects of ours. */
const ELEMENT_COST = 16;
const LEAF_COST = 64;

/** Where the instance stands. Only IDLE may be entered; only RUNNING may call the host by the contract. */
const IDLE = 0;
const RUNNING = 1;
const ALLOCATING = 2;
const POSTING = 3;
const DEAD = 4;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/**
 * One instance as the generated bindings see it: its memory, its allocator, the budget of the crossing under way, and
 * whether it may be entered. Every pointer and length is taken as an unsigned 32-bit number and checked before use
 * (canonical ABI, `CanonicalABI.md`, "Loading" and "Storing"); what breaks the rules throws GuestViolation, and the
 * instance is dead from then on, even when the guest catches it.
 *
 * Views of the memory are kept. Growing a memory detaches its buffer, and a detached view has length 0: so the views are
 * renewed wherever guest code has run and the length is 0.
 */
export class GuestCore {
  /** The memory's bytes; renewed when the memory has grown. */
  u8: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  /** Counts the fuel, where the module was metered. */
  #meter: FuelMeter | undefined;
  #exports: WebAssembly.Exports | undefined;
  #memory: WebAssembly.Memory | undefined;
  #realloc: Realloc | undefined;
  #state = RUNNING;
  #fault: unknown;
  #bytesLeft = 0;
  #elementsLeft = 0;
  /** What the host call under way may still cost; no bound while a result is lifted, since the call's end decides then. */
  #fuelLeft = Infinity;
  readonly #copies = new LiftedCopies();
  readonly #bounds: LiftBounds;

  constructor(bounds: LiftBounds) {
    this.#bounds = bounds;
  }

  /** Takes the exports of the instance. Until then a call of the host is a violation: its memory is not known. */
  attach(exports: WebAssembly.Exports, meter?: FuelMeter): void {
    this.#meter = meter;
    this.#exports = exports;
    if (!(exports['memory'] instanceof WebAssembly.Memory)) throw new GuestViolation('the module exports no memory');
    this.#memory = exports['memory'];
    const realloc = exports['cabi_realloc'];
    if (typeof realloc === 'function') this.#realloc = realloc as Realloc;
    this.renew();
  }

  /** Ends the time before the first call, which began with the constructor. */
  ready(): void {
    if (this.#state !== RUNNING) throw this.#fault;
    if (this.#meter?.isOut === true) throw new OutOfFuel();
    this.#state = IDLE;
  }

  get memoryBytes(): number {
    return this.#memory?.buffer.byteLength ?? 0;
  }

  /** An export that the contract asks for. */
  function(name: string): unknown {
    const found = this.#exports?.[name];
    if (typeof found !== 'function') throw new GuestViolation(`the module exports no function "${name}"`);
    return found;
  }

  /** The function that frees what `name` returned, where the module has one. */
  postReturn(name: string): PostReturn | undefined {
    const found = this.#exports?.[`cabi_post_${name}`];
    return typeof found === 'function' ? (found as PostReturn) : undefined;
  }

  // Crossings.

  /** Before an export is called, and before its arguments are lowered. */
  enter(): void {
    if (this.#state !== IDLE && stands('discard')) throw this.#ended();
    this.#state = RUNNING;
    if (this.u8.length === 0) this.renew();
  }

  /** After an export returned: the checked address of its result. */
  returned(pointer: number, size: number, align: number): number {
    if (this.#state !== RUNNING) throw this.#fault;
    if (this.u8.length === 0) this.renew();
    this.#bytesLeft = this.#bounds.outputBytes;
    this.#elementsLeft = this.#bounds.outputElements;
    this.#fuelLeft = Infinity;
    this.#copies.beginResult();
    return this.area(pointer, size, align, 'result');
  }

  /** After the result was lifted: lets the guest free it. */
  leave(post: PostReturn | undefined, pointer: number): void {
    if (post !== undefined) {
      this.#state = POSTING;
      post(pointer);
      if (this.#state !== POSTING) throw this.#fault;
      if (this.u8.length === 0) this.renew();
    }
    this.#state = IDLE;
  }

  /** At the start of every function that the contract lets a guest call. What is lifted in it is valid until the next one. */
  enterHost(): void {
    if (this.#state !== RUNNING && !(this.#state === ALLOCATING && !stands('re-entrance'))) throw this.#refusedCall();
    if (this.u8.length === 0) this.renew();
    this.#takeStock();
    this.#bytesLeft = this.#bounds.hostCallBytes;
    this.#elementsLeft = this.#bounds.outputElements;
    this.#copies.beginHostCall();
  }

  /**
   * At the start of every function of WASI. These are plain functions, not lowered by the canonical ABI: a guest's allocator may
   * call them (Go's reads the clock, Rust's prints why it fails).
   */
  enterWasi(): void {
    if (this.#state === DEAD || this.#state === IDLE) throw this.#refusedCall();
    if (this.u8.length === 0) this.renew();
    this.#takeStock();
  }

  /** A call of the host begins: it has no effect when the fuel does not last for it. */
  #takeStock(): void {
    if (this.#meter === undefined) return;
    this.#fuelLeft = this.#meter.left;
    if (this.#fuelLeft < 0) throw this.failed(new OutOfFuel());
  }

  /** So many bytes pass between the guest's memory and the host, by WASI's functions. */
  crossed(bytes: number): void {
    this.#meter?.crossed(bytes);
    this.#fuelLeft -= bytes;
    if (this.#fuelLeft < 0) throw this.failed(new OutOfFuel());
  }

  /** A host function failed: what it threw, after which the instance is dead whatever the guest catches. */
  failed(error: unknown): unknown {
    if (error instanceof GuestExit && !stands('exit')) return error;
    if (this.#state !== DEAD) {
      this.#state = DEAD;
      this.#fault = error;
    }
    return this.#fault;
  }

  #ended(): unknown {
    return this.#fault ?? new GuestViolation('the instance ended in an earlier call');
  }

  #refusedCall(): unknown {
    if (this.#state === ALLOCATING) return this.failed(new GuestViolation('cabi_realloc called the host'));
    if (this.#state === POSTING) return this.failed(new GuestViolation('a post-return function called the host'));
    return this.#fault ?? new GuestViolation('the host was called while no call is under way');
  }

  renew(): void {
    // During the module's start function nothing is exported yet.
    if (this.#memory === undefined)
      throw this.failed(new GuestViolation('the host was called before the module was set up'));
    this.u8 = new Uint8Array(this.#memory.buffer);
    this.view = new DataView(this.#memory.buffer);
  }

  /** The checked address of `size` bytes in the guest's memory. */
  area(pointer: number, size: number, align: number, what = 'pointer'): number {
    const start = pointer >>> 0;
    if (!stands('pointers')) return start;
    if ((start & (align - 1)) !== 0) throw new GuestViolation(`${what}: ${start} is not aligned to ${align} bytes`);
    if (start + size > this.u8.length) throw this.#outside(what, start, size);
    return start;
  }

  // Lowering.

  /** Room in the guest's memory, from its own allocator. */
  allocate(size: number, align: number): number {
    if (this.#realloc === undefined) throw new GuestViolation('the module exports no cabi_realloc');
    this.#meter?.crossed(size);
    this.#state = ALLOCATING;
    const pointer = this.#realloc(0, 0, align, size) >>> 0;
    if (this.#state !== ALLOCATING) throw this.#fault;
    this.#state = RUNNING;
    if (this.u8.length === 0) this.renew();
    if (!stands('pointers')) return pointer;
    if ((pointer & (align - 1)) !== 0)
      throw new GuestViolation(`cabi_realloc: ${pointer} is not aligned to ${align} bytes`);
    if (pointer + size > this.u8.length) {
      throw new GuestViolation(
        `cabi_realloc: ${size} bytes at ${pointer} are outside the memory of ${this.u8.length} bytes`,
      );
    }
    return pointer;
  }

  /** Copies bytes into the guest's memory; returns where they are. */
  lower(bytes: Uint8Array): number {
    const size = bytes.length;
    const pointer = this.allocate(size, 1);
    const memory = this.u8;
    if (!stands('exact-slices')) memory.set(withAllBehind(bytes, memory.length - pointer), pointer);
    else if (size > SHORT_LOWERED_BYTES) memory.set(bytes, pointer);
    else for (let i = 0; i < size; i++) memory[pointer + i] = bytes[i] as number;
    return pointer;
  }

  storePair(at: number, pointer: number, length: number): void {
    this.view.setUint32(at, pointer, true);
    this.view.setUint32(at + 4, length, true);
  }

  // Lifting.

  /** Copies a string's bytes out; throws unless they are UTF-8. */
  string(pointer: number, length: number): Uint8Array {
    const start = this.#charged(pointer, length, 'string');
    const copy = this.#copies.text(this.view, start, length >>> 0);
    if (copy === undefined) throw new GuestViolation('a string is not UTF-8');
    return copy;
  }

  /** Copies a `list<u8>` out. */
  bytes(pointer: number, length: number): Uint8Array {
    const start = this.#charged(pointer, length, 'list of bytes');
    return this.#copies.bytes(this.view, start, length >>> 0);
  }

  /**
   * The checked address of a list's elements.
   * @param leaves strings and lists in each element: what they are once lifted counts too
   */
  list(pointer: number, length: number, size: number, align: number, leaves: number): number {
    const count = length >>> 0;
    this.#elementsLeft -= count;
    if (this.#elementsLeft < 0 && stands('output-budget'))
      throw new OutputLimitExceeded(`more list elements than the guest may hand out (${count} more)`);
    this.#charge(count * (ELEMENT_COST + LEAF_COST * leaves));
    return this.area(pointer, count * size, align, 'list');
  }

  /** A discriminant in range. */
  oneOf(index: number, cases: number, name: string): number {
    if (index >>> 0 >= cases && stands('discriminants'))
      throw new GuestViolation(`${name}: case ${index >>> 0} of ${cases}`);
    return index;
  }

  #charged(pointer: number, length: number, what: string): number {
    const start = pointer >>> 0;
    const size = length >>> 0;
    if (start + size > this.u8.length && stands('pointers')) throw this.#outside(what, start, size);
    this.#charge(size);
    return start;
  }

  #charge(bytes: number): void {
    this.#bytesLeft -= bytes;
    this.#fuelLeft -= bytes;
    this.#meter?.crossed(bytes);
    if (this.#fuelLeft < 0) throw this.failed(new OutOfFuel());
    if (this.#bytesLeft < 0 && stands('output-budget'))
      throw new OutputLimitExceeded(`more bytes than the guest may hand out (${-this.#bytesLeft} more)`);
  }

  #outside(what: string, start: number, size: number): GuestViolation {
    return new GuestViolation(`${what}: ${size} bytes at ${start} are outside the memory of ${this.u8.length} bytes`);
  }
}

import type { Metering } from '../../src/protocol/bind.js';
import { type Fuel, fuelOf, type TrapReport } from '../../src/wasm/fuel/runtime.js';
import { DYNAMIC } from '../../src/wasm/fuel/weights.js';

/**
 * The fuel of one instance. What the host copies into and out of the guest's memory is charged too: it is added up here, and
 * taken from the guest's counter before guest code runs again, so that a call of the host costs one access to the counter.
 */
export class FuelMeter {
  readonly #fuel: Fuel;
  readonly #offsets: Metering['offsets'];
  #pending = 0;

  constructor(exports: WebAssembly.Exports, { offsets }: Metering) {
    this.#fuel = fuelOf(exports);
    this.#offsets = offsets;
  }

  /** Sets the budget, before a call. */
  begin(budget: number): void {
    this.#pending = 0;
    this.#fuel.begin(budget);
  }

  /** So many bytes were copied into or out of the guest's memory. */
  crossed(bytes: number): void {
    this.#pending += bytes * DYNAMIC.crossedByte;
  }

  /** So much was used for the call under way elsewhere: it is gone at once. */
  spend(fuel: number): void {
    this.#pending += fuel;
    this.settle();
  }

  /** Takes what was added up from the guest's counter. */
  settle(): void {
    if (this.#pending === 0) return;
    this.#fuel.charge(this.#pending);
    this.#pending = 0;
  }

  /** Negative when more was used than there was. */
  get left(): number {
    this.settle();
    return this.#fuel.left();
  }

  get used(): number {
    this.settle();
    return this.#fuel.used();
  }

  get isOut(): boolean {
    this.settle();
    return this.#fuel.isOut();
  }

  /** What an error that came out of the guest means; its stack must not have been looked at. */
  explain(error: unknown): TrapReport {
    this.settle();
    return this.#fuel.explain(error, this.#offsets);
  }
}

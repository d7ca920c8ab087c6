import type { Metering } from '../../src/protocol/bind.js';
import { FUEL_EXPORTS } from '../../src/wasm/fuel/reserved.js';
import { DYNAMIC } from '../../src/wasm/fuel/weights.js';
import { connectHooks } from '../../src/wasm/profile/hooks.js';
import { FuelMeter } from '../abi/fuel-meter.js';
import { Recorder } from './recorder.js';

/** Below every budget, and far enough from the end of an i64 that no charge wraps around. */
const STOPPED = -(2n ** 62n);

/** The meter of an instance of a profiled module: what the host charges is told to the recorder as well. */
export class ProfilingMeter extends FuelMeter {
  readonly recorder: Recorder;
  #unsettled = 0;

  constructor(exports: WebAssembly.Exports, metering: Metering) {
    super(exports, metering);
    const left = exports[FUEL_EXPORTS.left] as WebAssembly.Global;
    this.recorder = new Recorder(() => {
      left.value = STOPPED;
    });
    connectHooks(exports, this.recorder);
  }

  override begin(budget: number): void {
    super.begin(budget);
    this.#unsettled = 0;
    this.recorder.begin(budget);
  }

  override crossed(bytes: number): void {
    super.crossed(bytes);
    const amount = bytes * DYNAMIC.crossedByte;
    if (amount === 0) return;
    this.#unsettled += amount;
    this.recorder.copied(amount);
  }

  override settle(): void {
    super.settle();
    if (this.#unsettled === 0) return;
    this.recorder.settled(this.#unsettled);
    this.#unsettled = 0;
  }

  /** After a call: tells the recorder what has not been told yet. */
  end(): void {
    this.recorder.end(this.left);
  }
}

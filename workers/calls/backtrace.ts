import type { TrapReport } from '../../src/wasm/fuel/runtime.js';
import { readFunctionNames } from '../../src/wasm/function-names.js';

/** Frames that a caller is shown; the innermost tell what happened. */
const MAX_FRAMES = 32;

/** One frame of the guest, as the caller gets it. */
export interface Frame {
  /** From the module's name section, as it is there; absent where it names none. */
  function?: string;
  index: number;
  /** Byte offset in the module as it was brought; absent in what metering added. */
  offset?: number;
}

/** Backtraces of one module's traps. Its names are read with the first. */
export class Backtraces {
  readonly #module: WebAssembly.Module;
  #names: ReadonlyMap<number, string> | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** Innermost first; undefined where there are no frames. */
  of(report: TrapReport | undefined): Frame[] | undefined {
    if (report === undefined || report.frames.length === 0) return undefined;
    this.#names ??= this.#readNames();
    return report.frames.slice(0, MAX_FRAMES).map(({ functionIndex, offset }) => {
      const name = this.#names?.get(functionIndex);
      const frame: Frame = { index: functionIndex };
      if (name !== undefined) frame.function = name;
      if (offset !== undefined) frame.offset = offset;
      return frame;
    });
  }

  #readNames(): ReadonlyMap<number, string> {
    const [section] = WebAssembly.Module.customSections(this.#module, 'name');
    return section === undefined ? new Map<number, string>() : readFunctionNames(new Uint8Array(section));
  }
}

import { demangle } from '../../src/wasm/demangle/demangle.js';
import type { TrapReport } from '../../src/wasm/fuel/runtime.js';
import { readFunctionNames } from '../../src/wasm/function-names.js';

/** Frames that a caller is shown; the innermost tell what happened. */
const MAX_FRAMES = 32;
/** Frames of ours that may stand above the guest's where a call of the host ended it. */
const HOST_FRAMES = 8;

/** One frame of the guest, as the caller gets it. */
export interface Frame {
  /** From the module's name section, as it stands in the source; absent where the section names none. */
  function?: string;
  index: number;
  /** Byte offset in the module as it was brought. */
  offset: number;
}

/** Backtraces of one module's traps. Its names are read with the first. From then on this thread's errors keep as many frames. */
export class Backtraces {
  readonly #module: WebAssembly.Module;
  #names: ReadonlyMap<number, string> | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    Error.stackTraceLimit = Math.max(Error.stackTraceLimit, MAX_FRAMES + HOST_FRAMES);
  }

  /** Innermost first; undefined where there are no frames. */
  of(report: Pick<TrapReport, 'frames'> | undefined): Frame[] | undefined {
    // No code of the guest's stands at byte 0, nor in the functions that metering added.
    const frames = report?.frames.filter(({ offset = 0 }) => offset > 0) ?? [];
    if (frames.length === 0) return undefined;
    this.#names ??= this.#readNames();
    return frames.slice(0, MAX_FRAMES).map(({ functionIndex, offset = 0 }) => {
      const name = this.#names?.get(functionIndex);
      const frame: Frame = { index: functionIndex, offset };
      return name === undefined ? frame : { function: demangle(name), ...frame };
    });
  }

  #readNames(): ReadonlyMap<number, string> {
    const [section] = WebAssembly.Module.customSections(this.#module, 'name');
    return section === undefined ? new Map<number, string>() : readFunctionNames(new Uint8Array(section));
  }
}

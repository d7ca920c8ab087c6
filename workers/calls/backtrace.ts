import { demangle } from '../../src/wasm/demangle/demangle.js';
import type { TrapReport } from '../../src/wasm/fuel/runtime.js';
import { readFunctionNames } from '../../src/wasm/function-names.js';
import { type Foldable, foldFrames } from './fold-frames.js';

/** Frames that a caller is shown, each repetition once; the innermost tell what happened. */
const MAX_FRAMES = 32;
/** Frames that are looked at, so that what recursion began from is seen too: about 1 ms. */
const MAX_DEPTH = 1_000;
/** Frames of ours that may stand above the guest's where a call of the host ended it. */
const HOST_FRAMES = 8;

/** One frame of the guest, as the caller gets it. */
export interface Frame extends Foldable {
  /** From the module's name section, as it stands in the source; absent where the section names none. */
  function?: string;
  index: number;
  /** Byte offset in the module as it was brought. */
  offset: number;
  /** Of the last one: there are more further out, which were not looked at. */
  further?: true;
}

/** Backtraces of one module's traps. Its names are read with the first. From then on this thread's errors keep as many frames. */
export class Backtraces {
  readonly #module: WebAssembly.Module;
  #names: ReadonlyMap<number, string> | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
    Error.stackTraceLimit = Math.max(Error.stackTraceLimit, MAX_DEPTH + HOST_FRAMES);
  }

  /** Innermost first, as far as it was looked; undefined where there are no frames. */
  of(report: Pick<TrapReport, 'frames'> | undefined): Frame[] | undefined {
    // No code of the guest's stands at byte 0, nor in the functions that metering added.
    const frames = report?.frames.filter(({ offset = 0 }) => offset > 0) ?? [];
    if (frames.length === 0) return undefined;
    this.#names ??= this.#readNames();
    const places = frames.map(({ functionIndex, offset = 0 }): Frame => ({ index: functionIndex, offset }));
    const folded = foldFrames(places, isSamePlace, MAX_FRAMES + 1);
    const shown = folded.slice(0, MAX_FRAMES);
    const last = shown.at(-1);
    if (last !== undefined && (folded.length > MAX_FRAMES || places.length >= MAX_DEPTH)) last.further = true;
    return shown.map((frame) => {
      const name = this.#names?.get(frame.index);
      return name === undefined ? frame : { function: demangle(name), ...frame };
    });
  }

  #readNames(): ReadonlyMap<number, string> {
    const [section] = WebAssembly.Module.customSections(this.#module, 'name');
    return section === undefined ? new Map<number, string>() : readFunctionNames(new Uint8Array(section));
  }
}

function isSamePlace(one: Frame, other: Frame): boolean {
  return one.index === other.index && one.offset === other.offset;
}

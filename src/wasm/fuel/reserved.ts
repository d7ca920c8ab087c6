/** Names that belong to metering: no plugin may import from or export under them, so that none can pose as the counter. */

import { HostError } from '../../errors.js';
import type { Shape } from './shape.js';

/** The module that metered modules import the globals from where several of them share one budget. */
export const RESERVED_MODULE = 'hal9:fuel';
const RESERVED_EXPORT_PREFIX = 'hal9:fuel/';

/** Exports of a metered module; without the prefix, also the names under which shared globals are imported. */
export const FUEL_EXPORTS = {
  /** Mutable i64: the fuel that is left. */
  left: 'hal9:fuel/left',
  /** Mutable i32: the bytes of stack that are left, as frames are counted. */
  stack: 'hal9:fuel/stack',
  /** Mutable i32: what has happened to growth, STATE below. */
  state: 'hal9:fuel/state',
  /** The start function, which the host calls once right after instantiation. */
  start: 'hal9:fuel/start',
} as const;

/** Bits of the state global. It is cleared when the host calls an export with nothing of the guest on the stack. */
export const STATE = {
  /** A memory.grow or table.grow was refused because it passed the maximum. */
  growthRefused: 1,
  /** The engine failed to grow a memory or table although its maximum allows it: a fault of the host. The guest was stopped. */
  growthFailed: 2,
} as const;

/** @throws HostError MODULE_INVALID where the module uses a reserved name */
export function refuseReservedNames(shape: Shape): void {
  for (const { module, name } of shape.imports) {
    if (module === RESERVED_MODULE || module.startsWith(RESERVED_EXPORT_PREFIX))
      throw reserved('imports', `${module} ${name}`);
  }
  for (const { name } of shape.exports) {
    if (name.startsWith(RESERVED_EXPORT_PREFIX)) throw reserved('exports', name);
  }
}

function reserved(verb: string, name: string): HostError {
  return new HostError(
    'MODULE_INVALID',
    `the WebAssembly module ${verb} ${JSON.stringify(name)}: names that begin with "${RESERVED_MODULE}" belong to the host's metering`,
  );
}

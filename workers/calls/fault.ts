/**
 * What a guest did that ended its call, told from what it threw: a trap of WebAssembly, a violation of the contract found by
 * the bindings, a limit, an exit. Anything else is a fault of ours. Nothing here reads a message's text but for the
 * engine's own traps, which have no code.
 */
import type { LimitName } from '../../src/protocol/outcomes.js';
import type { TrapReport } from '../../src/wasm/fuel/runtime.js';
import { type Guest, GuestExit, GuestViolation, OutOfFuel, OutputLimitExceeded } from '../abi/guest.js';

export interface Fault {
  type: 'trap' | 'limit' | 'host-bug';
  limit: LimitName;
  message: string;
  /** For the log alone: what went wrong in the server. */
  internal?: string;
  /** Where the engine stopped the guest, and what it says about the fuel. */
  report?: TrapReport;
  /** Where the guest was when a call of the host ended it. */
  hostCall?: Pick<TrapReport, 'frames'>;
}

/** Callers learn that it was not their fault; the log says more. */
const hostBug = (internal: string): Fault => ({
  type: 'host-bug',
  limit: 'none',
  message: 'the server failed; its log says more',
  internal,
});

const trap = (message: string): Fault => ({ type: 'trap', limit: 'none', message });
const limit = (name: LimitName, message: string): Fault => ({ type: 'limit', limit: name, message });

/** What is known besides the error. */
interface Circumstances {
  guest?: Pick<Guest, 'explain' | 'outOfFuel'>;
  /** The guest's memory stands at its bound. */
  memoryFull?: boolean;
}

/** A guest that is out of fuel is that first: then nothing else depends on where the counter is looked at. */
export function describeFault(error: unknown, { guest, memoryFull = false }: Circumstances = {}): Fault {
  // What the engine throws says where it was thrown, as long as nobody has looked at its stack.
  const report = isOfEngine(error) ? guest?.explain(error) : undefined;
  const fault =
    guest?.outOfFuel === true
      ? outOfFuel(error)
      : (explained(report) ?? described(error, report?.growthRefused ?? memoryFull));
  if (report !== undefined) return { ...fault, report };
  const hostCall = isOfHost(error) ? guest?.explain(error) : undefined;
  return hostCall === undefined ? fault : { ...fault, hostCall };
}

/** What we throw to end a guest, from below it where it was calling the host. */
function isOfHost(error: unknown): boolean {
  return [OutOfFuel, GuestViolation, GuestExit, OutputLimitExceeded].some((kind) => error instanceof kind);
}

/** What stopped the guest may say where; a trap does by its frames. */
const outOfFuel = (error: unknown): Fault =>
  limit('fuel', (error instanceof OutOfFuel ? error : new OutOfFuel()).message);

const stackExhausted = (): Fault => limit('stack', 'the guest used up its call stack');

function isOfEngine(error: unknown): boolean {
  return (
    error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof WebAssembly.Exception
  );
}

/** What metering can tell: undefined for a trap of the guest's own. */
function explained(report: TrapReport | undefined): Fault | undefined {
  switch (report?.kind) {
    case 'fuel':
      return outOfFuel(undefined);
    case 'stack':
      return stackExhausted();
    case 'growth-failed':
      return hostBug('the engine could not grow a memory that may grow');
    default:
      return undefined;
  }
}

function described(error: unknown, memoryFull: boolean): Fault {
  if (error instanceof OutOfFuel) return outOfFuel(error);
  if (error instanceof OutputLimitExceeded) return limit('output', error.message);
  if (error instanceof GuestExit) return trap(`the guest ended itself with exit code ${error.code}`);
  if (error instanceof GuestViolation) return trap(`the guest broke the contract: ${error.message}`);
  if (error instanceof WebAssembly.RuntimeError) {
    if (memoryFull) return limit('memory', 'the guest used up its memory and trapped');
    return trap(`the guest trapped: ${error.message}`);
  }
  if (error instanceof WebAssembly.Exception) return trap('the guest threw an exception that it did not catch');
  // V8 reports an exhausted stack as a RangeError, in wasm frames too.
  if (error instanceof RangeError && error.message === 'Maximum call stack size exceeded') return stackExhausted();
  return hostBug(error instanceof Error ? error.stack || error.message : String(error));
}

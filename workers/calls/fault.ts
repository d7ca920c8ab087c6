/**
 * What a guest did that ended its call, told from what it threw: a trap of WebAssembly, a violation of the contract found by
 * the bindings, a limit, an exit. Anything else is a fault of ours. Nothing here reads a message's text but for the
 * engine's own traps, which have no code.
 */
import type { LimitName } from '../../src/protocol/outcomes.js';
import { GuestExit, GuestViolation, OutputLimitExceeded } from '../abi/guest.js';

export interface Fault {
  type: 'trap' | 'limit' | 'host-bug';
  limit: LimitName;
  message: string;
}

const trap = (message: string): Fault => ({ type: 'trap', limit: 'none', message });
const limit = (name: LimitName, message: string): Fault => ({ type: 'limit', limit: name, message });

/** @param memoryFull whether the guest's memory stands at its bound: then a trap is what its allocator made of that. */
export function describeFault(error: unknown, memoryFull = false): Fault {
  if (error instanceof OutputLimitExceeded) return limit('output', error.message);
  if (error instanceof GuestExit) return trap(`the guest ended itself with exit code ${error.code}`);
  if (error instanceof GuestViolation) return trap(`the guest broke the contract: ${error.message}`);
  if (error instanceof WebAssembly.RuntimeError) {
    if (memoryFull) return limit('memory', 'the guest used up its memory and trapped');
    return trap(`the guest trapped: ${error.message}`);
  }
  if (error instanceof WebAssembly.Exception) return trap('the guest threw an exception that it did not catch');
  // V8 reports an exhausted stack as a RangeError, in wasm frames too.
  if (error instanceof RangeError && error.message === 'Maximum call stack size exceeded') {
    return limit('stack', 'the guest used up its call stack');
  }
  return {
    type: 'host-bug',
    limit: 'none',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

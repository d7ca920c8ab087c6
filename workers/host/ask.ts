import type { HostOperation, ReceivedAnswer } from '../../src/protocol/host-calls.js';
import { ERROR_CODE } from '../../src/protocol/outcomes.js';
import type { PluginError } from '../abi/generated/types.js';
import type { Result } from '../abi/result.js';
import type { HostLine } from './host-line.js';

/** Whom to ask; undefined where there is nobody. */
export type Line = Pick<HostLine, 'ask'> | undefined;

/**
 * Asks the main thread, where everything is decided, and makes of its answer what the contract says.
 * @param refused told of the fuel that others have used for what came to an error
 */
export function ask<T>(
  line: Line,
  operation: HostOperation,
  fields: readonly Uint8Array[],
  read: (fields: readonly Uint8Array[]) => T,
  refused: (fuel: number) => void = () => {},
): Result<T> {
  if (line === undefined) return { ok: false, error: nobodyThere() };
  const answer = line.ask(operation, fields);
  if (answer.ok) return { ok: true, value: read(answer.fields) };
  refused(answer.fuel);
  return { ok: false, error: errorOf(answer) };
}

function errorOf({ code, message, details }: Extract<ReceivedAnswer, { ok: false }>): PluginError {
  return { code, message, details };
}

/** The contract's codes count from 0, the proto's from 1. */
function nobodyThere(): PluginError {
  const message = new TextEncoder().encode('there is no host to ask');
  return { code: ERROR_CODE.NOT_IMPLEMENTED - 1, message, details: undefined };
}

import { CallError } from '../../src/client/call-error.js';

/** The refusal that a call is to end with. */
export async function refusalOf(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof CallError) return error;
  throw new Error(`expected a refusal, found ${String(error)}`);
}

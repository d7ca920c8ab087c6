import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import type { Requester } from '../plugin/plugins-api.js';
import { requester } from './requester.js';
import { toServiceError } from './status.js';

type Unary<Request> = (call: ServerUnaryCall<Request, object>, callback: sendUnaryData<object>) => void;

/** A unary method, by what it does. */
export function unary<Request>(action: (request: Request, by: Requester) => object | Promise<object>): Unary<Request> {
  return (call, callback) => {
    const by = requester(call);
    void answer(callback, () => action(call.request, by));
  };
}

/** Replies with what the action returns, or with why it failed. */
export async function answer(callback: sendUnaryData<object>, action: () => object | Promise<object>): Promise<void> {
  let reply: object;
  try {
    reply = await action();
  } catch (error) {
    return callback(toServiceError(HostError.from(error)), null);
  }
  callback(null, reply);
}

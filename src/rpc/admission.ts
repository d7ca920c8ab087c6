import type { Metadata, ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';
import type { ClientCertificate, Credentials } from '../access/access-list.js';
import type { Gatekeeper } from '../access/gatekeeper.js';
import type { Role } from '../config/access-file.js';
import { HostError } from '../errors.js';
import { AdmittedStreams, type LookAgain } from './admitted-streams.js';
import { METHOD_ROLES, OPEN } from './method-roles.js';
import { type ServiceRefusal, toServiceError } from './status.js';

/** Of a call that nobody had to be let in for: whoever can connect may do everything. */
export const LOCAL = 'local';

/** Names of callers that were let in, by the metadata of their call, which each call has of its own. */
const callers = new WeakMap<Metadata, string>();

/** Who makes a call: a name of the access file, or `local` where there is none. */
export function callerOf({ metadata }: { metadata: Metadata }): string {
  return callers.get(metadata) ?? LOCAL;
}

export interface AdmissionOptions {
  gatekeeper: Gatekeeper;
  /** @param peer `getPeer()` of a call. */
  certificateOf: (peer: string) => ClientCertificate | undefined;
  /** Told of each call that is let in. @param peer As above. */
  admitted: (peer: string) => void;
  /** Told of each call that is turned away. */
  refused: (path: string, refusal: ServiceRefusal) => void;
}

/**
 * Lets calls in by what their callers show. It looks at a call when its headers are there: of one that is turned away, no
 * message is read, decoded or waited for.
 *
 * What grpc-js offers for this, `ServerInterceptingCall`, passes every message and status on through objects of its own; so the call
 * itself is given back, with a `start` that looks first.
 */
export function admission(options: AdmissionOptions): ServerInterceptor {
  const streams = new AdmittedStreams(options.gatekeeper);
  return ({ path, requestStream, responseStream }, call) => {
    const roles = METHOD_ROLES[path] ?? [];
    if (roles !== OPEN) {
      lookFirst(call, (metadata, listener) => {
        const credentials = credentialsOf(metadata, options.certificateOf(call.getPeer()));
        const look: Look = (admitted) => refusalOf(options, { path, roles, credentials, admitted });
        const refusal = look((name) => {
          callers.set(metadata, name);
          options.admitted(call.getPeer());
        });
        if (refusal === undefined && (requestStream || responseStream)) streams.add(call, listener, () => look());
        return refusal;
      });
    }
    // The types ask for the class, grpc-js for what it offers.
    return call as ServerInterceptingCall;
  };
}

type Call = Parameters<ServerInterceptor>[1];
type CallListener = Parameters<Call['start']>[0];
/** @param admitted Gets the caller's name. */
type Look = (admitted?: (name: string) => void) => ReturnType<LookAgain>;

/** From its start on, nothing of the call is handed on before its metadata was looked at, and found good. */
function lookFirst(call: Call, look: (metadata: Metadata, listener: CallListener) => ServiceRefusal | undefined): void {
  const start = call.start;
  call.start = (listener) => {
    const receive = listener.onReceiveMetadata;
    listener.onReceiveMetadata = (metadata) => {
      const refusal = look(metadata, listener);
      if (refusal === undefined) receive.call(listener, metadata);
      else call.sendStatus(refusal);
    };
    start.call(call, listener);
  };
}

/** Undefined for a caller that is let in. */
function refusalOf(
  { gatekeeper, refused }: AdmissionOptions,
  caller: { path: string; roles: readonly Role[]; credentials: Credentials; admitted: Parameters<Look>[0] },
): ServiceRefusal | undefined {
  const { path, roles, credentials, admitted } = caller;
  try {
    const { name } = gatekeeper.admit(credentials, roles, path);
    admitted?.(name);
    return undefined;
  } catch (error) {
    const refusal = toServiceError(HostError.from(error));
    refused(path, refusal);
    return refusal;
  }
}

/** Of a header that was sent several times, Node keeps the first. */
function credentialsOf(metadata: Metadata, certificate: ClientCertificate | undefined): Credentials {
  const [sent] = metadata.get('authorization');
  // What has been looked at is not handed on to handlers, which might log it.
  metadata.remove('authorization');
  return { authorization: sent?.toString(), certificate };
}

import { Metadata, status as StatusCode, type StatusObject } from '@grpc/grpc-js';
import { ERROR_DOMAIN, type HostError, type HostErrorOptions, type StatusName } from '../errors.js';
import { SERVER_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { messageType } from './definitions.js';

/** What a handler gives to grpc-js instead of an answer; grpc-js sends the first three. */
export interface ServiceRefusal extends Pick<StatusObject, 'code' | 'details'> {
  metadata: Metadata;
  /** For the log and the counters. */
  refusal: HostError;
}

const Status = messageType('google.rpc.Status');
const ErrorInfo = messageType('google.rpc.ErrorInfo');
const RetryInfo = messageType('google.rpc.RetryInfo');

const TYPE_PREFIX = 'type.googleapis.com/';

/** The number of a gRPC status. */
export function statusCode(name: StatusName): number {
  return StatusCode[name];
}

/**
 * A refusal or fault as the caller gets it: status, message, and `grpc-status-details-bin` with
 * `google.rpc.ErrorInfo` and, where waiting helps, `google.rpc.RetryInfo` (AIP-193). Causes and stacks stay here.
 */
export function toServiceError(error: HostError): ServiceRefusal {
  const code = StatusCode[error.status];
  const shown = error.cause instanceof Error && !stands('plain-errors') ? error.cause : error;
  const message = headerText(shown.message, SERVER_LIMITS.maxStatusMessageBytes);
  const details = [pack('google.rpc.ErrorInfo', ErrorInfo.serialize(errorInfo(error)))];
  if (error.retryAfterMs !== undefined) {
    details.push(pack('google.rpc.RetryInfo', RetryInfo.serialize({ retryDelay: duration(error.retryAfterMs) })));
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Status.serialize({ code, message, details }));
  return { code, details: message, metadata, refusal: error };
}

/** As in `google.rpc.Any`. */
function pack(name: string, value: Buffer): { typeUrl: string; value: Buffer } {
  return { typeUrl: `${TYPE_PREFIX}${name}`, value };
}

function errorInfo(error: HostError): { reason: string; domain: string; metadata: HostErrorOptions['details'] } {
  const entries = Object.entries(error.details).slice(0, SERVER_LIMITS.maxStatusDetails);
  const bounded = entries.map(([key, value]) => [
    headerText(key, SERVER_LIMITS.maxStatusDetailBytes),
    headerText(value, SERVER_LIMITS.maxStatusDetailBytes),
  ]);
  return {
    reason: error.reason,
    domain: ERROR_DOMAIN,
    metadata: Object.fromEntries(bounded) as Record<string, string>,
  };
}

function duration(ms: number): { seconds: number; nanos: number } {
  const whole = Math.max(0, Math.round(ms));
  return { seconds: Math.floor(whole / 1000), nanos: (whole % 1000) * 1e6 };
}

/**
 * Text that fits a header: at most so many bytes, cut between characters. The round trip through bytes replaces lone
 * surrogates, at which grpc-js's own `encodeURI` would throw.
 */
function headerText(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return bytes.toString();
  let end = maxBytes - 3;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString()}...`;
}

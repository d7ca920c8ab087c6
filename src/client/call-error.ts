import { type ServiceError, status as StatusCode } from '@grpc/grpc-js';
import { errorInfo, retryInfo, rpcStatus } from './definitions.js';

export interface CallErrorParts {
  /** Name of the gRPC status, for instance `NOT_FOUND`. */
  code: string;
  /** The server's stable reason; empty where the answer did not come from a HAL9 server. */
  reason: string;
  message: string;
  details: Record<string, string>;
  /** When trying again makes sense, in milliseconds from now. */
  retryAfterMs: number | undefined;
}

/** A call that was refused or failed, as a program wants it. */
export class CallError extends Error implements CallErrorParts {
  readonly code: string;
  readonly reason: string;
  readonly details: Record<string, string>;
  readonly retryAfterMs: number | undefined;

  constructor(parts: CallErrorParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.name = 'CallError';
    this.code = parts.code;
    this.reason = parts.reason;
    this.details = parts.details;
    this.retryAfterMs = parts.retryAfterMs;
  }

  /** Translates what grpc-js throws, with the details that the server attached. */
  static from(error: unknown): CallError {
    if (error instanceof CallError) return error;
    if (!isServiceError(error)) {
      const message = error instanceof Error ? error.message : String(error);
      return new CallError(
        { code: 'UNKNOWN', reason: '', message, details: {}, retryAfterMs: undefined },
        { cause: error },
      );
    }
    const { reason, details, retryAfterMs } = readDetails(error);
    const code = StatusCode[error.code] ?? 'UNKNOWN';
    return new CallError({ code, reason, message: error.details, details, retryAfterMs }, { cause: error });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}

interface Details {
  reason: string;
  details: Record<string, string>;
  retryAfterMs: number | undefined;
}

/** `google.rpc.Status` in `grpc-status-details-bin`; a peer that sends garbage there has sent no details. */
function readDetails(error: ServiceError): Details {
  const found: Details = { reason: '', details: {}, retryAfterMs: undefined };
  const [bytes] = error.metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return found;
  try {
    const { details } = rpcStatus.deserialize(bytes) as { details: { typeUrl: string; value: string }[] };
    for (const { typeUrl, value } of details) readDetail(typeUrl, Buffer.from(value, 'base64'), found);
  } catch {
    return found;
  }
  return found;
}

function readDetail(typeUrl: string, value: Buffer, found: Details): void {
  if (typeUrl.endsWith('/google.rpc.ErrorInfo')) {
    const info = errorInfo.deserialize(value) as { reason: string; metadata: Record<string, string> };
    found.reason = info.reason;
    found.details = info.metadata;
  } else if (typeUrl.endsWith('/google.rpc.RetryInfo')) {
    const info = retryInfo.deserialize(value) as { retryDelay: { seconds: string; nanos: number } | null };
    if (info.retryDelay) found.retryAfterMs = Number(info.retryDelay.seconds) * 1000 + info.retryDelay.nanos / 1e6;
  }
}

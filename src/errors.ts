/**
 * The error table: every reason for which this server refuses something, and the one error class that carries it.
 *
 * A reason is stable: scripts match on it (`google.rpc.ErrorInfo.reason`). The message is for a person: what was
 * expected, what was found, what to do. Causes, paths of the host and stacks go to the log alone.
 */

/** gRPC status names that this server answers with. */
export type StatusName =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE';

/** Reason to gRPC status, with the meaning that the reference page prints. */
export const REASONS = {
  PACKAGE_INVALID: { status: 'INVALID_ARGUMENT', meaning: 'The package is not a valid .hal9 file or directory.' },
  PACKAGE_TOO_LARGE: {
    status: 'RESOURCE_EXHAUSTED',
    meaning: 'The package, or a part of it, is larger than it may be.',
  },
  MANIFEST_INVALID: {
    status: 'INVALID_ARGUMENT',
    meaning: 'manifest.json does not follow the format; each fault is named with its path.',
  },
  MODULE_INVALID: {
    status: 'INVALID_ARGUMENT',
    meaning: 'The WebAssembly module is malformed, or not what the contract asks for.',
  },
  MODULE_LIMIT: {
    status: 'INVALID_ARGUMENT',
    meaning: 'The module declares more (memory, tables, functions, …) than it may.',
  },
  CONTRACT_VERSION: {
    status: 'FAILED_PRECONDITION',
    meaning: 'The plugin was built against a version of hal9:plugin that this server does not speak.',
  },
  NOT_IMPLEMENTED: {
    status: 'UNIMPLEMENTED',
    meaning: 'The plugin needs something that this server does not implement yet.',
  },
  PLUGIN_NOT_FOUND: { status: 'NOT_FOUND', meaning: 'No plugin of that id or name is installed.' },
  PLUGIN_AMBIGUOUS: { status: 'INVALID_ARGUMENT', meaning: 'Several plugins have that name; use an id.' },
  PLUGIN_EXISTS: { status: 'ALREADY_EXISTS', meaning: 'That version of the plugin is installed with other bytes.' },
  PLUGIN_ACTIVE: { status: 'FAILED_PRECONDITION', meaning: 'The plugin is active; deactivate it first.' },
  PLUGIN_IN_USE: { status: 'FAILED_PRECONDITION', meaning: 'Other plugins depend on the plugin.' },
  DEPENDENCY_MISSING: {
    status: 'FAILED_PRECONDITION',
    meaning: 'A plugin that this one depends on is not installed; the message shows the chain.',
  },
  DEPENDENCY_CONFLICT: {
    status: 'FAILED_PRECONDITION',
    meaning:
      'A plugin that this one depends on is installed at a version outside the range; the message shows the chain.',
  },
  DEPENDENCY_CYCLE: {
    status: 'FAILED_PRECONDITION',
    meaning: 'Plugins depend on each other in a circle; the message shows it.',
  },
  DEPENDENCY_LIMIT: {
    status: 'FAILED_PRECONDITION',
    meaning: 'The plugin depends on more plugins, or through a longer chain, than it may.',
  },
  SIGNATURE_MISSING: { status: 'PERMISSION_DENIED', meaning: 'The package is not signed.' },
  SIGNATURE_INVALID: {
    status: 'PERMISSION_DENIED',
    meaning: 'A signature of the package does not fit its contents: it was changed after it was signed.',
  },
  KEY_UNTRUSTED: {
    status: 'PERMISSION_DENIED',
    meaning: 'The package is signed, by no key that the operator trusts for this plugin.',
  },
  KEY_REVOKED: { status: 'PERMISSION_DENIED', meaning: 'The key was revoked by the operator.' },
  PUBLISHER_CHANGED: {
    status: 'PERMISSION_DENIED',
    meaning: 'The package is signed by none of the trusted keys that signed the version which it would replace.',
  },
  KEY_NOT_FOUND: { status: 'NOT_FOUND', meaning: 'The operator has no such key.' },
  KEY_AMBIGUOUS: { status: 'INVALID_ARGUMENT', meaning: 'Several keys fit; use the whole id.' },
  PERMISSION_UNDECIDED: {
    status: 'FAILED_PRECONDITION',
    meaning:
      'The plugin asks for permissions that the operator has neither granted nor denied; `details.added` lists them.',
  },
  FILE_NOT_FOUND: { status: 'NOT_FOUND', meaning: 'The package has no such file.' },
  ENTRY_NOT_FOUND: { status: 'NOT_FOUND', meaning: 'The memory has no entry of that key.' },
  AUDIT_UNAVAILABLE: {
    status: 'FAILED_PRECONDITION',
    meaning: 'The audit log cannot be written, and this must not happen without it.',
  },
  DISK_FULL: {
    status: 'RESOURCE_EXHAUSTED',
    meaning: 'The disk of the data directory has no room for what is to be kept.',
  },
  UNAUTHENTICATED: { status: 'UNAUTHENTICATED', meaning: 'The caller did not say who it is, or not so that it holds.' },
  ROLE_MISSING: {
    status: 'PERMISSION_DENIED',
    meaning: 'The caller does not have the role that this method asks for.',
  },
  PLUGIN_LOAD_FAILED: {
    status: 'FAILED_PRECONDITION',
    meaning: "The plugin's own start, load or activate function failed.",
  },
  CAPACITY: {
    status: 'RESOURCE_EXHAUSTED',
    meaning: 'Threads or guest memory for another instance cannot be reserved.',
  },
  NOBODY_REGISTERED: { status: 'NOT_FOUND', meaning: 'No active plugin is registered for this signal.' },
  TOOL_NOT_FOUND: { status: 'NOT_FOUND', meaning: 'No active plugin offers this tool.' },
  TOOL_AMBIGUOUS: { status: 'INVALID_ARGUMENT', meaning: 'Several plugins offer this tool; name one.' },
  REQUEST_INVALID: { status: 'INVALID_ARGUMENT', meaning: 'The request is malformed; the message names the field.' },
  PARAMETERS_INVALID: { status: 'INVALID_ARGUMENT', meaning: 'The parameters do not fit what the tool declares.' },
  QUEUE_FULL: { status: 'RESOURCE_EXHAUSTED', meaning: "The plugin's queue is full." },
  TOO_MANY_IN_FLIGHT: { status: 'RESOURCE_EXHAUSTED', meaning: 'The server has as many calls under way as it may.' },
  CLIENT_TOO_SLOW: {
    status: 'RESOURCE_EXHAUSTED',
    meaning: 'The client does not send its request, or does not read its answers, in time.',
  },
  CALL_CANCELLED: { status: 'CANCELLED', meaning: 'The caller went away.' },
  DEADLINE: { status: 'DEADLINE_EXCEEDED', meaning: "The caller's deadline passed." },
  STOPPING: { status: 'UNAVAILABLE', meaning: 'The server is stopping.' },
  CONFIG_INVALID: {
    status: 'INVALID_ARGUMENT',
    meaning: 'A flag, environment variable or configuration key is wrong.',
  },
  LISTEN_REFUSED: { status: 'FAILED_PRECONDITION', meaning: 'The server does not listen on that address.' },
  DATA_DIR_LOCKED: { status: 'FAILED_PRECONDITION', meaning: 'Another server uses the data directory.' },
  DATA_DIR_SCHEMA: {
    status: 'FAILED_PRECONDITION',
    meaning: 'The data directory was written by a version that this server cannot read.',
  },
  DATA_DIR_DAMAGED: { status: 'FAILED_PRECONDITION', meaning: 'A file of the data directory is missing or damaged.' },
  INTERNAL: { status: 'INTERNAL', meaning: 'A fault of the server; its log says more.' },
} as const satisfies Record<string, { status: StatusName; meaning: string }>;

export type Reason = keyof typeof REASONS;

/** The one domain of this server's reasons (`google.rpc.ErrorInfo.domain`). */
export const ERROR_DOMAIN = 'hal9.plugin';

export interface HostErrorOptions {
  /** For a program; travels to the caller in `ErrorInfo.metadata`. */
  details?: Record<string, string>;
  /** When trying again makes sense, in milliseconds from now. */
  retryAfterMs?: number;
  /** For the log; never sent. */
  cause?: unknown;
}

/** A refusal or fault with a stable reason. The message may be shown to the caller. */
export class HostError extends Error {
  readonly reason: Reason;
  readonly details: Record<string, string>;
  readonly retryAfterMs: number | undefined;

  constructor(reason: Reason, message: string, options: HostErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HostError';
    this.reason = reason;
    this.details = options.details ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): StatusName {
    return REASONS[this.reason].status;
  }

  /** The one funnel from `unknown`: what is not a HostError becomes INTERNAL, its text kept as the cause only. */
  static from(error: unknown): HostError {
    if (error instanceof HostError) return error;
    return new HostError('INTERNAL', 'the server failed; its log says more', { cause: error });
  }
}

import type { CallError } from '../client/call-error.js';
import { HostError } from '../errors.js';
import { printable } from '../observe/printable.js';
import { EXIT, type ExitStatus, exitOfStatus } from './exit-status.js';
import { printJson } from './output.js';

/** The command was used wrongly in a way that commander cannot see. */
export class UsageError extends Error {}

/** A refusal in the form that `--json` prints. */
interface Failure {
  code: string;
  reason: string;
  message: string;
  details: Record<string, string>;
  retryAfterMs?: number;
}

/** What to do next, where the server's own words cannot know the command. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  PLUGIN_NOT_FOUND: 'see "hal9 plugin list"',
  PLUGIN_AMBIGUOUS: 'see "hal9 plugin list"',
  FILE_NOT_FOUND: 'see "hal9 plugin info"',
  PLUGIN_ACTIVE: 'see "hal9 plugin deactivate"',
  PLUGIN_IN_USE: 'take those out first, or repeat the command with --force',
  DEPENDENCY_MISSING: 'install it first with "hal9 plugin install"',
  DEPENDENCY_CONFLICT: 'install versions that fit; "hal9 plugin info" shows what a plugin needs',
  DEPENDENCY_CYCLE: 'install a version of one of them that does not need the next',
  NOBODY_REGISTERED: 'see "hal9 plugin list" and "hal9 plugin activate"',
  TOOL_NOT_FOUND: 'see "hal9 tool list"',
  TOOL_AMBIGUOUS: 'choose one with --plugin',
  DATA_DIR_LOCKED: 'stop it, or choose another with --data-dir',
};

/**
 * Says what went wrong, on standard error or, with `--json`, as one object on standard output, and sets the exit
 * status.
 */
export function fail(error: unknown, options: { json?: boolean; server?: string }): void {
  const { failure, status } = describe(error, options.server);
  process.exitCode = status;
  if (options.json) {
    printJson({ error: failure });
    return;
  }
  const next = [NEXT_STEPS[failure.reason], retryText(failure.retryAfterMs)].filter(Boolean).join('; ');
  const name = failure.reason || failure.code;
  process.stderr.write(`hal9: ${printable(`${name}: ${failure.message}${next === '' ? '' : ` (${next})`}`)}\n`);
}

function retryText(retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined ? '' : `try again in ${retryAfterMs} ms`;
}

function describe(error: unknown, server: string | undefined): { failure: Failure; status: ExitStatus } {
  if (error instanceof UsageError) {
    return { failure: { code: '', reason: 'USAGE', message: error.message, details: {} }, status: EXIT.usage };
  }
  if (isCallError(error)) return describeCall(error, server);
  if (isFileError(error)) {
    const message = `${error.path}: ${FILE_FAULTS[error.code] ?? `the system says ${error.code}`}`;
    return { failure: { code: '', reason: 'USAGE', message, details: {} }, status: EXIT.usage };
  }
  // Commands that do their work here (pack, serve) fail with the server's own errors.
  const { status: code, reason, message, details, cause } = HostError.from(error);
  const status = reason === 'CONFIG_INVALID' ? EXIT.usage : exitOfStatus(code);
  // There is no log of a server to look into, and nobody here to keep secrets from.
  const shown = reason === 'INTERNAL' ? String(cause) : message;
  return { failure: { code, reason, message: shown, details }, status };
}

const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'expected a file or directory there, found none',
  EACCES: 'this user may not',
  EISDIR: 'expected a file, found a directory',
  ENOTDIR: 'expected a directory on the way, found a file',
  ENOSPC: 'the disk is full',
};

/** A file that the command was given, or told to write, and that the system did not let it. */
function isFileError(error: unknown): error is Error & { code: string; path: string } {
  return (
    error instanceof Error && 'code' in error && 'path' in error && 'syscall' in error && error.syscall !== 'connect'
  );
}

function describeCall(error: CallError, server: string | undefined): { failure: Failure; status: ExitStatus } {
  const { code, reason, details, retryAfterMs } = error;
  const failure: Failure = { code, reason, message: error.message, details };
  if (retryAfterMs !== undefined) failure.retryAfterMs = retryAfterMs;
  if (reason === '' && code === 'UNAVAILABLE') {
    failure.message = unreachable(error.message, server);
  } else if (reason === '' && code === 'DEADLINE_EXCEEDED') {
    failure.message = `no answer within the time; give it more with --timeout-ms`;
  }
  return { failure, status: exitOfStatus(code) };
}

/** Words of the TLS library, as far as they are known, say more than that nobody answers. */
const TLS_WORDS = /certificate|altname|ssl|tls|alert|self-signed/i;

function unreachable(message: string, server: string | undefined): string {
  if (TLS_WORDS.test(message)) {
    return `the TLS connection to ${server} failed (${message}); see --tls-ca, --tls-cert and --tls-key`;
  }
  return (
    `no server answers at ${server}; start one with "hal9 serve", or name another with --server; ` +
    'one that speaks TLS wants --tls-ca, and may want --tls-cert'
  );
}

/** By name: its class would load all of gRPC, which `hal9 plugin pack` does without. */
export function isCallError(error: unknown): error is CallError {
  return error instanceof Error && error.name === 'CallError';
}

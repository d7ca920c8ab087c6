import type { CallError } from '../client/call-error.js';
import { HostError } from '../errors.js';
import { printable } from '../observe/printable.js';
import { EXIT, type ExitStatus, exitOfStatus } from './exit-status.js';

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
  PLUGIN_ACTIVE: 'run "hal9 plugin deactivate" first',
  NOBODY_REGISTERED: 'see "hal9 plugin list"; "hal9 plugin activate" puts one into service',
  TOOL_NOT_FOUND: 'see "hal9 tool list"; "hal9 plugin activate" puts a plugin into service',
  TOOL_AMBIGUOUS: 'choose one with --plugin',
};

/**
 * Says what went wrong, on standard error or, with `--json`, as one object on standard output, and sets the exit
 * status.
 */
export function fail(error: unknown, options: { json?: boolean; server?: string }): void {
  const { failure, status } = describe(error, options.server);
  process.exitCode = status;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ error: failure })}\n`);
    return;
  }
  const next = NEXT_STEPS[failure.reason];
  const text = [failure.message, next, retryText(failure.retryAfterMs)].filter(Boolean).join('; ');
  const name = failure.reason || failure.code;
  process.stderr.write(`hal9: ${name === '' ? '' : `${name}: `}${printable(text)}\n`);
}

function retryText(retryAfterMs: number | undefined): string {
  return retryAfterMs === undefined ? '' : `try again in ${retryAfterMs} ms`;
}

function describe(error: unknown, server: string | undefined): { failure: Failure; status: ExitStatus } {
  if (error instanceof UsageError) {
    return { failure: { code: '', reason: 'USAGE', message: error.message, details: {} }, status: EXIT.usage };
  }
  if (isCallError(error)) return describeCall(error, server);
  // Commands that do their work here (pack, serve) fail with the server's own errors.
  const { status: code, reason, message, details, cause } = HostError.from(error);
  const status = reason === 'CONFIG_INVALID' ? EXIT.usage : exitOfStatus(code);
  const shown = reason === 'INTERNAL' ? `${message}: ${String(cause)}` : message;
  return { failure: { code, reason, message: shown, details }, status };
}

function describeCall(error: CallError, server: string | undefined): { failure: Failure; status: ExitStatus } {
  const { code, reason, details, retryAfterMs } = error;
  const failure: Failure = { code, reason, message: error.message, details };
  if (retryAfterMs !== undefined) failure.retryAfterMs = retryAfterMs;
  if (reason === '' && code === 'UNAVAILABLE') {
    failure.message = `no server answers at ${server}; start one with "hal9 serve", or name another with --server`;
  } else if (reason === '' && code === 'DEADLINE_EXCEEDED') {
    failure.message = `no answer within the time; give it more with --timeout-ms`;
  }
  return { failure, status: exitOfStatus(code) };
}

/** By name: its class would load all of gRPC, which `hal9 plugin pack` does without. */
function isCallError(error: unknown): error is CallError {
  return error instanceof Error && error.name === 'CallError';
}

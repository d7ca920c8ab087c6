import type { OutcomeName } from '../client/messages.js';

/** What the command's exit status says. Scripts rely on it. */
export const EXIT = {
  ok: 0,
  /** The plugin answered with an error, or trapped. */
  pluginFailed: 1,
  /** A line of the audit log is not what was written. */
  damaged: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  limit: 5,
  notFound: 6,
  serverFault: 7,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

const BY_STATUS: Readonly<Record<string, ExitStatus>> = {
  INVALID_ARGUMENT: EXIT.refused,
  FAILED_PRECONDITION: EXIT.refused,
  ALREADY_EXISTS: EXIT.refused,
  PERMISSION_DENIED: EXIT.refused,
  UNAUTHENTICATED: EXIT.refused,
  UNIMPLEMENTED: EXIT.refused,
  OUT_OF_RANGE: EXIT.refused,
  NOT_FOUND: EXIT.notFound,
  RESOURCE_EXHAUSTED: EXIT.limit,
  DEADLINE_EXCEEDED: EXIT.limit,
  UNAVAILABLE: EXIT.unreachable,
  ABORTED: EXIT.pluginFailed,
};

/** For a call that was refused, by the name of its gRPC status. */
export function exitOfStatus(code: string): ExitStatus {
  return BY_STATUS[code] ?? EXIT.serverFault;
}

const BY_OUTCOME: Readonly<Record<OutcomeName, ExitStatus>> = {
  OK: EXIT.ok,
  PLUGIN_ERROR: EXIT.pluginFailed,
  TRAP: EXIT.pluginFailed,
  // The instance ended through another call of the same plugin.
  ABORTED: EXIT.pluginFailed,
  LIMIT: EXIT.limit,
  CANCELLED: EXIT.limit,
  HOST_BUG: EXIT.serverFault,
  OUTCOME_UNSPECIFIED: EXIT.serverFault,
};

/** For answers of plugins: of the first one that is not OK. */
export function exitOfOutcomes(outcomes: readonly OutcomeName[]): ExitStatus {
  const failed = outcomes.find((outcome) => outcome !== 'OK');
  return failed === undefined ? EXIT.ok : BY_OUTCOME[failed];
}

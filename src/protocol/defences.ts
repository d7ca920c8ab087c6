/**
 * The defences that the attack suite takes out one at a time, to show that each attack would succeed without its own.
 * In every build that runs anywhere else all of them stand: this file has no switch. The attack suite's builds replace it.
 */
export type Defence =
  /** A call or load that takes longer than it may loses its thread. */
  | 'deadline'
  /** An instance that trapped or hit a limit is never called again. */
  | 'discard'
  /** The bound on memory is written into the module. */
  | 'memory-cap'
  /** The thread's stack is bounded. */
  | 'stack-cap'
  /** What a guest hands out is bounded before it is copied. */
  | 'output-budget'
  /** Lines of a guest's log are bounded in size and rate. */
  | 'log-cap'
  /** After an exit the instance is dead, whatever the guest catches. */
  | 'exit'
  /** Strings that a guest hands out are checked to be UTF-8. */
  | 'utf8'
  /** A plugin's queue is bounded. */
  | 'queue-bound'
  /** A path in a package leads nowhere but into it. */
  | 'package-paths'
  /** What a package unpacks to is bounded before it is unpacked. */
  | 'package-bounds'
  /** A development directory is read without following links. */
  | 'package-links'
  /** Each signature of a package is verified over its contents. */
  | 'signature'
  /** A plugin runs when a key that the operator trusts for it has signed it, and not otherwise. */
  | 'trust'
  /** A plugin has what it was granted, not what it asks for. */
  | 'grants'
  /** A denial wins over every grant. */
  | 'denials'
  /** Nothing is installed while a permission that it asks for is undecided. */
  | 'consent'
  /** Callers are told of their input, and nothing of the host. */
  | 'plain-errors'
  /** A connection goes to addresses that were checked, and those of internal networks are denied unless granted. */
  | 'egress'
  /** A plugin that works for another one may do what both may. */
  | 'deputy'
  /** A signal does not come back to a plugin that it came by. */
  | 'loops'
  /** Host calls of every kind are bounded in rate. */
  | 'host-call-rate'
  /** On the way to a file nothing is followed, and what is found is where it was looked for. */
  | 'file-walk'
  /** What a plugin does with a file is checked against its permissions for where that is. */
  | 'file-rights'
  /** What a plugin adds to a disk, and has open, is bounded. */
  | 'file-quota';

/** Whether a defence stands. */
export function stands(_defence: Defence): boolean {
  return true;
}

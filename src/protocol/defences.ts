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
  /** Every path of a package is one that all readers of ZIP read alike, and stands there once. */
  | 'zip-names'
  /** An entry of a package is a plain file or directory: no link, no device, nothing encrypted. */
  | 'zip-kinds'
  /** The entries of a package are all that is in it, and it describes each of them once. */
  | 'zip-layout'
  /** An entry's content is exactly what is announced. */
  | 'zip-content'
  /** What a package unpacks to is bounded before it is unpacked. */
  | 'package-bounds'
  /** A development directory is read without following links. */
  | 'package-links'
  /** A module imports what the host offers, and nothing else. */
  | 'offered-imports'
  /** What a module imports and exports has the contract's core signatures. */
  | 'core-signatures'
  /** A module has its memory, its allocator and whole interfaces. */
  | 'module-shape'
  /** What a module declares is counted before memory is taken for it. */
  | 'module-bounds'
  /** Where a guest says that something lies, or may be put, is inside its memory and aligned. */
  | 'pointers'
  /** A guest names cases that there are. */
  | 'discriminants'
  /** A guest's allocator does not call the host. */
  | 're-entrance'
  /** A guest gets the slice of a buffer that is meant for it, not what lies behind. */
  | 'exact-slices'
  /** Each signature of a package is verified over its contents. */
  | 'signature'
  /** A plugin runs when a key that the operator trusts for it has signed it, and not otherwise. */
  | 'trust'
  /** A plugin has what it was granted, not what it asks for. */
  | 'grants'
  /** What was granted and not asked for is not there. */
  | 'asked-for'
  /** A list without an element in it is refused, and never stands for all. */
  | 'empty-lists'
  /** A denial wins over every grant. */
  | 'denials'
  /** Nothing is installed while a permission that it asks for is undecided. */
  | 'consent'
  /** Each line of the audit log is held against its hash and the line before it. */
  | 'audit-chain'
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

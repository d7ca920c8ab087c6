/**
 * The named steps of writing to the data directory. A crash right behind any of them leaves the old state or the new one, at
 * the next start: the crash suite kills a server at each. There its build replaces this file; everywhere else it does nothing,
 * and has no switch.
 */
export type CrashStep =
  /** A file stands aside, empty; then it has its bytes; then the disk has them. */
  | 'aside-created'
  | 'aside-written'
  | 'aside-synced'
  /** It has its place; then the disk knows. */
  | 'renamed'
  | 'directory-synced'
  /** A package that is not needed any more is gone: its summary, then itself. */
  | 'summary-removed'
  | 'package-removed'
  /** Lines stand in the audit log; then the disk has them. */
  | 'audit-written'
  | 'audit-synced';

/** @param _path the file, or the directory, that the step was about */
export function passed(_step: CrashStep, _path: string): void {}

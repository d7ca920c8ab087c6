import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** What the operating system calls the thread that this runs in; undefined elsewhere than on Linux (proc(5), `/proc/thread-self`). */
export function osThread(): number | undefined {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')));
  } catch {
    return undefined;
  }
}

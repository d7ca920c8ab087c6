import { KEEP_TIME, TIME_NOW } from '../../src/protocol/files.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault } from './file-node.js';

/** `fstflags` of `preview1/docs.md`. */
const SET = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const;

/** What `fstflags` say of two moments. @throws FileFault where they contradict each other */
export function moments(accessed: bigint, modified: bigint, flags: number): [bigint, bigint] {
  const moment = (given: bigint, set: number, now: number): bigint => {
    if ((flags & set) !== 0 && (flags & now) !== 0) throw new FileFault(ERRNO.inval);
    if ((flags & now) !== 0) return TIME_NOW;
    if ((flags & set) === 0) return KEEP_TIME;
    if (given < 0n) throw new FileFault(ERRNO.inval);
    return given;
  };
  return [moment(accessed, SET.accessed, SET.accessedNow), moment(modified, SET.modified, SET.modifiedNow)];
}

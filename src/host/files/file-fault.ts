import { ERRNO, type Errno } from '../../protocol/preview1-errno.js';
import type { Escape, FileAnswer } from './backend.js';

/** Ends an operation with an answer. */
export class FileFault extends Error {
  readonly answer: FileAnswer<never>;

  constructor(answer: FileAnswer<never>) {
    super(answer.outcome);
    this.answer = answer;
  }
}

export function fault(name: keyof typeof ERRNO): FileFault {
  return new FileFault({ outcome: 'failed', errno: ERRNO[name] });
}

/** How an escape looks to a guest, as on any system. */
const ESCAPES: Readonly<Record<Escape, Errno>> = {
  link: ERRNO.loop,
  outside: ERRNO.perm,
  special: ERRNO.perm,
  'hard-link': ERRNO.perm,
  'other-spelling': ERRNO.acces,
};

export function escaping(by: Escape, errno = ESCAPES[by]): FileFault {
  return new FileFault({ outcome: 'escaping', errno, by });
}

const BY_CODE: Readonly<Record<string, Errno>> = {
  EACCES: ERRNO.acces,
  EBUSY: ERRNO.busy,
  EDQUOT: ERRNO.dquot,
  EEXIST: ERRNO.exist,
  EFBIG: ERRNO.fbig,
  EINVAL: ERRNO.inval,
  EISDIR: ERRNO.isdir,
  EMFILE: ERRNO.nfile,
  ENAMETOOLONG: ERRNO.nametoolong,
  ENFILE: ERRNO.nfile,
  ENOENT: ERRNO.noent,
  ENOSPC: ERRNO.nospc,
  ENOTDIR: ERRNO.notdir,
  ENOTEMPTY: ERRNO.notempty,
  EPERM: ERRNO.perm,
  EROFS: ERRNO.rofs,
  ETXTBSY: ERRNO.busy,
  EXDEV: ERRNO.xdev,
};

/** A link that has come in the way meanwhile; a FIFO without a reader, a device without a driver. */
const ESCAPES_BY_CODE: Readonly<Record<string, Escape>> = { ELOOP: 'link', ENXIO: 'special' };

/** What a thrown error means to a guest. @throws what is a fault of ours */
export function answerOf(error: unknown): FileAnswer<never> {
  if (error instanceof FileFault) return error.answer;
  const code = codeOf(error);
  if (code === undefined) throw error;
  const by = ESCAPES_BY_CODE[code];
  return by === undefined ? { outcome: 'failed', errno: BY_CODE[code] ?? ERRNO.io } : escaping(by).answer;
}

/** Of an error of the system. */
export function codeOf(error: unknown): string | undefined {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return typeof code === 'string' && typeof syscall === 'string' ? code : undefined;
}

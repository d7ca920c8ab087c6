import type { Permission } from '../../permissions.js';
import { countField, type HostAnswer, type HostRefusal } from '../../protocol/host-calls.js';
import { ERRNO, type Errno } from '../../protocol/preview1-errno.js';
import type { FileKind } from '../../sandbox/file-rights.js';
import { denied, refused, tooMuch } from '../refusals.js';
import type { Escape, FileAnswer } from './backend.js';
import type { Crowded } from './open-handles.js';

/** What a guest is told that calls a function of WASI: an error number, whatever it is. */

export function done(fields: readonly Uint8Array[] = []): HostAnswer {
  return { ok: true, fields: [countField(ERRNO.success), ...fields] };
}

export function failedWith(errno: Errno): HostAnswer {
  return { ok: true, fields: [countField(errno)] };
}

export function deniedFile(kind: FileKind, path: string): HostRefusal {
  return { ...denied({ [kind]: path } as unknown as Permission), target: path };
}

/** It looks as on any system, and is a refusal for whoever audits. */
export function escapingFile(by: Escape, errno: Errno, path: string): HostRefusal {
  const message = 'this leads somewhere else than to a file of the root';
  return { ...refused('PERMISSION_DENIED', message, { errno }), reason: by, target: path };
}

type Full = Extract<FileAnswer<never>, { outcome: 'full' }>;

export function full({ of, used, max }: Full, inScratch: boolean): HostRefusal {
  const [what, limit] = inScratch
    ? ['the scratch directory has', `scratch-${of}`]
    : ['the plugin has added to files', `added-file-${of}`];
  const message = `${what} ${used} of ${max} ${of}, and this would be more`;
  return exhausted(message, { limit, max, used }, ERRNO.dquot);
}

export function tooManyOpen({ limit, max }: Crowded): HostRefusal {
  const errno = limit === 'file-handles' ? ERRNO.mfile : ERRNO.nfile;
  return exhausted(`${max} files are open, which is all there may be`, { limit, max }, errno);
}

/** The error number stands with the details, where the worker finds it. */
function exhausted(message: string, details: { limit: string; max: number; used?: number }, errno: Errno): HostRefusal {
  return { ...tooMuch(message, details), details: { ...details, errno } };
}

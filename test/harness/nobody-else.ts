import type { Asking } from '../../src/host/asking.js';
import type { MayUse, Rights } from '../../src/host/service.js';
import type { OthersInService } from '../../src/host/services.js';
import { fileRights } from '../../src/sandbox/file-rights.js';

/** A server with one plugin. */
export const NOBODY_ELSE: OthersInService = {
  layersOf: () => [],
  receivers: () => [],
  deliver: () => 'nobody',
  find: () => undefined,
  call: () => Promise.reject(new Error('there is no other plugin')),
};

/** Of a plugin that may do nothing with files. */
export const NO_FILES = fileRights({ asked: [], granted: [], denied: [] }, () => {});

/** What a plugin may do that may connect to nothing. */
export const rightsOf = (mayUse: MayUse): Rights => ({
  mayUse,
  has: mayUse,
  mayConnect: () => false,
  files: NO_FILES,
});

/** Outside of any call. */
export const askingUntil = (signal: AbortSignal): Asking => ({ signal, call: undefined });

import { statSync } from 'node:fs';
import type { ServerConfig } from '../config.js';
import type { Log } from '../observe/log.js';

const BY_OTHERS = 0o002;

/**
 * Says loudly which of the files that decide here every user of the machine may write: who may do that decides too. Where a file is
 * not there, or not yet, somebody else says so.
 */
export function warnOfOthers(
  { dataDir, accessFile, tlsKey, tlsCert }: Pick<ServerConfig, 'dataDir' | 'accessFile' | 'tlsKey' | 'tlsCert'>,
  log: Pick<Log, 'warn'>,
): void {
  for (const path of [dataDir, accessFile, tlsKey, tlsCert]) {
    if (path === undefined) continue;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && (stats.mode & BY_OTHERS) !== 0) {
      log.warn(
        { path },
        'every user of this machine may write here, and so decide who and what may run: take that away',
      );
    }
  }
}

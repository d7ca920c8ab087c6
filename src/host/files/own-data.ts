import { type BigIntStats, realpathSync, statSync } from 'node:fs';
import { stands } from '../../protocol/defences.js';
import { fault } from './file-fault.js';

/**
 * The server's own directory, in which a guest could decide what it may do. The configuration is looked at when the server starts;
 * this is for what has been linked, moved or mounted since then.
 */
export class OwnData {
  readonly #path: string;
  readonly #found: BigIntStats;

  /** @throws what the system says */
  constructor(directory: string) {
    this.#path = realpathSync(directory);
    this.#found = statSync(this.#path, { bigint: true });
  }

  /** @throws FileFault where a guest has come to it */
  requireOther({ dev, ino }: BigIntStats): void {
    if (ino === this.#found.ino && dev === this.#found.dev && stands('file-walk')) throw fault('perm');
  }

  /** @throws FileFault where a root has it inside or is inside it */
  requireApart(root: string): void {
    const below = (inner: string, outer: string): boolean =>
      `${inner}/`.startsWith(outer === '/' ? outer : `${outer}/`);
    if ((below(root, this.#path) || below(this.#path, root)) && stands('file-walk')) throw fault('perm');
  }
}

import { readFile } from 'node:fs/promises';
import { HostError } from '../errors.js';
import { SIGNATURE_LIMITS } from '../limits.js';
import { onlyUntilRestart, writeDataFile } from '../package/data-file.js';
import { systemCode } from '../package/durable-file.js';
import { keyIdOf } from '../package/signature/public-key.js';
import { findKey } from './find-key.js';
import { parseTrustDocument, trustDocument } from './trust-document.js';
import { checkKey, type KeyRequest } from './trust-request.js';
import type { KeyRing, TrustedKey } from './trusted-key.js';

/**
 * The keys that the operator has decided about: `trust.json` of the data directory. Trusting a key holds once the disk has it; revoking
 * one holds at once, and for good.
 */
export class TrustStore {
  readonly #path: string;
  readonly #asideDirectory: string;
  #ring: KeyRing;
  /** Changes happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, asideDirectory: string, ring: KeyRing) {
    this.#path = path;
    this.#asideDirectory = asideDirectory;
    this.#ring = ring;
  }

  /**
   * A missing file is a store without keys.
   *
   * @param asideDirectory of the same file system
   * @throws HostError DATA_DIR_DAMAGED; a damaged store is never taken for an empty one
   */
  static async open(path: string, asideDirectory: string): Promise<TrustStore> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new TrustStore(path, asideDirectory, new Map());
      throw error;
    }
    return new TrustStore(path, asideDirectory, parseTrustDocument(text));
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** By name, and then by id. */
  list(): TrustedKey[] {
    const order = ({ name, keyId }: TrustedKey): string => `${name}\0${keyId}`;
    return [...this.#ring.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  }

  /** As `findKey`. */
  find(idOrName: string): TrustedKey {
    return findKey(this.#ring, idOrName);
  }

  /**
   * What `trust` would refuse.
   *
   * @throws HostError REQUEST_INVALID, also where there are as many keys as may be; KEY_REVOKED
   */
  checkTrust(request: KeyRequest): KeyRequest {
    const asked = checkKey(request);
    const before = this.#ring.get(keyIdOf(asked.publicKey));
    if (before !== undefined && before.revokedAtMs !== 0) throw isRevokedForGood(before);
    if (before === undefined && this.#ring.size >= SIGNATURE_LIMITS.maxKeys) throw tooManyKeys();
    return asked;
  }

  /** A key that is trusted gets another name and other bounds. Errors as `checkTrust`. */
  trust(request: KeyRequest): Promise<TrustedKey> {
    return this.#inTurn(async () => {
      const asked = this.checkTrust(request);
      const keyId = keyIdOf(asked.publicKey);
      const trustedAtMs = this.#ring.get(keyId)?.trustedAtMs ?? Date.now();
      const key = { keyId, ...asked, trustedAtMs, revokedAtMs: 0 };
      const ring = new Map(this.#ring).set(keyId, key);
      await this.#write(ring);
      this.#ring = ring;
      return key;
    });
  }

  /** A key that was revoked before stays as it is. @throws HostError as `find`; DISK_FULL, and it is revoked all the same */
  revoke(idOrName: string): Promise<TrustedKey> {
    return this.#inTurn(async () => {
      const before = this.find(idOrName);
      const key = before.revokedAtMs === 0 ? { ...before, revokedAtMs: Date.now() } : before;
      // Before it is written: a disk that is full keeps no key in force.
      this.#ring = new Map(this.#ring).set(key.keyId, key);
      await this.#write(this.#ring).catch((error: unknown) => {
        throw onlyUntilRestart(error, `the key ${JSON.stringify(key.name)} is revoked`);
      });
      return key;
    });
  }

  async #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #write(ring: KeyRing): Promise<void> {
    await writeDataFile(this.#path, trustDocument(ring), { asideDirectory: this.#asideDirectory, durable: true });
  }
}

function isRevokedForGood({ name, keyId }: TrustedKey): HostError {
  return new HostError(
    'KEY_REVOKED',
    `${JSON.stringify(name)} (${keyId.slice(0, 16)}…) was revoked, which is for good: make another key with "hal9 key generate"`,
    { details: { key_id: keyId } },
  );
}

function tooManyKeys(): HostError {
  return new HostError(
    'REQUEST_INVALID',
    `expected at most ${SIGNATURE_LIMITS.maxKeys} keys, found as many; each plugin needs one alone`,
  );
}

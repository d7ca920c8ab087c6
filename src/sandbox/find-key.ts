import { HostError } from '../errors.js';
import type { KeyRing, TrustedKey } from './trusted-key.js';

/** So many digits of an id are enough to name a key. */
const PREFIX = /^[0-9a-f]{8,64}$/;

/**
 * The key of an id, of the first 8 or more digits of it, or of a name where that is unique.
 *
 * @throws HostError KEY_NOT_FOUND, KEY_AMBIGUOUS
 */
export function findKey(ring: KeyRing, idOrName: string): TrustedKey {
  const fits = ({ keyId, name }: TrustedKey): boolean =>
    name === idOrName || (PREFIX.test(idOrName) && keyId.startsWith(idOrName));
  const found = [...ring.values()].filter(fits);
  const exact = found.find(({ keyId }) => keyId === idOrName);
  if (exact !== undefined) return exact;
  const [key, another] = found;
  if (key === undefined) {
    const asked = JSON.stringify(idOrName);
    throw new HostError('KEY_NOT_FOUND', `no key has the id or the name ${asked}; see "hal9 key list"`);
  }
  if (another === undefined) return key;
  const ids = found.map(({ keyId }) => `${keyId.slice(0, 16)}…`).slice(0, 10);
  throw new HostError(
    'KEY_AMBIGUOUS',
    `${found.length} keys fit ${JSON.stringify(idOrName)}: ${ids.join(', ')}; use an id`,
  );
}

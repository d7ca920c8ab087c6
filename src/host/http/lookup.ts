import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { HTTP_LIMITS } from '../../limits/http.js';
import { Turns } from './turns.js';

export interface Address {
  address: string;
  family: 4 | 6;
}

/**
 * All addresses of a name, as the system knows them.
 * @param signal aborted when nobody waits for them any more
 * @throws what the system says, with a code such as ENOTFOUND
 */
export type Lookup = (name: string, signal: AbortSignal) => Promise<Address[]>;

const everybody = new Turns(HTTP_LIMITS.maxLookups);

/** Asks the system: its resolver, its hosts file. A few at a time, over all plugins. */
export function systemLookup(name: string, signal: AbortSignal): Promise<Address[]> {
  return everybody.take(signal, async () => {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  });
}

/** The address that a URL's host is; undefined for a name. */
export function literalAddress(host: string): Address | undefined {
  if (host.startsWith('[')) return { address: host.slice(1, -1), family: 6 };
  return isIPv4(host) ? { address: host, family: 4 } : undefined;
}

import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { HTTP_LIMITS } from '../../limits/http.js';

export interface Address {
  address: string;
  family: 4 | 6;
}

/** All addresses of a name, as the system knows them. @throws what the system says, with a code such as ENOTFOUND */
export type Lookup = (name: string) => Promise<Address[]>;

/** How many lookups are under way, and who waits for a place. */
let underWay = 0;
const waiting: (() => void)[] = [];

/** Asks the system: its resolver, its hosts file. A few at a time, over all plugins. */
export async function systemLookup(name: string): Promise<Address[]> {
  if (underWay >= HTTP_LIMITS.maxLookups) await new Promise<void>((go) => waiting.push(go));
  else underWay++;
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } finally {
    // The place goes on to who waits longest.
    const next = waiting.shift();
    if (next === undefined) underWay--;
    else next();
  }
}

/** The address that a URL's host is; undefined for a name. */
export function literalAddress(host: string): Address | undefined {
  if (host.startsWith('[')) return { address: host.slice(1, -1), family: 6 };
  return isIPv4(host) ? { address: host, family: 4 } : undefined;
}

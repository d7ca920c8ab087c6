import type { Permission } from '../../permissions.js';
import { stands } from '../../protocol/defences.js';
import { covers, intersect } from '../coverage.js';
import { givenParts, partsOf } from '../permission-parts.js';
import { permits, type Sheet } from '../permitted.js';
import { isPublicAddress } from './public-address.js';

/** Where a connection goes, once names are resolved. */
export interface Connection {
  kind: 'NetworkHttp' | 'NetworkHttps';
  /** IPv4 or IPv6, as the system writes it. */
  address: string;
  port: number;
}

/**
 * Whether a plugin may connect to an address, given that it may ask for the name. A public one it may, unless it is denied; any
 * other must be asked for and be granted by this very address: leave for any host, or for a name that leads there, is not enough.
 */
export function mayConnect(sheet: Sheet, connection: Connection): boolean {
  if (!stands('egress')) return true;
  const wanted = permissionFor(connection);
  if (wanted === undefined) return false;
  const parts = givenParts(wanted);
  if (sheet.denied.some((each) => intersect(partsOf(each), parts) !== undefined)) return false;
  if (isPublicAddress(connection.address)) return true;
  const named = sheet.granted.map(givenParts).filter(({ hosts }) => hosts?.includes(parts.hosts?.[0] ?? ''));
  return permits(sheet, wanted) && named.some((grant) => covers(grant, parts));
}

/** Undefined for an address that cannot stand in a URL, such as one with a zone. */
function permissionFor({ kind, address, port }: Connection): Permission | undefined {
  const text = address.includes(':') ? `[${address}]` : address;
  if (!URL.canParse(`http://${text}`)) return undefined;
  const hosts = [new URL(`http://${text}`).hostname];
  return kind === 'NetworkHttp'
    ? { NetworkHttp: { hosts, ports: [port] } }
    : { NetworkHttps: { hosts, ports: [port] } };
}

/** A permission taken apart, so that two of them can be compared. */

import type { Permission } from '../permissions.js';

export type PermissionKind = Permission extends infer P ? (P extends string ? P : keyof P) : never;

/**
 * What a permission is about. A part that is undefined is not bounded: any host, any port. A path begins with a slash and stands without one at its
 * end, host names are in lower case.
 */
export interface Parts {
  readonly kind: PermissionKind;
  /** Of the network: names, patterns such as `*.example.com`, addresses. */
  readonly hosts?: readonly string[] | undefined;
  readonly ports?: readonly number[] | undefined;
  readonly path?: string;
  /** An environment variable, or a plugin's id. */
  readonly name?: string;
}

/** The port of a protocol whose permission names none. TCP and UDP have none of their own: any. */
const OWN_PORTS: Readonly<Record<string, readonly number[]>> = { NetworkHttp: [80], NetworkHttps: [443] };

/** Takes a permission apart as it is written. */
export function partsOf(permission: Permission): Parts {
  if (typeof permission === 'string') return { kind: permission };
  const [[kind, value]] = Object.entries(permission) as [[PermissionKind, unknown]];
  if (kind.startsWith('Network')) {
    const { hosts, ports } = value as { hosts?: string[]; ports?: number[] };
    return { kind, hosts: hosts && distinct(hosts.map((host) => host.toLowerCase())), ports: ports && distinct(ports) };
  }
  if (kind.startsWith('File')) return { kind, path: absolute(value as string) };
  return { kind, name: value as string };
}

/** As `partsOf`, with the protocol's own port where a request or a grant names none. A denial that names none is of all ports. */
export function givenParts(permission: Permission): Parts {
  const parts = partsOf(permission);
  const own = OWN_PORTS[parts.kind];
  return own === undefined || parts.ports !== undefined ? parts : { ...parts, ports: own };
}

/** The permission that the parts make up, always in the same spelling. */
export function permissionOf({ kind, hosts, ports, path, name }: Parts): Permission {
  if (path !== undefined) return { [kind]: path } as unknown as Permission;
  if (name !== undefined) return { [kind]: name } as unknown as Permission;
  const named = ports !== undefined && same(ports, OWN_PORTS[kind]) ? undefined : ports;
  if (hosts === undefined && named === undefined) return kind as Permission;
  return { [kind]: { ...(hosts && { hosts }), ...(named && { ports: named }) } } as unknown as Permission;
}

/** The permission as one JSON text: the same text for permissions that mean the same. */
export function permissionJson(permission: Permission): string {
  return JSON.stringify(permissionOf(givenParts(permission)));
}

/** An address is no name: its last part is a number (URL standard, "ends in a number"), or it stands in brackets. */
export function isAddress(host: string): boolean {
  return /^\[|(^|\.)(\d+|0[xX][0-9A-Fa-f]*)$/.test(host);
}

function distinct<T extends string | number>(values: readonly T[]): T[] {
  return [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));
}

function same(a: readonly number[], b: readonly number[] | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((value, index) => value === b[index]);
}

/** Guests name paths from their own root, which a permission may leave out. */
function absolute(path: string): string {
  const whole = path.startsWith('/') ? path : `/${path}`;
  return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
}

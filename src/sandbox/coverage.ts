/** What two permissions have in common, and whether one takes in the other. Pure functions. */

import { isAddress, type Parts } from './permission-parts.js';

/** Whether everything that `narrow` is about, `wide` is about too. */
export function covers(wide: Parts, narrow: Parts): boolean {
  if (wide.kind !== narrow.kind) return false;
  if (wide.path !== undefined) return pathWithin(wide.path, narrow.path ?? '');
  if (wide.name !== undefined) return wide.name === narrow.name;
  return hostsWithin(wide.hosts, narrow.hosts) && portsWithin(wide.ports, narrow.ports);
}

/** What both are about; undefined where that is nothing. An empty list is nothing. */
export function intersect(a: Parts, b: Parts): Parts | undefined {
  if (a.kind !== b.kind) return undefined;
  if (a.path !== undefined || a.name !== undefined) {
    if (covers(a, b)) return b;
    return covers(b, a) ? a : undefined;
  }
  const hosts = commonHosts(a.hosts, b.hosts);
  const ports = commonPorts(a.ports, b.ports);
  return hosts?.length === 0 || ports?.length === 0 ? undefined : { kind: a.kind, hosts, ports };
}

/** Whether something of the list is about a part of it. */
export function overlapsAny(list: readonly Parts[], parts: Parts): boolean {
  return list.some((each) => intersect(each, parts) !== undefined);
}

/**
 * What is left of a permission that is denied in part; undefined where that is nothing. Hosts and ports that are denied go.
 * What cannot be written without a "but not" stays (`*.example.com` less `a.example.com`): whoever asks whether something is
 * permitted asks the denials too (`permitted.ts`).
 */
export function subtract(from: Parts, denied: Parts): Parts | undefined {
  if (covers(denied, from)) return undefined;
  if (intersect(from, denied) === undefined || from.path !== undefined) return from;
  if (from.hosts !== undefined && portsWithin(denied.ports, from.ports)) {
    return { ...from, hosts: from.hosts.filter((host) => !hostsWithin(denied.hosts, [host])) };
  }
  if (from.ports !== undefined && hostsWithin(denied.hosts, from.hosts)) {
    return { ...from, ports: from.ports.filter((port) => !portsWithin(denied.ports, [port])) };
  }
  return from;
}

/**
 * Whether a pattern takes in a host, or a narrower pattern. `*.example.com` is every name below example.com, at any depth; never
 * example.com itself, another name that ends alike, or an address.
 */
export function hostMatches(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!pattern.startsWith('*.') || isAddress(host)) return false;
  return host.endsWith(pattern.slice(1));
}

function hostsWithin(wide: Parts['hosts'], narrow: Parts['hosts']): boolean {
  if (wide === undefined) return true;
  return narrow?.every((host) => wide.some((pattern) => hostMatches(pattern, host))) ?? false;
}

function portsWithin(wide: Parts['ports'], narrow: Parts['ports']): boolean {
  if (wide === undefined) return true;
  return narrow?.every((port) => wide.includes(port)) ?? false;
}

function commonHosts(a: Parts['hosts'], b: Parts['hosts']): Parts['hosts'] {
  if (a === undefined || b === undefined) return a ?? b;
  const both = [...a.filter((host) => hostsWithin(b, [host])), ...b.filter((host) => hostsWithin(a, [host]))];
  return [...new Set(both)].sort();
}

function commonPorts(a: Parts['ports'], b: Parts['ports']): Parts['ports'] {
  if (a === undefined || b === undefined) return a ?? b;
  return a.filter((port) => b.includes(port));
}

/** `/data` takes in `/data/x`; `/` takes in every path that begins with one. */
function pathWithin(wide: string, narrow: string): boolean {
  return wide === narrow || narrow.startsWith(wide === '/' ? wide : `${wide}/`);
}

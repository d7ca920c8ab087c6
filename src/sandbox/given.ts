/**
 * What a grant gives of what a plugin asks for. An address that is not public is given by its own name alone: leave for any host
 * takes it in, so that it can be asked for, and does not give it. Pure functions.
 */

import { covers, intersect } from './coverage.js';
import { isPublicAddress } from './network/public-address.js';
import { isAddress, type Parts } from './permission-parts.js';

/** What both are about, less the addresses that are not public and that the grant does not name; undefined where that is nothing. */
export function givenOf(asked: Parts, grant: Parts): Parts | undefined {
  const common = intersect(asked, grant);
  return common && withHosts(common, (host) => !isInternal(host) || names(grant, host));
}

/** Whether a grant gives all that another one would. */
export function givesAll(grant: Parts, other: Parts): boolean {
  return covers(grant, other) && (other.hosts ?? []).every((host) => !isInternal(host) || names(grant, host));
}

/** What is given of a request by all of the grants. One grant that takes in all of it is the usual case, and then the answer. */
export function allGiven(asked: Parts, grants: readonly Parts[]): Parts[] {
  const each = grants.flatMap((grant) => givenOf(asked, grant) ?? []);
  if (!grants.some((grant) => covers(grant, asked))) return each;
  const isGiven = (host: string): boolean => grants.some((grant) => givesAll(grant, { ...asked, hosts: [host] }));
  const whole = withHosts(asked, (host) => !isInternal(host) || isGiven(host));
  const byName = each.flatMap((parts) => (parts.hosts && withHosts(parts, isInternal)) ?? []);
  return whole === undefined ? byName : [whole, ...byName.filter((parts) => !givesAll(whole, parts))];
}

/** An address, and none of the public Internet. */
export function isInternal(host: string): boolean {
  return isAddress(host) && !isPublicAddress(host.replace(/^\[|\]$/g, ''));
}

function names({ hosts }: Parts, host: string): boolean {
  return hosts?.includes(host) ?? false;
}

function withHosts(parts: Parts, isKept: (host: string) => boolean): Parts | undefined {
  if (parts.hosts === undefined) return parts;
  const hosts = parts.hosts.filter(isKept);
  return hosts.length === 0 ? undefined : { ...parts, hosts };
}

import { HostError } from '../errors.js';
import type { Permission } from '../permissions.js';
import { intersect } from './coverage.js';
import type { Decisions } from './decisions.js';
import { givenOf } from './given.js';
import { givenParts, type Parts } from './permission-parts.js';
import { listedPermissions } from './undecided-message.js';

/**
 * A grant by command answers what a plugin asks for. One that answers nothing would be a slip of the pen, or would keep a later
 * version that asks for it from being stopped. A denial may name anything: it only takes.
 *
 * @throws HostError REQUEST_INVALID naming the grants that have nothing in common with what is asked for
 */
export function requireAsked(asked: readonly Permission[], { grant }: Decisions): void {
  const parts = asked.map(givenParts);
  const gives = (permission: Permission): boolean =>
    parts.some((each) => givenOf(each, givenParts(permission)) !== undefined);
  const strays = grant.filter((permission) => !gives(permission));
  if (strays.length === 0) return;
  const found = asked.length === 0 ? 'nothing that needs a permission' : listedPermissions(asked);
  throw new HostError(
    'REQUEST_INVALID',
    `decisions.grant: expected permissions that the plugin asks for, found ${listedPermissions(strays)}; it asks for ${found}${reasonOf(parts, strays.map(givenParts))}`,
  );
}

/** What cannot be seen of the permissions as they are written: a port that is not, and an address that any host does not give. */
function reasonOf(asked: readonly Parts[], strays: readonly Parts[]): string {
  for (const stray of strays) {
    for (const each of asked) {
      if (intersect(each, stray) !== undefined) return ' (an address that is not public must be granted by its name)';
      const atItsPorts = { ...stray, ports: each.ports };
      if (intersect(each, atItsPorts) !== undefined)
        return ` (asked for: ${portsText(each)}; granted: ${portsText(stray)})`;
    }
  }
  return '';
}

function portsText({ ports = [] }: Parts): string {
  return `${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`;
}

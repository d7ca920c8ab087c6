import { HostError } from '../errors.js';
import type { Permission } from '../permissions.js';
import { overlapsAny } from './coverage.js';
import type { Decisions } from './decisions.js';
import { partsOf } from './permission-parts.js';
import { listedPermissions } from './undecided-message.js';

/**
 * A grant by command answers what a plugin asks for. One that answers nothing would be a slip of the pen, or would keep a later
 * version that asks for it from being stopped. A denial may name anything: it only takes.
 *
 * @throws HostError REQUEST_INVALID naming the grants that have nothing in common with what is asked for
 */
export function requireAsked(asked: readonly Permission[], { grant }: Decisions): void {
  const parts = asked.map(partsOf);
  const strays = grant.filter((permission) => !overlapsAny(parts, partsOf(permission)));
  if (strays.length === 0) return;
  const found = asked.length === 0 ? 'nothing that needs a permission' : listedPermissions(asked);
  throw new HostError(
    'REQUEST_INVALID',
    `decisions.grant: expected permissions that the plugin asks for, found ${listedPermissions(strays)}; it asks for ${found}`,
  );
}

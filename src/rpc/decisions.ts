import { HostError } from '../errors.js';
import { MANIFEST_LIMITS } from '../limits.js';
import type { Permission } from '../permissions.js';
import { type Decisions, NO_DECISIONS } from '../sandbox/decisions.js';
import { readPermission } from '../sandbox/permission-text.js';

/** `hal9.plugin.v1.Decisions`, decoded. */
export interface DecisionsMessage {
  grant: readonly string[];
  deny: readonly string[];
  rest: string;
}

const REST: Readonly<Record<string, Decisions['rest']>> = {
  REST_UNSPECIFIED: 'keep',
  REST_GRANT: 'grant',
  REST_DENY: 'deny',
};

/** @throws HostError REQUEST_INVALID naming the field */
export function readDecisions(message: DecisionsMessage | null | undefined): Decisions {
  if (message === null || message === undefined) return NO_DECISIONS;
  const rest = REST[message.rest];
  if (rest === undefined) {
    throw new HostError('REQUEST_INVALID', `decisions.rest: expected one of ${Object.keys(REST).join(', ')}`);
  }
  return { grant: readList(message.grant, 'grant'), deny: readList(message.deny, 'deny'), rest };
}

function readList(texts: readonly string[], name: 'grant' | 'deny'): Permission[] {
  if (texts.length > MANIFEST_LIMITS.maxPermissions) {
    throw new HostError(
      'REQUEST_INVALID',
      `decisions.${name}: at most ${MANIFEST_LIMITS.maxPermissions} permissions, found ${texts.length}`,
    );
  }
  return texts.map((text, index) => readPermission(text, `decisions.${name}[${index}]`));
}

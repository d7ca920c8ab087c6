import { limitName } from '../limits/plugin-limits.js';
import type { Permission } from '../permissions.js';
import type { HostErrorCode, HostRefusal } from '../protocol/host-calls.js';

/** What a plugin is told when it does not get what it asked for: words about its own request, never about the host. */

/** What became of a host call, for the metric. */
export type Decision = 'allowed' | 'denied' | 'limited' | 'invalid' | 'failed' | 'cancelled';

export function denied(permission: Permission): HostRefusal {
  const text = JSON.stringify(permission);
  return {
    ok: false,
    code: 'PERMISSION_DENIED',
    message: `this needs the permission ${text}, which the plugin does not have`,
    details: { permission },
  };
}

/** The name may be asked for, but where it leads may not be connected to. Which address that is, is not said. */
export function deniedAddress(permission: Permission): HostRefusal {
  return {
    ok: false,
    code: 'PERMISSION_DENIED',
    message: 'the host has an address that is not public, or is denied, and that the plugin was not granted as such',
    details: { permission, of: 'address' },
  };
}

/** @param code of the system, such as ECONNREFUSED */
export function networkError(message: string, code: string): HostRefusal {
  return { ok: false, code: 'NETWORK_ERROR', message, details: { code } };
}

export function timedOut(): HostRefusal {
  return { ok: false, code: 'TIMEOUT', message: 'the request took longer than it may' };
}

export function refused(code: HostErrorCode, message: string, details: unknown): HostRefusal {
  return { ok: false, code, message, details };
}

export function invalid(message: string): HostRefusal {
  return { ok: false, code: 'INVALID_INPUT', message };
}

/** More in a time than a plugin may; for guests that may see time. The worker does not ask again before it is of use. */
export function tooOften(what: string, retryAfterMs: number): HostRefusal {
  return {
    ok: false,
    code: 'RESOURCE_EXHAUSTED',
    message: `more ${what} a second than a plugin may; try again in ${retryAfterMs} ms`,
    details: { limit: limitName(what), retry_after_ms: retryAfterMs },
    quietMs: retryAfterMs,
  };
}

/** More than there may be. Waiting helps only where the details say how long. */
export function tooMuch(
  message: string,
  details: { limit: string; max: number; used?: number; retry_after_ms?: number },
): HostRefusal {
  return { ok: false, code: 'RESOURCE_EXHAUSTED', message, details, limit: details.limit };
}

/** A service that this host does not have. */
export function notHere(operation: string): HostRefusal {
  return { ok: false, code: 'NOT_IMPLEMENTED', message: `there is no ${operation} here` };
}

/** Nobody reads it: the life that asked is over. */
export function ended(): HostRefusal {
  return { ok: false, code: 'TIMEOUT', message: 'the call has ended' };
}

export function failed(): HostRefusal {
  return { ok: false, code: 'INTERNAL_ERROR', message: 'the server failed; its log says more' };
}

/** By the code of the answer. What another plugin says was allowed to be asked for. */
export function decisionOf(refusal: HostRefusal): Decision {
  if (refusal.foreign) return 'allowed';
  switch (refusal.code) {
    case 'PERMISSION_DENIED':
      return 'denied';
    case 'RESOURCE_EXHAUSTED':
      return 'limited';
    case 'INVALID_INPUT':
      return 'invalid';
    default:
      return 'failed';
  }
}

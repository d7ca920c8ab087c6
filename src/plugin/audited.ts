import { HostError } from '../errors.js';
import type { Audit, AuditEvent } from '../sandbox/audit/audit-event.js';
import type { InstalledPlugin } from './installed-plugin.js';
import type { PluginGrants } from './plugin-grants.js';

/** An event about a plugin. */
export function about(
  plugin: Pick<InstalledPlugin, 'ref'>,
  event: AuditEvent['event'],
  actor: string,
  details: Record<string, string> = {},
): AuditEvent {
  return { event, actor, plugin: plugin.ref, details };
}

/**
 * Carries out a change whose line is on the disk before it begins. One that fails then gets a second line that says so.
 *
 * @throws HostError AUDIT_UNAVAILABLE, and nothing has been done; what the action throws.
 */
export async function audited<T>(audit: Audit, event: AuditEvent, action: () => Promise<T>): Promise<T> {
  await audit.append(event);
  return orFailed(audit, event, action);
}

/** As `audited`, for what takes authority away: a full disk does not hold it up. */
export async function auditedAnyway<T>(audit: Audit, event: AuditEvent, action: () => Promise<T>): Promise<T> {
  await audit.appendOrNote(event);
  return orFailed(audit, event, action);
}

async function orFailed<T>(audit: Audit, event: AuditEvent, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    audit.note({ ...event, event: 'change.failed', details: { of: event.event, ...refusalOf(error) } });
    throw error;
  }
}

/** Notes what is refused on the way, with its reason. That the caller went away, or the server stops, is no refusal. */
export async function denied<T>(audit: Audit, event: AuditEvent, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { reason } = HostError.from(error);
    if (!['CALL_CANCELLED', 'STOPPING', 'INTERNAL'].includes(reason)) {
      audit.note({ ...event, event: 'denial', details: { of: event.event, ...event.details, ...refusalOf(error) } });
    }
    throw error;
  }
}

/** For a line: the reason that scripts match on, and the words for a person. */
export function refusalOf(error: unknown): { reason: string; message: string } {
  const { reason, message } = HostError.from(error);
  return { reason, message };
}

/** Of no interest where decisions are told. */
const NO_ROOTS = { withoutRoot: () => [] };

/** What an audit line says of a plugin's permissions. */
export function decisionDetails(grants: PluginGrants): Record<string, string> {
  const { granted, denied, effective } = grants.view([], NO_ROOTS);
  if (granted.length + denied.length === 0) return {};
  return { granted: granted.join(' '), denied: denied.join(' '), effective: effective.join(' ') };
}

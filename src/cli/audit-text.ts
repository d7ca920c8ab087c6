import type { AuditEntry } from '../sandbox/audit/audit-line.js';

/** One line for a person: `12 2026-01-02T03:04:05.678Z plugin.kill by server: echo 0.1.0 (…) reason=deadline`. */
export function entryText({ seq, at, event, actor, plugin, details }: AuditEntry): string {
  const whom = plugin === undefined ? '' : `: ${plugin.name} ${plugin.version} (${plugin.id})`;
  const more = Object.entries(details).map(
    ([key, value]) => ` ${key}=${/[\s"=]/.test(value) ? JSON.stringify(value) : value}`,
  );
  return `${seq} ${at} ${event} by ${actor}${whom}${more.join('')}`;
}

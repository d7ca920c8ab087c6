import type { ServerConfig } from '../config.js';
import type { Log } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import { SERVER_ACTOR } from '../sandbox/audit/audit-event.js';
import { sha256 } from '../sandbox/audit/audit-line.js';
import { AuditLog } from '../sandbox/audit/audit-log.js';
import { VERSION } from '../version.js';

/** That a server starts must not depend on the audit log: calls go on without it, and what changes anything does not. */
export function openAudit(directory: string, config: ServerConfig, to: { metrics: Metrics; log: Log }): AuditLog {
  const audit = new AuditLog({ directory, log: to.log });
  to.metrics.watchAudit(() => audit.counts);
  const details = {
    version: VERSION,
    node: process.version,
    pid: String(process.pid),
    // The settings themselves may hold secrets and paths. That they are others than at the last start is what counts.
    config_sha256: sha256(JSON.stringify(config)),
  };
  audit.note({ event: 'server.start', actor: SERVER_ACTOR, details });
  return audit;
}

/** After everything that may still tell it something. */
export async function closeAudit(audit: AuditLog): Promise<void> {
  audit.note({ event: 'server.stop', actor: SERVER_ACTOR });
  await audit.close();
}

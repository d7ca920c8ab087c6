import { Denials } from '../access/denials.js';
import { Gatekeeper } from '../access/gatekeeper.js';
import type { ServerConfig } from '../config.js';
import type { Log } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import type { Audit } from '../sandbox/audit/audit-event.js';

/** The actor of somebody who is not known. */
const NOBODY = 'nobody';

/** Who is turned away, told to the log, the metrics and the audit log. */
export function openDenials(to: { log: Log; metrics: Metrics; audit: Audit }): Denials {
  return new Denials({
    ...to,
    onDenial({ reason, actor, target, detail }, count) {
      const details = { of: target, reason, ...(detail === '' ? {} : { detail }), count: String(count) };
      to.audit.note({ event: 'denial', actor: actor || NOBODY, details });
    },
  });
}

/** Undefined without an access file: then whoever can connect, from this machine alone, may do everything. */
export function openGatekeeper({ accessFile }: ServerConfig, denials: Denials): Gatekeeper | undefined {
  return accessFile === undefined ? undefined : Gatekeeper.open(accessFile, denials);
}

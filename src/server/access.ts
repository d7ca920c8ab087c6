import { Denials } from '../access/denials.js';
import { Gatekeeper } from '../access/gatekeeper.js';
import { Tls } from '../access/tls.js';
import { TlsTerminator } from '../access/tls-terminator.js';
import type { ServerConfig } from '../config.js';
import type { Log } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import type { ListenOptions } from '../rpc/listener.js';
import { type Audit, SERVER_ACTOR } from '../sandbox/audit/audit-event.js';
import { sha256 } from '../sandbox/audit/audit-line.js';
import { warnOfOthers } from './writable-by-others.js';

/** The actor of somebody who is not known. */
const NOBODY = 'nobody';

/** Where the parts tell what they do. */
export interface Told {
  log: Log;
  metrics: Pick<Metrics, 'denied' | 'watchTls'>;
  audit: Pick<Audit, 'note'>;
}

/** Who gets in, and how. */
export interface ServerAccess {
  gatekeeper: Gatekeeper | undefined;
  tls: Tls | undefined;
  /** For the gRPC listener. */
  secured: ListenOptions['secured'];
  /** Tells of what has been denied and is not told yet. */
  close(): void;
}

/** @throws HostError CONFIG_INVALID for an access file or files of TLS that are broken. */
export async function openAccess(config: ServerConfig, to: Told): Promise<ServerAccess> {
  warnOfOthers(config, to.log);
  const denials = openDenials(to);
  const gatekeeper = openGatekeeper(config, denials);
  const tls = await openTls(config, to);
  const close = (): void => {
    denials.flush();
    tls?.close();
  };
  return { gatekeeper, tls, secured: securing(config, tls, denials), close };
}

/** Who is turned away, told to the log, the metrics and the audit log. */
function openDenials(to: Told): Denials {
  return new Denials({
    ...to,
    onDenial({ reason, actor, target, detail }, count) {
      const details = { of: target, reason, ...(detail === '' ? {} : { detail }), count: String(count) };
      to.audit.note({ event: 'denial', actor: actor || NOBODY, details });
    },
  });
}

/** Undefined without an access file: then whoever can connect, from this machine alone, may do everything. */
function openGatekeeper({ accessFile }: ServerConfig, denials: Denials): Gatekeeper | undefined {
  return accessFile === undefined ? undefined : Gatekeeper.open(accessFile, denials);
}

/** Undefined where TLS is not asked for. */
async function openTls(config: ServerConfig, { log, metrics, audit }: Told): Promise<Tls | undefined> {
  const { tlsCert: cert, tlsKey: key, tlsClientCa: clientCa } = config;
  if (cert === undefined || key === undefined) return undefined;
  const note = (details: Record<string, string>): void =>
    audit.note({ event: 'config.change', actor: SERVER_ACTOR, details: { of: 'tls', ...details } });
  const tls = await Tls.open(
    { cert, key, clientCa },
    {
      log,
      onTaken: () => note({ sha256: sha256(tls.files.cert.toString('latin1')) }),
      onRefused: (refused) => note({ refused }),
    },
  );
  metrics.watchTls(() => tls.counts);
  return tls;
}

/** What does the handshakes of the gRPC listener. A Unix socket has none: its mode says who may connect. */
function securing(config: ServerConfig, tls: Tls | undefined, denials: Denials): ListenOptions['secured'] {
  if (tls === undefined || config.grpcListen.type === 'unix') return undefined;
  return (onSecured) => new TlsTerminator({ tls, denials, onSecured });
}

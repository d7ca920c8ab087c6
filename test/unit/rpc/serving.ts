import { loadConfig, type ServerFlags } from '../../../src/config.js';
import { createLog, type Log } from '../../../src/observe/log.js';
import type { ServiceBinding } from '../../../src/rpc/definitions.js';
import { managementService } from '../../../src/rpc/management.js';
import { type RpcOptions, type RpcServer, startRpc } from '../../../src/rpc/server.js';
import type { AuditEvent } from '../../../src/sandbox/audit/audit-event.js';
import { openAccess, type ServerAccess } from '../../../src/server/access.js';
import { MemoryPlugins } from './memory-plugins.js';

/** The gRPC server with its management service over plugins in memory. */
export interface Serving {
  rpc: RpcServer;
  plugins: MemoryPlugins;
  /** Reasons of refusals, in order. */
  refused: string[];
  /** Reasons of denials, in order. */
  denied: string[];
  audited: AuditEvent[];
  access: ServerAccess;
}

export async function serveMemory(
  flags: ServerFlags = {},
  services: readonly ServiceBinding[] = [],
  log: Log = createLog({ level: 'silent', format: 'json' }).log,
  parts: Partial<RpcOptions> = {},
): Promise<Serving> {
  const plugins = new MemoryPlugins();
  const refused: string[] = [];
  const denied: string[] = [];
  const audited: AuditEvent[] = [];
  const config = loadConfig({ grpcListen: '127.0.0.1:0', ...flags }, {});
  const access = await openAccess(config, {
    log,
    metrics: { denied: (reason) => void denied.push(reason), watchTls: () => {} },
    audit: { note: (event) => void audited.push(event) },
  });
  const rpc = await startRpc({
    config,
    log,
    ...access,
    metrics: { refused: (reason) => void refused.push(reason) },
    services: [managementService(plugins), ...services],
    ...parts,
  });
  rpc.serve();
  return { rpc, plugins, refused, denied, audited, access };
}

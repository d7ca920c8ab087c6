import type { Log } from '../observe/log.js';
import { keyIdOf } from '../package/signature/public-key.js';
import type { Audit, AuditEvent } from '../sandbox/audit/audit-event.js';
import type { KeyRequest } from '../sandbox/trust-request.js';
import type { TrustStore } from '../sandbox/trust-store.js';
import type { TrustedKey } from '../sandbox/trusted-key.js';
import { audited, auditedAnyway, denied } from './audited.js';
import type { Requester } from './plugins-api.js';

/** What operators do with keys. Every method throws HostError. */
export interface Keys {
  list(): readonly TrustedKey[];
  trust(request: KeyRequest, by: Requester): Promise<ChangedKey>;
  /** @param idOrName as `findKey` */
  revoke(idOrName: string, by: Requester): Promise<ChangedKey>;
}

/** A key after its change, and the ids of the plugins that were taken out of service since nobody else vouches for them. */
export interface ChangedKey {
  key: TrustedKey;
  deactivated: readonly string[];
}

export interface OperatorKeysParts {
  store: TrustStore;
  plugins: { dropUntrusted(by: Requester): Promise<readonly string[]> };
  audit: Audit;
  log: Log;
}

/** The keys of this server's operator, and what a change of them means for its plugins. */
export class OperatorKeys implements Keys {
  readonly #parts: OperatorKeysParts;

  constructor(parts: OperatorKeysParts) {
    this.#parts = parts;
  }

  list(): readonly TrustedKey[] {
    return this.#parts.store.list();
  }

  async trust(request: KeyRequest, by: Requester): Promise<ChangedKey> {
    const { store, audit } = this.#parts;
    const { name, pluginIds, authors } = request;
    const bounds = { plugin_ids: pluginIds.join(' '), authors: JSON.stringify(authors) };
    const details = { key_id: keyIdOf(request.publicKey), name, ...bounds };
    const event: AuditEvent = { event: 'key.trust', actor: by.actor, details };
    await denied(audit, event, async () => store.checkTrust(request));
    const key = await audited(audit, event, () => store.trust(request));
    this.#tell(key, 'trusted');
    // It may have been trusted for more before.
    return { key, deactivated: await this.#drop(by) };
  }

  async revoke(idOrName: string, by: Requester): Promise<ChangedKey> {
    const { store, audit } = this.#parts;
    const { keyId, name } = store.find(idOrName);
    const event: AuditEvent = { event: 'key.revoke', actor: by.actor, details: { key_id: keyId, name } };
    let failure: unknown;
    const revoked = await auditedAnyway(audit, event, () => store.revoke(keyId)).catch((error: unknown) => {
      failure = error;
      return undefined;
    });
    // Also where the disk would not have it: the key is revoked for as long as this server runs.
    const deactivated = await this.#drop(by).catch((error: unknown) => {
      failure ??= error;
      return [];
    });
    if (revoked === undefined || failure !== undefined) throw failure;
    this.#tell(revoked, 'revoked');
    return { key: revoked, deactivated };
  }

  async #drop(by: Requester): Promise<readonly string[]> {
    // The caller may go; what nobody vouches for has to.
    return this.#parts.plugins.dropUntrusted({ actor: by.actor });
  }

  #tell({ keyId, name, pluginIds, authors }: TrustedKey, what: string): void {
    this.#parts.log.info({ keyId, name, pluginIds, authors }, `key ${what}`);
  }
}

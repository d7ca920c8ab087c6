import { HostError } from '../errors.js';
import { REQUEST_LIMITS } from '../limits.js';
import type { Keys } from '../plugin/operator-keys.js';
import type { TrustedKey } from '../sandbox/trusted-key.js';
import { keysDefinition, type ServiceBinding } from './definitions.js';
import { unary } from './unary.js';

/** `hal9.plugin.v1.TrustKeyRequest`. */
interface TrustKeyRequest {
  publicKey: Buffer;
  name: string;
  pluginIds: string[];
  authors: string[];
}

/** The service `KeyManagement` over the keys of this server's operator. */
export function keyService(keys: Keys): ServiceBinding {
  return {
    definition: keysDefinition,
    implementation: {
      TrustKey: unary(async ({ publicKey, name, pluginIds, authors }: TrustKeyRequest, by) => {
        const { key, deactivated } = await keys.trust({ publicKey, name, pluginIds, authors }, by);
        return { key: toMessage(key), deactivatedPluginIds: deactivated };
      }),
      RevokeKey: unary(async (request: { key: string }, by) => {
        const { key, deactivated } = await keys.revoke(nameOf(request), by);
        return { key: toMessage(key), deactivatedPluginIds: deactivated };
      }),
      ListKeys: unary(() => ({ keys: keys.list().map(toMessage) })),
    },
  };
}

function nameOf({ key }: { key: string }): string {
  if (key === '') throw new HostError('REQUEST_INVALID', 'key: expected the id or the name of a key, found nothing');
  if (Buffer.byteLength(key) > REQUEST_LIMITS.maxNameBytes)
    throw new HostError('REQUEST_INVALID', `key: expected at most ${REQUEST_LIMITS.maxNameBytes} bytes`);
  return key;
}

/** `hal9.plugin.v1.Key`. */
function toMessage({ publicKey, ...plain }: TrustedKey): object {
  return { ...plain, publicKey: Buffer.from(publicKey) };
}

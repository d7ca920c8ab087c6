/** Why a plugin may not run for want of a signature that counts, and the command that comes next. */

import { HostError } from '../errors.js';
import { shellWord } from '../observe/shell-word.js';
import type { SignedPlugin, Standing } from './standing.js';
import type { TrustedKey } from './trusted-key.js';

const SIGN_IT = 'hal9 plugin sign PACKAGE --key FILE';

const title = ({ name, version }: SignedPlugin): string => `${name} ${version}`;
const keyTitle = ({ name, keyId }: TrustedKey): string => `${JSON.stringify(name)} (${short(keyId)})`;
const short = (keyId: string): string => `${keyId.slice(0, 16)}…`;

export function isMissing(plugin: SignedPlugin): HostError {
  const inside = plugin.signedInside ? ' (the "signature" in its manifest does not count: it signs nothing else)' : '';
  return new HostError(
    'SIGNATURE_MISSING',
    `${title(plugin)} is not signed${inside}; sign it: ${SIGN_IT} (a key comes from "hal9 key generate"); ` +
      'for development, a server started with --development takes it as it is',
  );
}

/** @param base64 the public key */
export function isUnknown(plugin: SignedPlugin, base64: string, keyId: string): HostError {
  return new HostError(
    'KEY_UNTRUSTED',
    `${title(plugin)} is signed by the key ${short(keyId)}, which is not trusted; when you know from its owner that it is theirs: ` +
      `hal9 key trust ${base64} --name NAME`,
    { details: { key_id: keyId, public_key: base64 } },
  );
}

export function isRevoked(plugin: SignedPlugin, key: TrustedKey): HostError {
  const when = new Date(key.revokedAtMs).toISOString();
  return new HostError(
    'KEY_REVOKED',
    `${title(plugin)} is signed by ${keyTitle(key)}, which was revoked on ${when}; get a package that another key has signed, ` +
      `or vouch for this one yourself: ${SIGN_IT}`,
    { details: { key_id: key.keyId } },
  );
}

/** The key is trusted, for other plugins. */
export function isBound(plugin: SignedPlugin, key: TrustedKey): HostError {
  return new HostError(
    'KEY_UNTRUSTED',
    `${title(plugin)} is signed by ${keyTitle(key)}, which may sign other plugins and not ${plugin.id} of the author ` +
      `${JSON.stringify(plugin.author)}; to let it: ${widening(plugin, key)}`,
    { details: { key_id: key.keyId } },
  );
}

/** Nobody who signed the version that is installed has signed this one. */
export function isOtherPublisher(plugin: SignedPlugin, before: Standing['signers']): HostError {
  const names = before.map(({ keyId, name }) => `${JSON.stringify(name)} (${short(keyId)})`).join(', ');
  return new HostError(
    'PUBLISHER_CHANGED',
    `${title(plugin)} is not signed by ${names}, who signed the version that is installed, and would take over its grants, ` +
      'configuration and memory; have it signed by both, or uninstall the plugin first',
  );
}

/** The command that keeps the bounds of a key and adds what this plugin needs. */
function widening(plugin: SignedPlugin, { publicKey, name, pluginIds, authors }: TrustedKey): string {
  const more = (bounds: readonly string[], value: string): readonly string[] =>
    bounds.length === 0 || bounds.includes(value) ? bounds : [...bounds, value];
  const flags = [
    `--name ${shellWord(name)}`,
    ...more(pluginIds, plugin.id).map((id) => `--plugin-id ${shellWord(id)}`),
    ...more(authors, plugin.author).map((author) => `--author ${shellWord(author)}`),
  ];
  return `hal9 key trust ${Buffer.from(publicKey).toString('base64')} ${flags.join(' ')}`;
}

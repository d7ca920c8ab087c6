import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from './access-list.js';

/** The certificate that a client has shown and that was verified; undefined where it showed none that was. */
export function clientCertificate(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { fingerprint256, subject, valid_to: validTo } = socket.getPeerCertificate();
  if (fingerprint256 === undefined) return undefined;
  // Node gives a list where there are several, whatever its types say.
  const commonName: unknown = subject?.CN;
  return {
    sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
    commonName: typeof commonName === 'string' ? commonName : '',
    validToMs: Date.parse(validTo),
  };
}

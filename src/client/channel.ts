import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';

/** PEM. Without `ca`, the authorities count that Node trusts. */
export interface ClientTls {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/** What is sent as the name of a server that is called by its address: nobody's, since RFC 6066 wants names there. */
const NO_NAME = 'address.invalid';

/** Credentials of a channel to that address, and the options that belong to them. */
export function channelOf(
  address: string,
  tls: ClientTls | undefined,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const [ca, key, cert] = [tls.ca ?? null, tls.key ?? null, tls.cert ?? null];
  const ip = addressLiteral(address);
  if (ip === undefined) return { credentials: credentials.createSsl(ca, key, cert), options: {} };
  return {
    // The certificate must have the address itself, whatever name was sent.
    credentials: credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_name, shown) => checkServerIdentity(ip, shown),
    }),
    options: { 'grpc.ssl_target_name_override': NO_NAME },
  };
}

/** `127.0.0.1` of `127.0.0.1:50051`, `::1` of `[::1]:50051`. */
function addressLiteral(address: string): string | undefined {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  return isIP(host) === 0 ? undefined : host;
}

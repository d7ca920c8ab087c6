import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ClientOptions } from '../client/client.js';
import { isLocal, parseListenAddress } from '../listen-address.js';
import { DEFAULT_GRPC_ADDRESS } from '../settings.js';
import { UsageError } from './fail.js';

/** Where the server is, how to reach it, and who asks. */
export interface ConnectionFlags {
  server: string;
  /** From HAL9_TOKEN: on the command line every local user would see it. */
  token?: string;
  tokenFile?: string;
  tls?: boolean;
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
}

export function addConnectionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--server <address>', 'HOST:PORT or unix:PATH of the server')
        .env('HAL9_SERVER')
        .argParser(serverAddress)
        .default(DEFAULT_GRPC_ADDRESS),
    )
    .addOption(
      new Option('--token-file <FILE>', 'holds the token to show; the variable HAL9_TOKEN holds one itself').env(
        'HAL9_TOKEN_FILE',
      ),
    )
    .addOption(new Option('--token <TOKEN>', 'see HAL9_TOKEN').env('HAL9_TOKEN').hideHelp())
    .option('--tls', 'speak TLS and trust the authorities that Node trusts; the other --tls flags imply it')
    .addOption(new Option('--tls-ca <FILE>', 'trust this authority, PEM, or this very certificate').env('HAL9_TLS_CA'))
    .addOption(new Option('--tls-cert <FILE>', 'client certificate to show, PEM').env('HAL9_CLIENT_CERT'))
    .addOption(new Option('--tls-key <FILE>', 'its private key, PEM').env('HAL9_CLIENT_KEY'));
}

/** The server itself may be anywhere, under any name: unlike what it listens on. */
function serverAddress(text: string): string {
  const match = /^(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[1]);
  if (/^unix:./.test(text) || (port >= 1 && port <= 65_535)) return text;
  throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:50051, or unix:PATH.');
}

/**
 * What the flags say, read from the files that they name.
 *
 * @throws UsageError for files that cannot be read, for half a pair, and for a token that would leave the machine in the clear.
 */
export function connectionOptions(flags: ConnectionFlags): Pick<ClientOptions, 'token' | 'tls'> {
  const { server, tokenFile, tls = false, tlsCa, tlsCert, tlsKey } = flags;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--tls-cert and --tls-key belong together; give both, or neither');
  }
  const secure = tls || tlsCa !== undefined || tlsCert !== undefined;
  const token = tokenFile === undefined ? flags.token : read(tokenFile, '--token-file').toString();
  const options: Pick<ClientOptions, 'token' | 'tls'> = {};
  if (token !== undefined && token.trim() !== '') {
    if (/\s/.test(token.trim())) throw new UsageError('expected a token, one word, found several');
    if (!secure && !staysHere(server)) {
      throw new UsageError(`a token is not sent in the clear to ${server}; give --tls-ca, or --tls`);
    }
    options.token = token.trim();
  }
  if (!secure) return options;
  options.tls = {};
  if (tlsCa !== undefined) options.tls.ca = read(tlsCa, '--tls-ca');
  if (tlsCert !== undefined && tlsKey !== undefined) {
    options.tls.cert = read(tlsCert, '--tls-cert');
    options.tls.key = read(tlsKey, '--tls-key');
  }
  return options;
}

function read(file: string, flag: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whether what is sent to the server stays on this machine; a name may lead anywhere. */
function staysHere(server: string): boolean {
  try {
    return isLocal(parseListenAddress(server));
  } catch {
    return false;
  }
}

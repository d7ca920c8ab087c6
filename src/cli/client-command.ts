import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Client } from '../client/client.js';
import { fail } from './fail.js';
import { addConnectionOptions, type ConnectionFlags, connectionOptions } from './server-connection.js';

/** What every command takes that talks to a server. */
export interface ClientFlags extends ConnectionFlags {
  json?: boolean;
  timeoutMs: number;
}

/** Longer than any call that is not stuck: the server bounds the guest's part. */
const DEFAULT_TIMEOUT_MS = 60_000;

export function addClientOptions(command: Command): Command {
  return addConnectionOptions(command)
    .option('--json', 'print the reply as one JSON object')
    .option('--timeout-ms <n>', 'how long to wait for the answer', positiveInteger, DEFAULT_TIMEOUT_MS);
}

/** What a call of a plugin takes besides. Its name is a fresh one where none is asked for: the guest's log lines carry it. */
export function addCallOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--request-id <id>', 'name of this request, echoed in the answer and in the log').default(
        randomUUID(),
        'a fresh UUID',
      ),
    )
    .option('--fuel <n>', "budget of fuel; by default the plugin's own, else the server's", fuelAmount);
}

export function fuelAmount(text: string): number {
  const amount = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(amount)) return amount;
  throw new InvalidArgumentError('Expected a whole number of at most 2^53 - 1.');
}

export function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number above 0.');
  return Number(text);
}

/** Runs an action with a client, closes it, and turns what is thrown into a message and an exit status. */
export async function withClient(flags: ClientFlags, action: (client: Client) => Promise<void>): Promise<void> {
  await reporting(flags, async () => {
    const { connect } = await import('../client/client.js');
    const client = connect(flags.server, { ...connectionOptions(flags), timeoutMs: flags.timeoutMs });
    try {
      await action(client);
    } finally {
      client.close();
    }
  });
}

/** Runs an action that needs no client, in the same way. */
export async function reporting(
  flags: { json?: boolean; server?: string },
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    fail(error, flags);
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id of a plugin that may have been named: the execution service takes ids alone. */
export async function pluginIdOf(client: Client, idOrName: string | undefined): Promise<string> {
  if (idOrName === undefined || UUID.test(idOrName)) return idOrName ?? '';
  const { plugin } = await client.getPlugin(idOrName);
  return plugin?.ref?.id ?? '';
}

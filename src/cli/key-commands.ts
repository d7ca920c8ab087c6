import type { Command } from 'commander';
import type { Key } from '../client/messages.js';
import { addClientOptions, type ClientFlags, reporting, withClient } from './client-command.js';
import { printFields, printJson, printLine, printTable } from './output.js';

type TrustFlags = ClientFlags & { name: string; pluginId?: string[]; author?: string[] };

const collect = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value];

/** `hal9 key …`. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('make keys, and say whose signatures of plugins count');
  addGenerate(key);
  addClientOptions(key.command('list').description('list the keys, the revoked ones too')).action(
    (flags: ClientFlags) =>
      withClient(flags, async (client) => {
        const reply = await client.listKeys();
        if (flags.json) printJson(reply);
        else printKeys(reply.keys);
      }),
  );
  addTrust(key);
  addRevoke(key);
}

function addGenerate(key: Command): void {
  key
    .command('generate')
    .description('make an Ed25519 key to sign plugins with; needs no server')
    .option('--out <FILE>', 'where to write the private key (PKCS#8 PEM); a file that is there stays', 'hal9-key.pem')
    .option('--json', 'print the public key as one JSON object')
    .action((flags: { out: string; json?: boolean }) =>
      reporting(flags, async () => {
        const { generateKey } = await import('../package/signature/key-file.js');
        const { keyIdOf, toBase64 } = await import('../package/signature/public-key.js');
        const { writePrivateKey } = await import('./key-file.js');
        const { pem, publicKey } = generateKey();
        writePrivateKey(flags.out, pem);
        const [keyId, base64] = [keyIdOf(publicKey), toBase64(publicKey)];
        if (flags.json) return printJson({ path: flags.out, keyId, publicKey: base64 });
        printFields([
          ['wrote', `${flags.out}: the private key; keep it to yourself`],
          ['public key', base64],
          ['id', keyId],
        ]);
        printLine(`sign a package with: hal9 plugin sign PACKAGE --key ${flags.out}`);
        printLine(`whoever trusts you says so to their server with: hal9 key trust ${base64} --name NAME`);
      }),
    );
}

function addTrust(key: Command): void {
  addClientOptions(
    key
      .command('trust')
      .description('take plugins that this key has signed; again: change its name and its bounds')
      .argument('<FILE|BASE64>', 'the public key, its PEM file, or the PEM file of its private key, which stays here')
      .requiredOption('--name <NAME>', 'your name for the key')
      .option('--plugin-id <ID>', 'the key may sign this plugin, and no others; may be repeated', collect)
      .option('--author <A>', 'the key may sign plugins of this author, and no others; may be repeated', collect),
  ).action((given: string, flags: TrustFlags) =>
    withClient(flags, async (client) => {
      const { publicKeyArgument } = await import('./key-file.js');
      const { name, pluginId: pluginIds = [], author: authors = [] } = flags;
      const reply = await client.trustKey({ publicKey: publicKeyArgument(given), name, pluginIds, authors });
      if (flags.json) return printJson(reply);
      printLine(`trusted: ${keyText(reply.key)}`);
      printDeactivated(reply.deactivatedPluginIds);
    }),
  );
}

function addRevoke(key: Command): void {
  addClientOptions(
    key
      .command('revoke')
      .description(
        'take plugins of this key no more, for good, and take those out of service that nobody else has signed',
      )
      .argument('<KEY>', 'its id, the first 8 or more digits of it, or its name where that is unique'),
  ).action((given: string, flags: ClientFlags) =>
    withClient(flags, async (client) => {
      const reply = await client.revokeKey(given);
      if (flags.json) return printJson(reply);
      printLine(`revoked: ${keyText(reply.key)}`);
      printDeactivated(reply.deactivatedPluginIds);
    }),
  );
}

const keyText = (key: Key | null): string => (key === null ? 'the key' : `${key.name} (${key.keyId})`);

function printDeactivated(pluginIds: readonly string[]): void {
  for (const id of pluginIds) printLine(`out of service: ${id}`);
}

function printKeys(keys: readonly Key[]): void {
  if (keys.length === 0) {
    printLine('no key is trusted; trust one with: hal9 key trust FILE|BASE64 --name NAME');
    return;
  }
  printTable(
    ['NAME', 'STATE', 'MAY SIGN', 'ID', 'PUBLIC KEY'],
    keys.map((key) => [key.name, stateText(key), boundsText(key), key.keyId, key.publicKey]),
  );
}

function stateText({ revokedAtMs }: Key): string {
  return revokedAtMs === '0' ? 'trusted' : `revoked ${new Date(Number(revokedAtMs)).toISOString()}`;
}

function boundsText({ pluginIds, authors }: Key): string {
  const bounds = [...pluginIds, ...authors.map((author) => `author ${JSON.stringify(author)}`)];
  return bounds.length === 0 ? 'all plugins' : bounds.join(', ');
}

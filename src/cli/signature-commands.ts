import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Key } from '../client/messages.js';
import type { PackageContents } from '../package/contents.js';
import type { KeyRing } from '../sandbox/trusted-key.js';
import { addClientOptions, type ClientFlags, reporting, withClient } from './client-command.js';
import { printFields, printJson, printLine } from './output.js';
import { readPackageFile } from './package-file.js';

type VerifyFlags = ClientFlags & { key?: string[] };

/** `hal9 plugin sign` and `hal9 plugin verify`. */
export function addSignatureCommands(plugin: Command): void {
  plugin
    .command('sign')
    .description('add a signature to a .hal9 file, in place of an earlier one of the same key; needs no server')
    .argument('<PACKAGE>', 'the file, as "hal9 plugin pack" writes it')
    .requiredOption('--key <FILE>', 'the private key, as "hal9 key generate" writes it')
    .option('--out <FILE>', 'where to write the signed package; by default in place of the file')
    .option('--json', 'print what was signed as one JSON object')
    .action((path: string, flags: { key: string; out?: string; json?: boolean }) =>
      reporting(flags, () => sign(path, flags)),
    );
  addClientOptions(
    plugin
      .command('verify')
      .description(
        "check the signatures of a .hal9 file, against the server's keys or those given; status 4 when it would be refused",
      )
      .argument('<PACKAGE>', 'the file')
      .option(
        '--key <FILE|BASE64>',
        'a public key to trust instead of those of the server, which is not asked; may be repeated',
        (value: string, previous: string[] | undefined) => [...(previous ?? []), value],
      ),
  ).action((path: string, flags: VerifyFlags) => {
    const { key } = flags;
    if (key !== undefined) return reporting(flags, async () => verify(path, await givenKeys(key), flags));
    return withClient(flags, async (client) => verify(path, ringOf((await client.listKeys()).keys), flags));
  });
}

async function sign(path: string, flags: { key: string; out?: string; json?: boolean }): Promise<void> {
  const { privateKeyFile } = await import('./key-file.js');
  const { signPackage } = await import('../package/signature/sign.js');
  const { writeWhole } = await import('../package/durable-file.js');
  const { bytes, contents, added, signatures } = await signPackage(
    await readPackageFile(path),
    privateKeyFile(flags.key),
  );
  const out = resolve(flags.out ?? path);
  await writeWhole(out, bytes, { asideDirectory: dirname(out), durable: false });
  const { id, name, version } = contents.manifest.metadata;
  const keyIds = signatures.map(({ keyId }) => keyId).sort();
  const { digest } = contents;
  if (flags.json) return printJson({ path: out, plugin: { id, name, version }, digest, keyId: added.keyId, keyIds });
  printFields([
    ['wrote', out],
    ['plugin', `${name} ${version} (${id})`],
    ['digest', digest],
    ...keyIds.map((keyId) => ['signed by', keyId] as const),
  ]);
}

/** @throws HostError as an installation would, by who signed the package */
async function verify(path: string, ring: KeyRing, { json }: VerifyFlags): Promise<void> {
  const { readPackage } = await import('../package/read.js');
  const { verifySignatures } = await import('../package/signature/verify.js');
  const { toBase64 } = await import('../package/signature/public-key.js');
  const { standingOf } = await import('../sandbox/standing.js');
  const contents = await readPackage(await readPackageFile(path));
  const signedBy = verifySignatures(contents).map(({ publicKey }) => toBase64(publicKey));
  const { refusal, signers } = standingOf(subject(contents, signedBy), ring);
  if (refusal !== undefined) throw refusal;
  const { id, name, version } = contents.manifest.metadata;
  if (json) return printJson({ plugin: { id, name, version }, digest: contents.digest, signers });
  printLine(`good: ${name} ${version} (${id}), digest ${contents.digest}`);
  for (const signer of signers) printLine(`signed by: ${signer.name} (${signer.keyId})`);
}

function subject({ manifest }: PackageContents, signedBy: readonly string[]) {
  const { id, name, version, author } = manifest.metadata;
  return { id, name, version, author, signedBy, signedInside: manifest.signature !== undefined };
}

async function givenKeys(given: readonly string[]): Promise<KeyRing> {
  const { publicKeyArgument } = await import('./key-file.js');
  const { keyIdOf } = await import('../package/signature/public-key.js');
  const keys = given.map((each) => {
    const publicKey = publicKeyArgument(each);
    const name = each.length > 20 ? `${each.slice(0, 20)}…` : each;
    return { keyId: keyIdOf(publicKey), name, publicKey, pluginIds: [], authors: [], trustedAtMs: 0, revokedAtMs: 0 };
  });
  return new Map(keys.map((key) => [key.keyId, key]));
}

function ringOf(keys: readonly Key[]): KeyRing {
  return new Map(
    keys.map(({ publicKey, trustedAtMs, revokedAtMs, ...key }) => [
      key.keyId,
      {
        ...key,
        publicKey: new Uint8Array(Buffer.from(publicKey, 'base64')),
        trustedAtMs: Number(trustedAtMs),
        revokedAtMs: Number(revokedAtMs),
      },
    ]),
  );
}

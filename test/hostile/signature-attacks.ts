import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { type TestKey, testKey } from '../harness/signing.js';
import { idOf } from '../harness/wat-plugin.js';
import { changed } from '../vectors/signed-packages.js';
import type { Attack } from './guest-attacks.js';

/** What an attacker hands in, to a server that trusts the publisher's key. */
type Forgery = (context: { client: Client; publisher: TestKey }) => Promise<Uint8Array>;

const NAME = 'forged';

/** Each is to be refused with its reason. */
const FORGERIES: readonly { title: string; reason: string; defence: 'signature' | 'trust'; make: Forgery }[] = [
  {
    title: 'changed-after-it-was-signed',
    reason: 'SIGNATURE_INVALID',
    defence: 'signature',
    make: async ({ publisher }) =>
      changed(await publisher.sign(await packPuppet({ name: NAME })), (files) => {
        const manifest = Buffer.from(files.get('manifest.json') as Uint8Array).toString();
        const greedy = manifest.replace('"required_permissions":[]', '"required_permissions":["SystemTime"]');
        files.set('manifest.json', Buffer.from(greedy));
      }),
  },
  {
    title: 'signature-of-another-package',
    reason: 'SIGNATURE_INVALID',
    defence: 'signature',
    make: async ({ publisher }) => {
      let signatures: Uint8Array | undefined;
      await changed(await publisher.sign(await packPuppet({ name: 'honest' })), (files) => {
        signatures = files.get('signatures.json');
      });
      return changed(await packPuppet({ name: NAME }), (files) =>
        files.set('signatures.json', signatures as Uint8Array),
      );
    },
  },
  {
    title: 'unsigned',
    reason: 'SIGNATURE_MISSING',
    defence: 'trust',
    make: () => packPuppet({ name: NAME }),
  },
  {
    title: 'signed-by-a-stranger',
    reason: 'KEY_UNTRUSTED',
    defence: 'trust',
    make: async () => testKey().sign(await packPuppet({ name: NAME })),
  },
  {
    title: 'signed-by-a-key-for-other-plugins',
    reason: 'KEY_UNTRUSTED',
    defence: 'trust',
    make: async ({ client }) => {
      const bound = testKey();
      await client.trustKey({ publicKey: bound.publicKey, name: 'bound', pluginIds: [idOf('another')] });
      return bound.sign(await packPuppet({ name: NAME }));
    },
  },
  {
    title: 'signed-by-a-revoked-key',
    reason: 'KEY_REVOKED',
    defence: 'trust',
    make: async ({ client, publisher }) => {
      await client.revokeKey(publisher.keyId);
      return publisher.sign(await packPuppet({ name: NAME }));
    },
  },
];

/** Packages that their publisher did not sign, handed to a server as operators run it. */
export const signatureAttacks: readonly Attack[] = FORGERIES.map(({ title, reason, defence, make }) => ({
  id: `signatures/${title}`,
  defence,
  run: ({ dist }) => forge(dist, make, reason),
}));

/** The suite's own server takes unsigned plugins; this one does not. */
async function forge(dist: string, make: Forgery, expected: string): Promise<string | undefined> {
  const server = await ServerProcess.start({ dist, development: false });
  const client = server.connect();
  try {
    const publisher = testKey();
    await client.trustKey({ publicKey: publisher.publicKey, name: 'publisher' });
    const found = await client
      .installPlugin(await make({ client, publisher }), { decisions: { rest: 'REST_GRANT' } })
      .then(
        () => 'it was installed',
        (error: unknown) => (error instanceof CallError ? error.reason : String(error)),
      );
    return found === expected ? undefined : `expected ${expected}, found ${found}`;
  } finally {
    client.close();
    await server.stop();
  }
}

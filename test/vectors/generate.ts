/**
 * Writes test/vectors/signatures: the keys, the packages, the text that is signed, the signatures, and what must be said of each
 * package. `npm run build && node dist/test/vectors/generate.js`
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPackage } from '../../src/package/read.js';
import { toBase64 } from '../../src/package/signature/public-key.js';
import { signedPackages, vectorKeys } from './signed-packages.js';

const FOLDER = 'test/vectors/signatures';

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const vectors = await signedPackages();
for (const { name, bytes } of vectors) writeFileSync(join(FOLDER, `${name}.hal9`), bytes);

const { bytes: twice } = vectors.find(({ name }) => name === 'signed-by-two') as { bytes: Uint8Array };
const { statement, digest, signatures } = await readPackage(twice);
writeFileSync(join(FOLDER, 'statement.txt'), statement);
const keys = vectorKeys();
const document = {
  about: 'Keys of RFC 8032, 7.1, tests 1 and 2. Packages are judged with the first key trusted and no other.',
  digest,
  keys: keys.map(({ pem, base64, keyId }) => ({ private_key: pem, public_key: base64, key_id: keyId })),
  signatures: signatures.map(({ keyId, signature }) => ({ key_id: keyId, signature: toBase64(signature) })),
  packages: Object.fromEntries(vectors.map(({ name, reason }) => [`${name}.hal9`, reason === '' ? 'good' : reason])),
};
writeFileSync(join(FOLDER, 'vectors.json'), `${JSON.stringify(document, undefined, 2)}\n`);
console.log(`wrote ${vectors.length} packages`);

/** Fuzz target: signed packages, changed. One whose signatures fit has the contents that were signed. */

import { strictEqual } from 'node:assert';
import { readPackage } from '../../src/package/read.js';
import { SIGNATURES_PATH } from '../../src/package/signature/statement.js';
import { verifySignatures } from '../../src/package/signature/verify.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { packageFiles } from '../unit/package/a-package.js';
import { vectorKeys } from '../vectors/signed-packages.js';
import { mutateBytes, mutateJson } from './mutate.js';
import type { Target } from './packages.js';
import type { Random } from './random.js';

export async function signatureTarget(): Promise<Target> {
  // Always the same, so that a seed repeats what it did.
  const [first, second] = vectorKeys();
  const original = await readPackage(await second.sign(await first.sign(await zipFiles(packageFiles()))));
  const keyIds = [first.keyId, second.keyId];
  return async (random) => {
    const changed = new Map(original.files);
    for (let times = 1 + random.below(2); times > 0; times--) change(changed, random);
    const contents = await readPackage(await zipFiles(changed));
    const signers = verifySignatures(contents).map(({ keyId }) => keyId);
    if (signers.length === 0) return;
    strictEqual(Buffer.from(contents.statement).toString(), Buffer.from(original.statement).toString());
    for (const keyId of signers) strictEqual(keyIds.includes(keyId), true, 'a signature of a key that did not sign');
  };
}

function change(files: Map<string, Uint8Array>, random: Random): void {
  const path = random.once(2) ? SIGNATURES_PATH : random.pick([...files.keys()]);
  const content = files.get(path);
  if (content === undefined) return;
  switch (random.below(8)) {
    case 0:
      files.delete(path);
      break;
    case 1:
      files.set(`${path}x`, content);
      break;
    default:
      files.set(
        path,
        path === SIGNATURES_PATH && random.once(2) ? spoilt(content, random) : mutateBytes(content, random),
      );
  }
}

/** The document of signatures, with other values; where it is none any more, as it is. */
function spoilt(content: Uint8Array, random: Random): Uint8Array {
  try {
    const changed = mutateJson(JSON.parse(Buffer.from(content).toString()), random);
    return Buffer.from(JSON.stringify(changed) ?? '');
  } catch {
    return content;
  }
}

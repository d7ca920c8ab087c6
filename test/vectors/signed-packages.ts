import { createPrivateKey } from 'node:crypto';
import { readPackage } from '../../src/package/read.js';
import { SIGNATURES_PATH } from '../../src/package/signature/statement.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { type TestKey, testKeyOf } from '../harness/signing.js';
import { aManifest, packageFiles } from '../unit/package/a-package.js';

/** A package, and what must be said of it when the first key alone is trusted. */
export interface Vector {
  name: string;
  /** Why it is refused; empty where it is good. */
  reason: string;
  bytes: Uint8Array;
}

/** Of RFC 8032, 7.1, tests 1 and 2: known to everybody, and never to be trusted. */
const SEEDS = [
  '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
] as const;

export function vectorKeys(): [first: TestKey, second: TestKey] {
  const [first, second] = SEEDS.map((seed) => {
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    return testKeyOf(key.export({ format: 'pem', type: 'pkcs8' }).toString());
  });
  return [first as TestKey, second as TestKey];
}

/** With files of one byte and of none, whose names sort otherwise by UTF-16 than by their bytes. */
function plainFiles(): Map<string, Uint8Array> {
  const manifest = aManifest(({ files }) => (files.assets = { words: 'assets/words.txt' }));
  return new Map([
    ...packageFiles(manifest),
    ['assets/words.txt', Buffer.from('one\ntwo\n')],
    ['extra/\u{ff21}.txt', Buffer.from('1')],
    ['extra/\u{1f600}.txt', Buffer.alloc(0)],
  ]);
}

interface Entry {
  algorithm: string;
  key_id: string;
  public_key: string;
  signature: string;
}

async function entriesOf(bytes: Uint8Array): Promise<Entry[]> {
  const text = Buffer.from((await readPackage(bytes)).files.get(SIGNATURES_PATH) as Uint8Array).toString();
  return (JSON.parse(text) as { signatures: Entry[] }).signatures;
}

/** The files of a package, changed, without signing them again. */
export async function changed(
  bytes: Uint8Array,
  change: (files: Map<string, Uint8Array>) => unknown,
): Promise<Uint8Array> {
  const files = new Map((await readPackage(bytes)).files);
  change(files);
  return zipFiles(files);
}

const withEntries = (bytes: Uint8Array, signatures: readonly object[]): Promise<Uint8Array> =>
  changed(bytes, (files) => files.set(SIGNATURES_PATH, Buffer.from(JSON.stringify({ signatures }))));

/** The packages that every implementation must agree about. */
export async function signedPackages(): Promise<Vector[]> {
  const [first, second] = vectorKeys();
  const unsigned = await zipFiles(plainFiles());
  const signed = await first.sign(unsigned);
  const [mine] = (await entriesOf(signed)) as [Entry];
  const [others] = (await entriesOf(await second.sign(unsigned))) as [Entry];
  const another = await first.sign(await zipFiles(plainFiles().set('another', Buffer.from('package'))));
  const [elsewhere] = (await entriesOf(another)) as [Entry];
  const good = (name: string, bytes: Uint8Array): Vector => ({ name, reason: '', bytes });
  const bad = (name: string, bytes: Uint8Array): Vector => ({ name, reason: 'SIGNATURE_INVALID', bytes });
  return [
    { name: 'unsigned', reason: 'SIGNATURE_MISSING', bytes: unsigned },
    good('signed', signed),
    good('signed-by-two', await second.sign(signed)),
    { name: 'signed-by-another', reason: 'KEY_UNTRUSTED', bytes: await second.sign(unsigned) },
    bad('content-changed', await changed(signed, (files) => files.set('assets/words.txt', Buffer.from('one\ntw0\n')))),
    bad('manifest-changed', await changed(signed, (files) => files.set('manifest.json', respelt(files)))),
    bad('file-added', await changed(signed, (files) => files.set('added.txt', Buffer.from('x')))),
    bad('file-removed', await changed(signed, (files) => files.delete('extra/\u{ff21}.txt'))),
    bad('file-renamed', await changed(signed, rename('extra/\u{ff21}.txt', 'extra/B.txt'))),
    bad('signature-of-another-package', await withEntries(unsigned, [elsewhere])),
    bad('one-of-two-does-not-fit', await withEntries(unsigned, [mine, { ...others, signature: mine.signature }])),
    bad('same-key-twice', await withEntries(unsigned, [mine, mine])),
    bad('no-signature-in-the-list', await withEntries(unsigned, [])),
    bad('seventeen-signatures', await withEntries(unsigned, new Array(17).fill(mine))),
    bad('another-algorithm', await withEntries(unsigned, [{ ...mine, algorithm: 'ed448' }])),
    bad('key-id-of-another-key', await withEntries(unsigned, [{ ...mine, key_id: others.key_id }])),
    bad('base64-not-canonical', await withEntries(unsigned, [{ ...mine, public_key: nextSpelling(mine.public_key) }])),
    bad('scalar-beyond-the-order', await withEntries(unsigned, [{ ...mine, signature: plusOrder(mine.signature) }])),
    bad('member-unknown', await withEntries(unsigned, [{ ...mine, comment: '' }])),
  ];
}

/** The same manifest in other bytes. */
function respelt(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return Buffer.from(`${Buffer.from(files.get('manifest.json') as Uint8Array).toString()}\n`);
}

const rename = (from: string, to: string) => (files: Map<string, Uint8Array>) => {
  files.set(to, files.get(from) as Uint8Array);
  files.delete(from);
};

/** 32 bytes leave two bits of the last letter unused: another letter means the same bytes. */
function nextSpelling(base64: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = base64.at(-2) as string;
  return `${base64.slice(0, -2)}${alphabet[alphabet.indexOf(last) + 1]}=`;
}

/** The order of the group. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The scalar S as S + L: an equation modulo L would not see it (RFC 8032, 5.1.7, demands S < L). */
function plusOrder(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + L;
  const written = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse();
  return Buffer.concat([bytes.subarray(0, 32), written]).toString('base64');
}

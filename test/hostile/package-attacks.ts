import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { CallError } from '../../src/client/call-error.js';
import type { PackageSettings } from '../../src/client/send-package.js';
import { zipFiles } from '../../src/package/zip-write.js';
import type { ServerProcess } from '../harness/server-process.js';
import { aManifest } from '../unit/package/a-package.js';
import { corpusDefence } from './corpus-defences.js';
import type { Attack } from './guest-attacks.js';

const FOLDER = 'test/hostile/packages';
/** More than an instance takes that starts meanwhile; a quarter of what 2^32 - 1 numbers would. */
const MAX_RESERVED_BYTES = 12 * 2 ** 30;

/** A file of the corpus, whose name begins with the reason for which it is to be refused. */
interface Hostile {
  id: string;
  reason: string;
  read(): Promise<Uint8Array>;
}

function corpus(folder: string, kind: string, read: (bytes: Buffer, name: string) => Promise<Uint8Array>): Hostile[] {
  return readdirSync(folder)
    .filter((name) => /\.(hal9|wasm|wat)$/.test(name))
    .map((name) => ({
      id: `${kind}/${name.replace(/\.[a-z0-9]+$/, '')}`,
      reason: name.split('--')[0] ?? '',
      read: () => read(readFileSync(join(folder, name)), name),
    }));
}

/** A module in a package that is well-formed otherwise. */
async function packModule(bytes: Buffer, name: string): Promise<Uint8Array> {
  const wasm = name.endsWith('.wat') ? await parse(bytes.toString()) : bytes;
  return zipFiles(
    new Map<string, Uint8Array>([
      ['manifest.json', Buffer.from(JSON.stringify(aManifest()))],
      ['plugin.wasm', wasm],
    ]),
  );
}

/** Packages and modules of the corpus, uploaded to the running server: refused by name, and the server says nothing of its disk. */
export function packageAttacks(): Attack[] {
  const files = [
    ...corpus(FOLDER, 'packages', (bytes) => Promise.resolve(bytes)),
    ...corpus(join(FOLDER, 'modules'), 'modules', packModule),
  ];
  return files.map(({ id, reason, read }) => ({
    id,
    defence: corpusDefence(id),
    run: async (server: ServerProcess) => {
      const bytes = await read();
      return withoutReserving(server, () => expectRefusal(server, reason, bytes));
    },
  }));
}

/** What a module announces must be counted before memory is taken for it: not even addresses are. */
async function withoutReserving(
  server: ServerProcess,
  attack: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const before = await server.addressSpace();
  const fault = await attack();
  const reserved = (await server.addressSpace()) - before;
  return reserved > MAX_RESERVED_BYTES ? `the server reserved ${Math.round(reserved / 2 ** 30)} GiB` : fault;
}

/** What was installed all the same is removed: the next one may be the same plugin. */
export async function expectRefusal(
  server: ServerProcess,
  reason: string,
  bytes: Uint8Array,
  settings: PackageSettings = {},
): Promise<string | undefined> {
  const client = server.connect();
  try {
    const { plugin } = await client.installPlugin(bytes, settings);
    await client.uninstallPlugin(plugin?.ref?.id ?? '');
    return 'it was installed';
  } catch (error) {
    if (!(error instanceof CallError)) return String(error);
    if (error.reason !== reason) return `expected ${reason}, found ${error.reason}: ${error.message}`;
    const told = `${error.message} ${JSON.stringify(error.details)}`;
    return told.includes(server.dataDir) || told.includes(process.cwd())
      ? `it names a path of the host: ${told}`
      : undefined;
  } finally {
    client.close();
  }
}

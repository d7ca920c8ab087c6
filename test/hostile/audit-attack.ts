import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AuditFile, listAuditFiles } from '../../src/sandbox/audit/audit-files.js';
import type { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

const FLIPS = 60;

type Verify = typeof import('../../src/sandbox/audit/verify.js');

/** As the build that runs does it. */
const verifierOf = async ({ dist }: ServerProcess): Promise<Verify> =>
  (await import(pathToFileURL(resolve(dist, 'src/sandbox/audit/verify.js')).href)) as Verify;

/** Somebody with a copy of the running server's log changes one byte of it, here and there, the last line included. */
async function doctor(server: ServerProcess): Promise<string | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'hal9-doctored-'));
  cpSync(join(server.dataDir, 'audit'), copy, { recursive: true });
  try {
    const files = await listAuditFiles(copy);
    const file = files.at(-1);
    const verify = await verifierOf(server);
    const { damage, lines } = await verify.verifyChain(files);
    if (damage !== undefined || file === undefined) return `untouched, it is said to be damaged: ${damage?.why}`;
    if (lines < 2) return 'there is nothing in it to change';
    return await flipEach(files, file, verify);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function flipEach(
  files: readonly AuditFile[],
  file: AuditFile,
  { verifyChain }: Verify,
): Promise<string | undefined> {
  const bytes = readFileSync(file.path);
  for (let flip = 0; flip <= FLIPS; flip++) {
    const at = Math.floor(((bytes.length - 2) * flip) / FLIPS);
    const line = bytes.subarray(0, at).reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1);
    const doctored = Buffer.from(bytes);
    doctored[at] = (doctored[at] ?? 0) ^ (1 << (flip % 8));
    writeFileSync(file.path, doctored);
    const { damage } = await verifyChain(files);
    if (damage?.line !== line || damage.file !== file.name)
      return `byte ${at} of line ${line} was changed, found was ${JSON.stringify(damage)}`;
  }
  return undefined;
}

export const auditAttacks: readonly Attack[] = [{ id: 'audit/doctored-log', defence: 'audit-chain', run: doctor }];

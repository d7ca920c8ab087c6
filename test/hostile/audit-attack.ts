import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditFile, listAuditFiles } from '../../src/sandbox/audit/audit-files.js';
import { verifyChain } from '../../src/sandbox/audit/verify.js';
import type { ServerProcess } from '../harness/server-process.js';
import type { Attack } from './guest-attacks.js';

const FLIPS = 60;

/** Somebody with a copy of the running server's log changes one byte of it, here and there, the last line included. */
async function doctor(server: ServerProcess): Promise<string | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'hal9-doctored-'));
  cpSync(join(server.dataDir, 'audit'), copy, { recursive: true });
  try {
    const files = await listAuditFiles(copy);
    const file = files.at(-1);
    const { damage, lines } = await verifyChain(files);
    if (damage !== undefined || file === undefined) return `untouched, it is said to be damaged: ${damage?.why}`;
    if (lines < 2) return 'there is nothing in it to change';
    return await flipEach(files, file);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function flipEach(files: readonly AuditFile[], file: AuditFile): Promise<string | undefined> {
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

export const auditAttacks: readonly Attack[] = [{ id: 'audit/doctored-log', defence: undefined, run: doctor }];

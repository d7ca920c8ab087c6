import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Defence } from '../../src/protocol/defences.js';
import { DEFENCES } from './build-without.js';

/** What a run of the suite has found, as `--json` writes it. */
export interface Report {
  disabled: Defence | undefined;
  attacks: { id: string; held: boolean; detail: string }[];
  bystander: { calls: number; wrong: string[] };
}

/** Runs that stand beside each other: most of the time of each is waiting for deadlines. */
const AT_A_TIME = 2;
const MAX_DETAIL = 120;

/** Takes out each defence in turn: each of its attacks must then succeed. Answers whether they did. */
export async function bite(suite: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'hal9-bite-'));
  const waiting = [...DEFENCES];
  let biting = 0;
  const take = async (): Promise<void> => {
    for (let defence = waiting.shift(); defence !== undefined; defence = waiting.shift()) {
      const startedMs = performance.now();
      const { attacks } = await runWithout(defence, suite, join(folder, `${defence}.json`));
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      if (attacks.length > 0 && attacks.every(({ held }) => !held)) biting++;
      console.log(`${describe(defence, attacks)} (${seconds} s)`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, take));
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`${DEFENCES.length} defences, ${biting} bite`);
  return biting === DEFENCES.length;
}

/** In a process of its own, which ends with 1 because attacks succeed. */
async function runWithout(defence: Defence, suite: string, file: string): Promise<Report> {
  const command = [suite, '--disable', defence, '--own', '--prepared', '--json', file];
  await promisify(execFile)(process.execPath, command).catch(() => undefined);
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}

function describe(defence: Defence, attacks: Report['attacks']): string {
  const broken = attacks.filter(({ held }) => !held);
  const held = attacks.filter((attack) => attack.held).map(({ id }) => id);
  const found = broken.map(({ id, detail }) => `  ${id} (${detail.slice(0, MAX_DETAIL)})\n`).join('');
  const all = held.length === 0 ? '' : `; NOT ${held.join(', ')}`;
  return `${found}${defence}: taken out, ${broken.length} of ${attacks.length} attacks succeed${all}`;
}

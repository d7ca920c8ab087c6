import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Defence } from '../../src/protocol/defences.js';

/** All of them; the compiler finds one that is missing or unknown. */
const ALL: Record<Defence, true> = {
  deadline: true,
  discard: true,
  'memory-cap': true,
  'stack-cap': true,
  'output-budget': true,
  'log-cap': true,
  exit: true,
  utf8: true,
  'queue-bound': true,
  'package-paths': true,
  'package-bounds': true,
  'package-links': true,
  signature: true,
  trust: true,
  grants: true,
  denials: true,
  consent: true,
  'plain-errors': true,
  egress: true,
  deputy: true,
  loops: true,
  'host-call-rate': true,
  'file-walk': true,
  'file-rights': true,
  'file-quota': true,
};

export const DEFENCES = Object.keys(ALL) as Defence[];

/** A copy of the build in which one defence does not stand. Returns its `dist`. */
export function buildWithout(defence: Defence): string {
  const root = join('dist', 'without', defence);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const place of ['package.json', 'proto', 'workers/bundle.mjs'])
    cpSync(place, join(root, place), { recursive: true });
  for (const place of ['src', 'workers']) cpSync(join('dist', place), join(root, 'dist', place), { recursive: true });
  const module = `export function stands(defence) { return defence !== ${JSON.stringify(defence)}; }\n`;
  writeFileSync(join(root, 'dist/src/protocol/defences.js'), module);
  execFileSync(process.execPath, [join(root, 'workers/bundle.mjs')], { stdio: 'inherit' });
  return join(root, 'dist');
}

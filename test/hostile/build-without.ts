import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  'zip-names': true,
  'zip-kinds': true,
  'zip-layout': true,
  'zip-content': true,
  'offered-imports': true,
  'core-signatures': true,
  'module-shape': true,
  'module-bounds': true,
  pointers: true,
  discriminants: true,
  're-entrance': true,
  'exact-slices': true,
  'asked-for': true,
  'empty-lists': true,
  'audit-chain': true,
};

export const DEFENCES = Object.keys(ALL) as Defence[];

const ROOT = join('dist', 'without');
/** In the template, where the name of the defence stands in each copy. */
const NAME = '*the defence that is taken out*';
/** Of what runs, the files that say what stands: the module itself, and the worker's bundle. */
const PLACES = ['dist/src/protocol/defences.js', 'dist/workers/plugin-worker.bundle.cjs'];

/** What the copies are made from: the bundler runs once for all of them. */
export function prepareTemplate(): void {
  const root = join(ROOT, 'template');
  rmSync(ROOT, { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  for (const place of ['package.json', 'proto', 'workers/bundle.mjs'])
    cpSync(place, join(root, place), { recursive: true });
  for (const place of ['src', 'workers']) cpSync(join('dist', place), join(root, 'dist', place), { recursive: true });
  const module = `export function stands(defence) { return defence !== ${JSON.stringify(NAME)}; }\n`;
  writeFileSync(join(root, 'dist/src/protocol/defences.js'), module);
  execFileSync(process.execPath, [join(root, 'workers/bundle.mjs')], { stdio: 'inherit' });
}

/** A copy of the build in which one defence does not stand. Returns its `dist`. */
export function buildWithout(defence: Defence): string {
  const root = join(ROOT, defence);
  cpSync(join(ROOT, 'template'), root, { recursive: true });
  for (const place of PLACES) {
    const text = readFileSync(join(root, place), 'utf8');
    if (!text.includes(NAME)) throw new Error(`expected the name of a defence in ${place}`);
    writeFileSync(join(root, place), text.replace(NAME, defence));
  }
  return join(root, 'dist');
}

// Builds the example plugins: `npm run examples` writes each module beside its source and records
// the compiler in examples/toolchain.json; with `--verify` it builds into a temporary folder and compares instead.
// With `--accuracy` it prints how well the sentiment analyzer does on its evaluation set.
//
// Equal source and compiler give equal bytes: paths are remapped, dependencies locked, and the workspace is the root.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const RECORD = 'examples/toolchain.json';

/** What is committed, and from which crate and target it comes. */
const MODULES = [
  { path: 'examples/crypto/crypto.wasm', crate: 'crypto', target: 'wasm32-wasip1' },
  { path: 'examples/echo/echo.wasm', crate: 'echo', target: 'wasm32-wasip1' },
  // The same plugin without WASI: the bindings are compared with another implementation on it.
  { path: 'examples/echo/echo.unknown.wasm', crate: 'echo', target: 'wasm32-unknown-unknown' },
  { path: 'examples/notes/notes.wasm', crate: 'notes', target: 'wasm32-wasip1' },
  {
    path: 'examples/sentiment-analyzer/sentiment-analyzer.wasm',
    crate: 'sentiment-analyzer',
    target: 'wasm32-wasip1',
  },
  { path: 'examples/web-scraper/web-scraper.wasm', crate: 'web-scraper', target: 'wasm32-wasip1' },
  // No example: what tests do with files.
  { path: 'test/guests/files/files.wasm', crate: 'files-guest', target: 'wasm32-wasip1' },
];

/** Ends the run in good order where nothing can be built; under CI that is a failure. */
function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(process.env['CI'] === 'true' ? 1 : 0);
}

/** The compiler that cargo would use here: its version line and its host, or undefined when there is none. */
function compiler() {
  const result = spawnSync('rustc', ['-vV'], { cwd: ROOT, encoding: 'utf8' });
  if (result.status !== 0) return undefined;
  const [rustc] = result.stdout.split('\n');
  const host = /^host: (.*)$/m.exec(result.stdout)?.[1];
  return { rustc, host };
}

function cargo(args, targetDir) {
  const home = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo');
  const registry = join(home, 'registry', 'src');
  const remapped = readdirSync(registry).map((name) => [join(registry, name), '/registry']);
  const flags = [...remapped, [ROOT, '/build']].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
  const environment = { ...process.env, CARGO_TARGET_DIR: targetDir, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') };
  delete environment['RUSTFLAGS'];
  execFileSync('cargo', args, { cwd: ROOT, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Builds every module; answers their bytes by path. */
function build(targetDir) {
  execFileSync('cargo', ['fetch', '--quiet', '--locked'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const target of new Set(MODULES.map((module) => module.target))) {
    const crates = MODULES.filter((module) => module.target === target).flatMap(({ crate }) => ['-p', crate]);
    cargo(['build', '--quiet', '--release', '--locked', '--target', target, ...crates], targetDir);
  }
  const built = new Map();
  for (const { path, crate, target } of MODULES) {
    built.set(path, readFileSync(join(targetDir, target, 'release', `${crate.replaceAll('-', '_')}.wasm`)));
  }
  return built;
}

/** The template as an author has it: copied elsewhere, its path to the SDK set. */
function buildTemplate(targetDir) {
  const copy = mkdtempSync(join(tmpdir(), 'hal9-template-'));
  try {
    cpSync(join(ROOT, 'examples/template'), copy, { recursive: true });
    const manifest = readFileSync(join(copy, 'Cargo.toml'), 'utf8');
    writeFileSync(join(copy, 'Cargo.toml'), manifest.replace('../../sdk/rust', join(ROOT, 'sdk/rust')));
    cpSync(join(ROOT, 'Cargo.lock'), join(copy, 'Cargo.lock'));
    const target = ['--release', '--target', 'wasm32-wasip1', '--manifest-path', join(copy, 'Cargo.toml')];
    cargo(['build', '--quiet', ...target], targetDir);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function record(found, built) {
  const modules = MODULES.map(({ path, target }) => {
    const bytes = built.get(path);
    return { path, target, bytes: bytes.length, sha256: sha256(bytes) };
  });
  writeFileSync(join(ROOT, RECORD), `${JSON.stringify({ ...found, modules }, null, 2)}\n`);
}

function writeAll(found) {
  const built = build(join(ROOT, 'target'));
  for (const [path, bytes] of built) writeFileSync(join(ROOT, path), bytes);
  record(found, built);
  for (const [path, bytes] of built) console.log(`${path}: ${bytes.length} bytes, sha256 ${sha256(bytes)}`);
}

function verify(found) {
  const recorded = JSON.parse(readFileSync(join(ROOT, RECORD), 'utf8'));
  if (recorded.rustc !== found.rustc || recorded.host !== found.host) {
    skip(`the modules were built by ${recorded.rustc} on ${recorded.host}; here is ${found.rustc} on ${found.host}`);
  }
  const targetDir = mkdtempSync(join(tmpdir(), 'hal9-examples-'));
  let different = 0;
  try {
    const built = build(targetDir);
    for (const module of recorded.modules) {
      const same = check(module, built.get(module.path));
      if (!same) different++;
    }
    buildTemplate(targetDir);
    if (recorded.modules.length !== built.size) {
      console.log(`${RECORD} names ${recorded.modules.length} modules, ${built.size} are built: run npm run examples`);
      different++;
    }
  } finally {
    rmSync(targetDir, { recursive: true, force: true });
  }
  console.log(different === 0 ? `${recorded.modules.length} modules are as committed` : `${different} differences`);
  process.exitCode = different === 0 ? 0 : 1;
}

function check(module, built) {
  const committed = readFileSync(join(ROOT, module.path));
  const digests = { recorded: module.sha256, committed: sha256(committed), built: built && sha256(built) };
  if (digests.committed === digests.recorded && digests.built === digests.recorded) return true;
  console.log(`${module.path} differs: ${JSON.stringify(digests)}; run npm run examples and look at what changed`);
  return false;
}

/** The measuring itself needs what `npm run build` makes of the server. */
function accuracy() {
  execFileSync('npx', ['tsc'], { cwd: ROOT, stdio: 'inherit' });
  execFileSync('node', ['dist/examples/sentiment-analyzer/accuracy.js'], { cwd: ROOT, stdio: 'inherit' });
}

const [mode, ...surplus] = process.argv.slice(2);
if (surplus.length > 0 || ![undefined, '--verify', '--accuracy'].includes(mode)) {
  console.error('usage: npm run examples -- [--verify | --accuracy]');
  process.exit(2);
}
if (mode === '--accuracy') {
  accuracy();
} else {
  const found = compiler();
  if (found === undefined) skip('no rustc here; it comes with rustup (https://rustup.rs), as rust-toolchain.toml says');
  if (mode === '--verify') verify(found);
  else writeAll(found);
}

/**
 * `npm run bindgen`: writes src/protocol/contract.ts and workers/abi/generated/ from sdk/wit.
 * `npm run bindgen -- --verify`: writes them into a temporary folder instead, and fails where they differ from what is committed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const generated = 'workers/abi/generated';
const contract = 'src/protocol/contract.ts';

const fresh = mkdtempSync(join(tmpdir(), 'hal9-bindgen-'));
try {
  generate(fresh);
  if (process.argv.includes('--verify')) verify(fresh);
  else {
    rmSync(join(root, generated), { recursive: true, force: true });
    cpSync(fresh, root, { recursive: true, filter: (path) => !path.endsWith('biome.json') });
    console.log(`wrote ${contract} and ${generated}/`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** Runs the generator, then the project's formatter over what it wrote. */
function generate(out) {
  const manifest = join(root, 'sdk/bindgen/Cargo.toml');
  const cargo = ['run', '--quiet', '--locked', '--manifest-path', manifest, '--', join(root, 'sdk/wit'), out];
  execFileSync('cargo', cargo, { stdio: ['ignore', 'ignore', 'inherit'] });
  cpSync(join(root, 'biome.json'), join(out, 'biome.json'));
  const biome = join(root, 'node_modules/.bin/biome');
  execFileSync(biome, ['check', '--write', '--linter-enabled=false', '--vcs-enabled=false', '.'], {
    cwd: out,
    stdio: 'pipe',
  });
}

function verify(out) {
  const names = (folder) => readdirSync(join(folder, generated)).sort();
  const listed = [names(out), names(root)].map(String);
  const differ = [contract, ...names(out).map((name) => `${generated}/${name}`)].filter(
    (path) => read(out, path) !== read(root, path),
  );
  if (listed[0] !== listed[1]) differ.push(`${generated}/ (other files)`);
  if (differ.length === 0) return console.log('the bindings are those that sdk/wit asks for');
  console.error(`differ from what sdk/wit asks for: ${differ.join(', ')}; run "npm run bindgen" and commit the result`);
  process.exitCode = 1;
}

function read(folder, path) {
  try {
    return readFileSync(join(folder, path), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * Adds to package-lock.json the platform packages that the registry at hand does not offer (a mirror may hold those of its own
 * platforms alone). npm leaves them out when it writes the file, and `npm ci` then refuses it. Their versions are exact, as
 * the packages that list them say; their platform is in their name. Run it after `npm install`.
 *
 *     node .ci/complete-lockfile.mjs            adds what is missing
 *     node .ci/complete-lockfile.mjs --verify   fails when something is missing
 */
import { readFileSync, writeFileSync } from 'node:fs';

const LOCKFILE = 'package-lock.json';
const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** What npm would have written, but for the hash. */
function describePlatform(name, version, parent) {
  const words = name.split(/[-/]/);
  const os = words.filter((word) => OS.includes(word));
  const cpu = words.filter((word) => CPU.includes(word));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name}: which platform is this package for?`);
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    version,
    cpu,
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc !== undefined ? { libc: [libc] } : {}),
    optional: true,
    os,
  };
}

const lock = JSON.parse(readFileSync(LOCKFILE, 'utf8'));
const added = {};
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    if (place in lock.packages || !/^\d+\.\d+\.\d+$/.test(version)) continue;
    added[place] = describePlatform(name, version, parent);
  }
}

const names = Object.keys(added);
if (process.argv.includes('--verify')) {
  if (names.length > 0) {
    console.error(
      `${LOCKFILE} lacks ${names.length} platform packages (${names[0]}, …): run node .ci/complete-lockfile.mjs`,
    );
    process.exitCode = 1;
  }
} else if (names.length > 0) {
  const all = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(all);
  writeFileSync(LOCKFILE, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${names.length} platform packages to ${LOCKFILE}`);
}

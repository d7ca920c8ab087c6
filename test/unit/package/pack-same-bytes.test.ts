import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# Same\n',
  LICENSE: 'MIT\n',
  'assets/b.txt': 'b\n'.repeat(5_000),
  'assets/a/z.txt': 'z\n',
  'assets/a/B.txt': 'B\n',
  'assets/\u00e9.txt': 'e\n',
  'examples/2.json': '{}',
  'examples/10.json': '{}',
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-same-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Machine {
  /** Where the plugin's folder lies. */
  place: string;
  timeZone: string;
  umask: string;
  /** Of files, in seconds since the epoch. */
  modified: number;
  mode: number;
  reversed?: boolean;
}

/** Packs the same plugin as another machine would, in a process of its own. */
function packOn({ place, timeZone, umask, modified, mode, reversed = false }: Machine): Buffer {
  const directory = join(folder, place);
  const entries = Object.entries({ ...FILES, 'plugin.wasm': '' });
  for (const [path, text] of reversed ? entries.reverse() : entries) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, path === 'plugin.wasm' ? readFileSync('examples/echo/echo.wasm') : text);
    chmodSync(file, mode);
    utimesSync(file, modified, modified);
  }
  const out = join(folder, `${place.replaceAll('/', '-')}.hal9`);
  const command = `umask ${umask}; exec "$0" "$@"`;
  const args = [process.execPath, resolve('dist/src/cli/hal9.js'), 'plugin', 'pack', directory, '--out', out];
  execFileSync('sh', ['-c', command, ...args], {
    env: { ...process.env, TZ: timeZone, LC_ALL: reversed ? 'tr_TR.UTF-8' : 'C' },
    cwd: directory,
  });
  return readFileSync(out);
}

test('the same input gives the same bytes, wherever and whenever it is packed', () => {
  const here = packOn({ place: 'here', timeZone: 'UTC', umask: '022', modified: 0, mode: 0o644 });
  const there = packOn({
    place: 'another/deeper/place',
    timeZone: 'Pacific/Kiritimati',
    umask: '077',
    modified: 1_900_000_000,
    mode: 0o755,
    reversed: true,
  });
  expect(there.equals(here)).toBe(true);
  const west = packOn({
    place: 'west',
    timeZone: 'Pacific/Pago_Pago',
    umask: '000',
    modified: 315_532_800,
    mode: 0o600,
  });
  expect(west.equals(here)).toBe(true);
});

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLog } from '../../../src/observe/log.js';
import { ServerFiles } from '../../../src/server/files.js';

const { log } = createLog({ level: 'error', format: 'json', onDrop: () => {} });

it.each(['/var/hal9', '/var', '/', '/var/hal9/packages', '/var/../var/hal9/x'])(
  'ServerFiles refuse the root %s, with which the data directory would be open',
  (directory) => {
    const parts = { roots: [{ path: '/data', directory }], dataDir: '/var/hal9', scratch: '/var/hal9/scratch', log };
    expect(() => new ServerFiles(parts)).toThrow('expected directories apart from the data directory');
  },
);

it.each(['/var/hal9-data', '/srv', '/var/other'])('ServerFiles take the root %s beside it', (directory) => {
  const parts = { roots: [{ path: '/data', directory }], dataDir: '/var/hal9', scratch: '/var/hal9/scratch', log };
  expect(new ServerFiles(parts).rootsOf('any').find('/data/x')?.root.directory).toBe(directory);
});

it('ServerFiles refuse a root that is a link to where the data directory is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hal9-roots-'));
  try {
    mkdirSync(join(folder, 'data'));
    symlinkSync('.', join(folder, 'link'));
    const dataDir = join(folder, 'data');
    for (const directory of [join(folder, 'link'), join(folder, 'link/data/scratch')]) {
      const roots = [{ path: '/data', directory }];
      expect(() => new ServerFiles({ roots, dataDir, scratch: join(dataDir, 'scratch'), log })).toThrow('apart from');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { ThreadFiles } from '../../../../src/host/files/thread-files.js';
import { OPEN_FLAGS, openHow } from '../../../../src/protocol/files.js';
import { ERRNO } from '../../../../src/protocol/preview1-errno.js';

it.skipIf(process.platform !== 'linux')(
  'ThreadFiles go on with another thread where theirs ends, and nothing is open then',
  async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'hal9-files-')));
    writeFileSync(join(folder, 'f'), 'found');
    const faults: string[] = [];
    const files = new ThreadFiles(
      { own: import.meta.dirname },
      (fault) => faults.push(fault),
      new URL('./dying-thread.js', import.meta.url),
    );
    let us = 0;
    const charged = files.chargedTo((spent) => (us += spent));
    const root = { key: 'r', directory: folder, scratch: false };
    const place = { root, path: ['f'], isDirectory: false, apart: [], space: { key: 's', maxBytes: 1, maxEntries: 1 } };
    const open = () => charged.open(1, place, openHow(OPEN_FLAGS.read), { read: true, write: false, create: false });
    try {
      expect(await open()).toEqual({ outcome: 'done', value: { kind: 'file', created: false } });
      const read = await charged.read(1, 0, 100);
      expect(read.outcome === 'done' && Buffer.from(read.value).toString()).toBe('found');
      expect(us).toBeGreaterThan(0);
      await expect(charged.sync(1)).rejects.toThrow('the files thread ended');
      await expect(charged.read(1, 0, 100)).rejects.toThrow('is being started');
      await vi.waitFor(async () =>
        expect(await charged.read(1, 0, 100)).toEqual({ outcome: 'failed', errno: ERRNO.badf }),
      );
      expect((await open()).outcome).toBe('done');
      expect(faults.join()).toContain('another one is started');
    } finally {
      await files.end();
      rmSync(folder, { recursive: true });
    }
  },
);

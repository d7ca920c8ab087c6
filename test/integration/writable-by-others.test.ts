import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hashOfToken, newToken } from '../../src/access/token.js';
import { ServerProcess } from '../harness/server-process.js';

const folder = mkdtempSync(join(tmpdir(), 'hal9-others-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a server says which of the places that decide everybody may write to, and of no other', async () => {
  const [dataDir, accessFile] = [join(folder, 'data'), join(folder, 'access.yaml')];
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o777);
  const sha256 = hashOfToken(newToken()).toString('hex');
  writeFileSync(accessFile, JSON.stringify({ tokens: [{ name: 'core', sha256, roles: ['execute'] }] }), {
    mode: 0o644,
  });
  const server = await ServerProcess.start({ dataDir, flags: ['--access-file', accessFile] });
  await server.logged(({ msg }) => msg === 'serving');
  await server.stop();
  const told = server.log.filter(({ msg }) => msg.startsWith('every user of this machine may write here'));
  expect(told).toMatchObject([{ level: 'warn', path: dataDir }]);
});

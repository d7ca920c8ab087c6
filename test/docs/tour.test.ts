import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packBytes } from '../../src/package/pack.js';
import { readPackage } from '../../src/package/read.js';
import { ServerProcess } from '../harness/server-process.js';
import { type TestKey, testKey } from '../harness/signing.js';
import { codeBlocks, readPage, section } from './pages.js';

/** What the pages tell a reader to type, typed: a shell, the real command, a real server. */
const MOST_MS = 60_000;
const run = promisify(execFile);
let server: ServerProcess;
let folder: string;
let key: TestKey;

beforeAll(async () => {
  server = await ServerProcess.start({ development: false, flags: ['--log-level', 'warn'] });
  key = testKey();
  await server.connect().trustKey({ publicKey: key.publicKey, name: 'the reader' });
  folder = mkdtempSync(join(tmpdir(), 'hal9-docs-'));
  symlinkSync(resolve('examples'), join(folder, 'examples'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

/** Runs the lines in a fresh folder that has the examples; stops at the first that fails. */
async function shell(script: string): Promise<string> {
  const command = `hal9() { '${process.execPath}' '${resolve('dist/src/cli/hal9.js')}' "$@"; }`;
  const env = { PATH: process.env['PATH'], HAL9_SERVER: server.grpc };
  const { stdout } = await run('sh', ['-euc', `${command}\n${script.replaceAll(' && ', '\n')}`], { cwd: folder, env });
  return stdout;
}

describe('README.md', () => {
  const readme = readPage('README.md');
  const [start = '', tour = ''] = codeBlocks(section(readme, '## Five minutes: run a plugin'), 'sh');

  test('aliases the command to a file that is there', async () => {
    const [, file = ''] = /^alias hal9=['"]node (?:\$PWD\/)?(\S+)['"]/m.exec(start) ?? [];
    const { stdout } = await run(process.execPath, [resolve(file), '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test(
    'leads through its tour: pack, sign, trust, install, activate, call, remove',
    async () => {
      expect(tour.split('\n').length).toBeGreaterThan(5);
      const said = await shell(tour);
      expect(said).toContain('sentiment-analyzer-0.1.0.hal9');
      expect(said).toMatch(/^trusted: me /m);
      expect(said).toMatch(/^sentiment-analyzer 0\.1\.0: OK$/m);
      expect(said).toMatch(/^analyze_sentiment +sentiment-analyzer/m);
      expect(said).toMatch(/"sentiment": "positive"/);
      expect(said).toMatch(/^removed: sentiment-analyzer/m);
    },
    MOST_MS,
  );
});

describe('deploy/docs/operating.md', () => {
  const plugins = section(readPage('deploy/docs/operating.md'), '## Plugins');

  test(
    'leads through a plugin’s life',
    async () => {
      const [life = ''] = codeBlocks(plugins, 'sh');
      const { bytes } = await packBytes({ directory: 'examples/sentiment-analyzer' });
      writeFileSync(join(folder, 'FILE.hal9'), await key.sign(bytes));
      const said = await shell(life.replaceAll('NAME', 'sentiment-analyzer'));
      expect(said).toMatch(/^instances +0 \(stateful\)$|^instances +0 \(stateless\)$/m);
      expect(said.match(/^active: /gm)).toHaveLength(2);
      expect(said).toMatch(/^removed: /m);
    },
    MOST_MS,
  );
});

describe('proto/README.md', () => {
  test(
    'has a client for Node that calls a tool',
    async () => {
      const [client = ''] = codeBlocks(readPage('proto/README.md'), 'js');
      const { bytes } = await packBytes({ directory: 'examples/sentiment-analyzer' });
      writeFileSync(join(folder, 'signed.hal9'), await key.sign(bytes));
      await shell('hal9 plugin install signed.hal9 --activate');
      const code = client.replace('127.0.0.1:50051', server.grpc);
      expect(code).not.toBe(client);
      const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code]);
      expect([stdout, stderr]).toEqual([expect.stringContaining("sentiment: 'positive'"), '']);
    },
    MOST_MS,
  );
});

describe('sdk/docs/contract.md', () => {
  test.runIf(process.platform === 'linux')('computes a digest in the shell that is the server’s', async () => {
    const [script = ''] = codeBlocks(section(readPage('sdk/docs/contract.md'), '## The digest'), 'sh');
    const { bytes, digest } = await packBytes({ directory: 'examples/sentiment-analyzer' });
    const unpacked = mkdtempSync(join(tmpdir(), 'hal9-docs-'));
    for (const [path, content] of (await readPackage(bytes)).files) {
      mkdirSync(dirname(join(unpacked, path)), { recursive: true });
      writeFileSync(join(unpacked, path), content);
    }
    const { stdout } = await run('sh', ['-euc', script], { cwd: unpacked });
    rmSync(unpacked, { recursive: true });
    expect(stdout).toBe(`${digest}  -\n`);
  });
});

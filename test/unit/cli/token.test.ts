import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Serving, serveMemory } from '../rpc/serving.js';
import { hal9, type Ran } from './command.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-token-'));
const tokenFile = join(directory, 'token');
let entry: Ran;
let serving: Serving;

beforeAll(async () => {
  const flags = ['--name', 'core', '--role', 'observe', '--role', 'manage', '--out', tokenFile];
  entry = await hal9(['token', 'generate', ...flags]);
  const accessFile = join(directory, 'access.yaml');
  writeFileSync(accessFile, `tokens:\n${entry.stdout}`);
  serving = await serveMemory({ accessFile });
});
afterAll(() => {
  serving.rpc.forceShutdown();
  rmSync(directory, { recursive: true });
});

const list = (args: readonly string[], env: Record<string, string> = {}): Promise<Ran> =>
  hal9(['plugin', 'list', '--json', ...args], { env: { HAL9_SERVER: serving.rpc.address, ...env } });

describe('hal9 token generate', () => {
  test('prints an entry that the server takes, and writes the token for its owner alone, once', async () => {
    expect(entry.status).toBe(0);
    expect(entry.stdout).not.toContain(readFileSync(tokenFile, 'utf8').trim());
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    const again = await hal9(['token', 'generate', '--name', 'a', '--role', 'observe', '--out', tokenFile]);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('EEXIST')]);
  });

  test('makes another token each time', async () => {
    const make = async (): Promise<unknown> =>
      (await hal9(['token', 'generate', '--name', 'a', '--role', 'execute', '--json'])).json()['token'];
    const [one, two] = await Promise.all([make(), make()]);
    expect(one).toMatch(/^hal9_[\w-]{43}$/);
    expect(two).not.toBe(one);
  });

  test.each([
    [['--name', 'a b', '--role', 'execute'], '--name: expected a name'],
    [['--name', 'a', '--role', 'admin'], 'expected one of execute, manage, observe'],
    [['--name', 'a'], "required option '--role"],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await hal9(['token', 'generate', ...args]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('a command', () => {
  test('shows the token of a file or of HAL9_TOKEN', async () => {
    const token = readFileSync(tokenFile, 'utf8');
    expect((await list(['--token-file', tokenFile])).json()).toEqual({ plugins: [] });
    expect((await list([], { HAL9_TOKEN_FILE: tokenFile })).json()).toEqual({ plugins: [] });
    expect((await list([], { HAL9_TOKEN: token })).json()).toEqual({ plugins: [] });
  });

  test('is refused without one', async () => {
    const nobody = await list([]);
    expect([nobody.status, nobody.json()]).toMatchObject([4, { error: { reason: 'UNAUTHENTICATED' } }]);
  });

  test.each([
    [['--server', '192.0.2.1:1'], 'a token is not sent in the clear to 192.0.2.1:1'],
    [['--server', 'example.com:1'], 'a token is not sent in the clear to example.com:1'],
    [['--token-file', '/nonexistent/token'], '--token-file: ENOENT'],
    [['--tls-cert', 'x'], '--tls-cert and --tls-key belong together'],
    [['--tls-ca', '/nonexistent/ca'], '--tls-ca: ENOENT'],
  ])('refuses %j', async (args, message) => {
    const { status, stdout } = await list(args, { HAL9_TOKEN: 'hal9_x' });
    expect([status, stdout]).toEqual([2, expect.stringContaining(message)]);
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flagName, SETTINGS, variableName } from '../../../src/settings.js';
import { VERSION } from '../../../src/version.js';
import { type Serving, serveMemory } from '../rpc/serving.js';
import { hal9, type Ran } from './command.js';

let serving: Serving;
let directory: string;
let good: string;
let bad: string;

beforeAll(async () => {
  serving = await serveMemory();
  directory = mkdtempSync(join(tmpdir(), 'hal9-cli-'));
  good = join(directory, 'good.hal9');
  bad = join(directory, 'bad.hal9');
  writeFileSync(good, 'a package');
  writeFileSync(bad, 'bad package');
});
afterAll(() => {
  serving.rpc.forceShutdown();
  rmSync(directory, { recursive: true });
});

/** Runs the command against the server of this test. */
const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: serving.rpc.address } });

describe('hal9', () => {
  test('prints help and version', async () => {
    const help = await hal9(['--help']);
    expect(help.status).toBe(0);
    for (const word of ['serve', 'plugin', 'signal', 'tool', 'Exit status']) expect(help.stdout).toContain(word);
    expect((await hal9(['--version'])).stdout).toBe(`${VERSION}\n`);
  });

  test('offers every setting of the server as a flag, with its variable and default', async () => {
    const { stdout } = await hal9(['serve', '--help']);
    const text = stdout.replace(/\s+/g, ' ');
    for (const { key, kind, default: value } of SETTINGS) {
      expect(text).toContain(kind.type === 'boolean' ? ` ${flagName(key)} ` : `${flagName(key)} <`);
      expect(text).toContain(variableName(key));
      if (kind.type !== 'boolean' && value !== undefined) expect(text).toContain(`default: ${value}`);
    }
  });

  test.each([
    [[], 'Usage: hal9'],
    [['plug'], "unknown command 'plug'"],
    [['plugin', 'list', '--jsn'], "unknown option '--jsn'"],
    [['plugin', 'info'], "missing required argument 'ID'"],
    [['plugin', 'list', '--timeout-ms', '0'], 'Expected a whole number above 0'],
    [['signal', 'send', 'text'], "required option '--layer <LAYER>'"],
    [['signal', 'send', '--layer', 'L10', 'text'], 'Allowed choices are L1, L2'],
    [['signal', 'send', '--layer', 'L2', '--metadata', 'k', 'text'], 'expected key=value'],
    [['signal', 'send', '--layer', 'L2', '--metadata', 'k=word', 'text'], 'expected JSON (text in double quotes)'],
    [['tool', 'invoke', 'x', '--params', 'a'], 'expected key=value'],
    [['plugin', 'activate', 'x', '--config', '[1]'], 'expected a JSON object'],
    [['plugin', 'activate', 'x', '--config', '@/nonexistent.json'], 'cannot be read'],
    [['plugin', 'install', '/nonexistent.hal9'], 'does not exist'],
    [['serve', '--queue-length', 'many'], '--queue-length: expected a whole number'],
  ])('answers %j with exit status 2 and the reason', async (args, message) => {
    const { status, stderr, stdout } = await hal9(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('refuses to serve beyond loopback with exit status 4 and the reason', async () => {
    const { status, stderr } = await hal9(['serve', '--grpc-listen', '0.0.0.0:50051', '--data-dir', directory]);
    expect(status).toBe(4);
    expect(stderr).toMatch(/^hal9: LISTEN_REFUSED: --grpc-listen: .*loopback.*\n$/);
  });

  test('says in one line that no server answers, with exit status 3', async () => {
    const { status, stderr } = await hal9(['plugin', 'list', '--server', `unix:${directory}/none.sock`]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/^hal9: UNAVAILABLE: no server answers at unix:\S+; start one with "hal9 serve".*\n$/);
  });

  test('prefers --server to HAL9_SERVER', async () => {
    const { status } = await hal9(['plugin', 'list', '--server', serving.rpc.address], {
      env: { HAL9_SERVER: '127.0.0.1:1' },
    });
    expect(status).toBe(0);
  });
});

describe('hal9 plugin', () => {
  test('walks a plugin through its life, for a person', async () => {
    expect((await against('plugin', 'list')).stdout).toContain('no plugin is installed');
    const installed = await against('plugin', 'install', good);
    expect(installed.stdout).toMatch(
      /^installed described 1\.2\.3 \([-0-9a-f]{36}\)\nmay: nothing.*\n.*hal9 plugin activate/,
    );
    expect((await against('plugin', 'activate', 'described')).stdout).toContain('active: described 1.2.3');
    const list = (await against('plugin', 'list')).stdout.split('\n');
    expect(list[0]).toMatch(/^NAME +VERSION +STATE +OFFERS +INSTANCES +WAITING +SIGNED BY +ID$/);
    expect(list[1]).toMatch(/^described +1\.2\.3 +ACTIVE +L2 neuron echo +1 +0 +UNSIGNED +[-0-9a-f]{36}$/);
    const info = (await against('plugin', 'info', 'described')).stdout;
    expect(info).toContain('description   Says nothing \\u001b[31mred');
    expect(info).not.toContain('\u001b');
    const json = await against('plugin', 'info', 'described', '--json');
    for (const character of '\u001b\u009b\u202e') expect(json.stdout).not.toContain(character);
    expect(json.json()).toMatchObject({ plugin: { description: expect.stringContaining('\u009b31mand \u202eback') } });
    expect((await against('plugin', 'deactivate', 'described')).stdout).toContain('out of service');
    expect((await against('plugin', 'uninstall', 'described')).stdout).toContain('removed: described 1.2.3');
  });

  test('prints the reply as one JSON object with --json', async () => {
    const installed = await against('plugin', 'install', good, '--json');
    expect(installed.json()).toMatchObject({ changed: true, plugin: { state: 'INSTALLED', moduleBytes: '9' } });
    const activated = await against('plugin', 'install', good, '--activate', '--json');
    expect(activated.json()).toMatchObject({ changed: false, plugin: { state: 'ACTIVE' } });
    expect((await against('plugin', 'list', '--json')).json()).toMatchObject({ plugins: [{ state: 'ACTIVE' }] });
    expect((await against('plugin', 'info', 'described', '--json')).json()).toMatchObject({
      plugin: { stateful: true },
    });
    await against('plugin', 'deactivate', 'described', '--json');
    const removed = await against('plugin', 'uninstall', 'described', '--json');
    expect(removed.json()).toEqual({ plugin: expect.objectContaining({ name: 'described' }) as unknown });
  });

  test.each([
    [['plugin', 'info', 'nobody'], 6, 'NOT_FOUND', 'PLUGIN_NOT_FOUND'],
    [['plugin', 'uninstall', 'described'], 4, 'FAILED_PRECONDITION', 'PLUGIN_ACTIVE'],
    [['plugin', 'activate', 'described', '--config', '{"fail":"capacity"}'], 5, 'RESOURCE_EXHAUSTED', 'CAPACITY'],
    [['plugin', 'activate', 'described', '--config', '{"fail":"fault"}'], 7, 'INTERNAL', 'INTERNAL'],
    [['plugin', 'install', 'BAD'], 4, 'INVALID_ARGUMENT', 'MANIFEST_INVALID'],
  ])('refuses %j with exit status %d', async (args, status, code, reason) => {
    await against('plugin', 'install', good, '--activate');
    const asked = args.map((arg) => (arg === 'BAD' ? bad : arg));
    const person = await against(...asked);
    expect([person.status, person.stdout]).toEqual([status, '']);
    expect(person.stderr).toMatch(new RegExp(`^hal9: ${reason}: .+\n$`));
    const program = await against(...asked, '--json');
    expect([program.status, program.stderr]).toEqual([status, '']);
    expect(program.json()).toMatchObject({ error: { code, reason, message: expect.any(String) as unknown } });
  });

  test('tells when to try again, and passes details on', async () => {
    await against('plugin', 'install', good);
    const config = ['--config', '{"fail":"capacity"}'];
    expect((await against('plugin', 'activate', 'described', ...config)).stderr).toContain('try again in 2500 ms');
    expect((await against('plugin', 'activate', 'described', ...config, '--json')).json()).toMatchObject({
      error: { retryAfterMs: 2_500, details: {} },
    });
    expect((await against('plugin', 'info', 'nobody', '--json')).json()).toMatchObject({
      error: { details: { asked: 'nobody' } },
    });
  });

  test('gives up after --timeout-ms with exit status 5', async () => {
    serving.plugins.gate = new Promise(() => {});
    const { status, stderr } = await against('plugin', 'install', good, '--timeout-ms', '300');
    serving.plugins.gate = Promise.resolve();
    expect(status).toBe(5);
    expect(stderr).toContain('give it more with --timeout-ms');
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { packGrants } from '../harness/grants-plugin.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import { hal9, type Ran } from '../unit/cli/command.js';

/** The real server, and the real command against it, about what plugins may do. */
const directory = mkdtempSync(join(tmpdir(), 'hal9-cli-grants-'));
const file = join(directory, 'tries.hal9');
const ID = idOf('tries');
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start({ env: { GIVEN: 'a value' } });
  writeFileSync(
    file,
    await packGrants({ name: 'tries', asks: ['SystemTime', { SystemEnv: 'GIVEN' }, 'SystemRandom'] }),
  );
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});
afterEach(async () => {
  await against('plugin', 'uninstall', 'tries', '--force');
});

const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: server.grpc } });
const tries = async (what: string): Promise<unknown> => {
  const { results } = (await against('signal', 'send', '--layer', 'L2', what, '--json')).json() as {
    results: { signals: { content: string }[] }[];
  };
  return results[0]?.signals[0]?.content;
};

describe('hal9 plugin install', () => {
  test('stops where nobody is there to ask, with the command that would go on', async () => {
    const { status, stdout, stderr } = await against(
      'plugin',
      'install',
      file,
      '--activate',
      '--grant',
      'SystemRandom',
    );
    expect([status, stdout]).toEqual([4, '']);
    expect(stderr).toContain('PERMISSION_UNDECIDED: tries 1.0.0 asks for permissions');
    const command = /hal9 plugin install .* --grant SystemEnv=GIVEN/.exec(stderr)?.[0] ?? '';
    expect(command).toBe(
      `hal9 plugin install ${file} --activate --grant SystemRandom --grant SystemTime --grant SystemEnv=GIVEN`,
    );
    expect((await against(...command.split(' ').slice(1))).status).toBe(0);
    expect(await tries('m')).toBe('moves');
  });

  test('says with --json what is added', async () => {
    const refused = await against('plugin', 'install', file, '--deny', 'SystemRandom', '--json');
    expect(refused.status).toBe(4);
    const { error } = refused.json() as { error: { reason: string; details: { added: string } } };
    expect(error.reason).toBe('PERMISSION_UNDECIDED');
    expect(JSON.parse(error.details.added)).toEqual(['SystemTime', { SystemEnv: 'GIVEN' }]);
  });

  test('takes decisions as words and as JSON', async () => {
    const flags = ['--grant', 'SystemTime', '--deny', '{"SystemEnv":"GIVEN"}', '--deny-all', '--json'];
    const reply = (await against('plugin', 'install', file, ...flags)).json();
    expect(reply['permissions']).toMatchObject({
      effective: ['"SystemTime"'],
      denied: ['{"SystemEnv":"GIVEN"}', '"SystemRandom"'],
    });
  });

  test('with --dry-run says what would happen, and lets it be', async () => {
    const dry = await against('plugin', 'install', file, '--dry-run', '--grant-all', '--activate');
    expect([dry.status, dry.stdout]).toEqual([
      0,
      `nothing is changed; would install tries 1.0.0 (${ID})\nmay: SystemTime, SystemEnv=GIVEN, SystemRandom\n`,
    ]);
    expect((await against('plugin', 'info', 'tries')).status).toBe(6);
  });

  test.skipIf(!existsSync('/usr/bin/script'))('asks a person at a terminal about each permission', async () => {
    const screen = await atTerminal(['plugin', 'install', file], ['y', 'what?', 'n', '']);
    expect(screen).toContain("SystemEnv=GIVEN: read the variable GIVEN of the server's environment");
    expect(screen).toContain('may: SystemTime');
    expect(screen).toContain('denied: SystemEnv=GIVEN, SystemRandom');
  });

  test.skipIf(!existsSync('/usr/bin/script'))('installs nothing when the person would rather not', async () => {
    expect(await atTerminal(['plugin', 'install', file], ['y', 'q'])).toContain('PERMISSION_UNDECIDED');
    expect((await against('plugin', 'info', 'tries')).status).toBe(6);
  });

  test.each([
    [['--grant', 'SystemTme'], '"SystemTme" is no permission'],
    [['--grant', 'SystemEnv=A B'], 'expected the name of an environment variable'],
    [['--grant-all', '--deny-all'], "cannot be used with option '--deny-all'"],
  ])('answers %j with exit status 2', async (flags, message) => {
    const { status, stderr } = await against('plugin', 'install', file, ...flags);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('hal9 plugin permissions, grant and deny', () => {
  test('show a table, and change what holds', async () => {
    await against('plugin', 'install', file, '--deny-all', '--activate');
    expect(await tries('m')).toBe('stands');
    const table = (await against('plugin', 'permissions', 'tries')).stdout.split('\n');
    expect(table[2]).toMatch(/^PERMISSION +ASKED +GRANTED +DENIED +EFFECTIVE +USED +REFUSED$/);
    expect(table[3]).toMatch(/^SystemTime +yes +- +yes +- +0 +2$/);
    const granted = await against('plugin', 'grant', 'tries', 'SystemTime', 'SystemEnv=GIVEN');
    expect(granted.stdout).toMatch(/^SystemTime +yes +yes +- +yes +0 +2$/m);
    expect([await tries('m'), await tries('e')]).toEqual(['moves', 'GIVEN=a value;']);
    const denied = (await against('plugin', 'deny', 'tries', '--all', '--json')).json();
    expect(denied['permissions']).toMatchObject({ effective: [], undecided: [] });
    expect([await tries('m'), await tries('e')]).toEqual(['stands', '']);
    expect((await against('plugin', 'grant', 'tries')).status).toBe(2);
  });

  test('print the least that was needed, which a server takes as its configuration', async () => {
    await against('plugin', 'install', file, '--deny-all', '--activate');
    for (const what of ['m', 'e']) await tries(what);
    const { stdout } = await against('plugin', 'permissions', 'tries', '--policy');
    expect(parseYaml(stdout)).toEqual({
      grants: { [ID]: { grant: ['SystemTime', { SystemEnv: 'GIVEN' }], deny: ['SystemRandom'] } },
    });
    expect(stdout).toContain(`hal9 plugin grant ${ID} SystemTime SystemEnv=GIVEN`);
    const config = join(directory, 'policy.yaml');
    writeFileSync(config, stdout);
    const other = await ServerProcess.start({ flags: ['--config', config] });
    const install = await hal9(['plugin', 'install', file, '--json'], { env: { HAL9_SERVER: other.grpc } });
    expect(install.json()['permissions']).toMatchObject({ effective: ['"SystemTime"', '{"SystemEnv":"GIVEN"}'] });
    await other.stop();
  });
});

describe('without a server', () => {
  test('hal9 plugin test --record prints what a run tried', async () => {
    const recorded = await hal9(['plugin', 'test', file, '--signal', 'r', '--record', '--json']);
    expect(recorded.json()['policy']).toEqual({
      grants: { [ID]: { grant: ['SystemRandom'], deny: ['SystemTime', { SystemEnv: 'GIVEN' }] } },
      notAskedFor: [],
    });
    const { stdout, stderr } = await hal9(['plugin', 'test', file, '--signal', 'r', '--record']);
    expect(stdout).toMatch(/^grants:\n {2}# tries 1\.0\.0\n/);
    expect(parseYaml(stdout)).toEqual({ grants: expect.anything() });
    expect(stderr).toMatch(/^tries 1\.0\.0: OK, .*\npassed\n$/s);
  });

  test('hal9 plugin inspect shows what a package imports, asks for, and cannot use', async () => {
    const asking = join(directory, 'asking.hal9');
    writeFileSync(asking, await packGrants({ name: 'asking', asks: ['SystemTime', { FileRead: '/data' }] }));
    const found = await hal9(['plugin', 'inspect', asking, '--json']);
    expect(found.status).toBe(0);
    expect(found.json()).toMatchObject({
      plugin: { name: 'asking' },
      memory: { initialBytes: 20 * 65_536, limitBytes: 64 * 2 ** 20 },
      imports: [
        { module: 'hal9:plugin/clock@0.1.0', functions: ['monotonic'], permissions: ['SystemTime'] },
        { module: 'hal9:plugin/random@0.1.0', functions: ['next'], permissions: ['SystemRandom'] },
        { module: 'wasi_snapshot_preview1', permissions: ['SystemTime', 'SystemRandom', 'SystemEnv'] },
      ],
      permissions: {
        asked: ['"SystemTime"', '{"FileRead":"/data"}'],
        unreachable: ['{"FileRead":"/data"}'],
        notAskedFor: ['SystemRandom', 'SystemEnv'],
      },
      signatures: [],
    });
    const { stdout } = await hal9(['plugin', 'inspect', asking]);
    expect(stdout).toContain('FileRead=/data (nothing that it imports can make use of it)');
  });

  test('hal9 plugin inspect shows what a server would refuse, with exit status 4', async () => {
    const refused = join(directory, 'refused.hal9');
    const { packWat, ATTACK_NEURON } = await import('../harness/wat-plugin.js');
    const wat = '(module (memory (export "memory") 1))';
    writeFileSync(refused, await packWat({ name: 'refused', wat, capabilities: [ATTACK_NEURON] }));
    const { status, stdout } = await hal9(['plugin', 'inspect', refused]);
    expect(status).toBe(4);
    expect(stdout).toContain('a server would refuse it: MODULE_INVALID');
  });
});

/** Runs the command with a terminal of its own (util-linux's `script`), and gives each answer once it is asked for. */
async function atTerminal(args: readonly string[], answers: readonly string[]): Promise<string> {
  const command = [process.execPath, 'dist/src/cli/hal9.js', ...args].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, HAL9_SERVER: server.grpc } });
  let screen = '';
  let asked = 0;
  child.stdout.on('data', (text: Buffer) => {
    screen += text.toString();
    for (; asked < screen.split('grant it?').length - 1 && asked < answers.length; asked++) {
      child.stdin.write(`${answers[asked]}\n`);
    }
  });
  await once(child, 'close');
  return screen;
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { puppetNeeding } from '../harness/dependent-puppets.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf, packWat } from '../harness/wat-plugin.js';
import { hal9, type Ran } from '../unit/cli/command.js';

/** What the real command says to a person about the real server. */
let server: ServerProcess;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-words-'));
  server = await ServerProcess.start();
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

const DROP = { tool_name: 'drop', tool_description: 'Falls for ever.', parameters: [] };

const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: server.grpc } });

async function install(name: string, bytes: Uint8Array, ...flags: readonly string[]): Promise<Ran> {
  const file = join(directory, `${name}.hal9`);
  writeFileSync(file, bytes);
  return against('plugin', 'install', file, ...flags);
}

describe('hal9 plugin install', () => {
  test('suggests to activate by a name that is unique, and nothing where the plugin is active', async () => {
    const bytes = await packPuppet({ name: 'words' });
    expect((await install('words', bytes)).stdout).toMatch(/with: hal9 plugin activate words\n$/);
    expect((await install('words', bytes, '--activate')).stdout).toMatch(/^was installed already: .*, active\n$/);
    expect((await install('words', bytes)).stdout).toMatch(
      /^was installed already: words 1\.0\.0 \([-0-9a-f]{36}\)\n$/,
    );
    const spaced = await packPuppet({ name: 'two words' });
    expect((await install('spaced', spaced)).stdout).toContain(`with: hal9 plugin activate ${idOf('two words')}\n`);
  });
});

describe('a call', () => {
  test('that traps is found in the log by an id of its own, with what the guest wrote', async () => {
    await install('words', await packPuppet({ name: 'words' }), '--activate');
    const logged = await against('signal', 'send', '--layer', 'L2', 'log me', '--json');
    const { requestId } = logged.json() as { requestId: string };
    expect(requestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const line = await server.logged((entry) => entry['source'] === 'guest' && entry['requestId'] === requestId);
    expect(line.msg).toBe('log me');
    const trapped = await against('signal', 'send', '--layer', 'L2', 'trap');
    expect(trapped.stdout).toMatch(
      /\n {2}what it wrote before is in the server's log: "source":"guest" and "requestId":"[-0-9a-f]{36}"\n$/,
    );
    const echoed = await against('signal', 'send', '--layer', 'L2', 'echo');
    expect(echoed.stdout).not.toContain('requestId');
    expect(echoed.stdout).toMatch(/, \d{1,3}(,\d{3})* fuel\n$/);
  });

  test('that recurses shows the recursion once, and what began it', async () => {
    const wat = readFileSync('test/hostile/guests/recurse.limit-stack.wat', 'utf8');
    const shallow = wat.replace(
      '(func $deeper (param i32) (result i32)',
      '(func $deeper (param i32) (result i32) (if (i32.gt_u (local.get 0) (i32.const 1234)) (then (unreachable)))',
    );
    const capability = {
      type: 'ToolProvider',
      config: { tool_name: 'dig', tool_description: 'Digs.', parameters: [] },
    };
    const named = shallow.replace('(call $deeper (local.get $tool))', '(call $deeper (i32.const 600))');
    await install('digger', await packWat({ name: 'digger', wat: named, capabilities: [capability] }), '--activate');
    const lines = (await against('tool', 'invoke', 'dig')).stdout.match(/^ {4}(at|…) .*$/gm) ?? [];
    expect(lines).toEqual([
      expect.stringMatching(/^ {4}at deeper \(function 1, byte 0x[0-9a-f]+\)$/),
      expect.stringMatching(/^ {4}at deeper \(function 1, byte 0x[0-9a-f]+\)$/),
      '    … 634 more of the same',
      expect.stringMatching(/^ {4}at function 2, byte/),
    ]);
    const endless = await packWat({ name: 'endless', wat, capabilities: [{ ...capability, config: DROP }] });
    await install('endless', endless, '--activate');
    const { stdout } = await against('tool', 'invoke', 'drop');
    expect(stdout).toContain('endless 1.0.0: LIMIT (STACK)\n');
    expect(stdout).toMatch(/ {4}… 1,0\d\d more of the same\n {4}… and what called them, which was not looked at\n/);
  });
});

describe('--server', () => {
  test.each(['nohost', '127.0.0.1', '127.0.0.1:0', '127.0.0.1:70000', ':50051', 'unix:', '::1:50051', 'a b:1'])(
    'refuses %j, and says what it expected',
    async (address) => {
      const { status, stderr } = await hal9(['plugin', 'list', '--server', address]);
      expect(status).toBe(2);
      expect(stderr).toContain('Expected HOST:PORT, such as 127.0.0.1:50051, or unix:PATH.');
      expect((await hal9(['plugin', 'list'], { env: { HAL9_SERVER: address } })).status).toBe(2);
    },
  );

  test.each(['[::1]:1', 'localhost:1', 'no-such-host.invalid:1'])('takes %j', async (address) => {
    const { status, stderr } = await hal9(['plugin', 'list', '--server', address, '--timeout-ms', '5000']);
    expect([status, stderr]).toEqual([3, expect.stringContaining('hal9: UNAVAILABLE: ')]);
  });
});

describe('dependencies', () => {
  const app = (): Promise<Uint8Array> => puppetNeeding('app 1.0.0', 'lib ^1.0.0', 'extra ^2.0.0 optional');

  test('that are missing are named, with what to do next', async () => {
    const { status, stderr } = await install('app', await app());
    expect([status, stderr]).toEqual([
      4,
      `hal9: DEPENDENCY_MISSING: app 1.0.0 needs the plugin ${idOf('lib')} ^1.0.0, which is not installed ` +
        '(install it first with "hal9 plugin install")\n',
    ]);
  });

  test('are shown with what is installed', async () => {
    const client = server.connect();
    await client.installPlugin(await puppetNeeding('lib 1.2.0'));
    await client.installPlugin(await app());
    client.close();
    const { stdout } = await against('plugin', 'info', 'app');
    expect(stdout).toContain(`needs         lib ^1.0.0 (${idOf('lib')}): found 1.2.0, INSTALLED\n`);
    expect(stdout).toContain(`needs         ${idOf('extra')} ^2.0.0, optional: not installed\n`);
    const conflict = await install('extra', await puppetNeeding('extra 1.0.0'));
    expect([conflict.status, conflict.stderr]).toEqual([4, expect.stringContaining('hal9: DEPENDENCY_CONFLICT: ')]);
  });

  test('are told of when they go into service with a plugin', async () => {
    const { stdout } = await against('plugin', 'activate', 'app');
    expect(stdout).toMatch(/^active, since it is needed: lib 1\.2\.0 .*\nactive: app 1\.0\.0 .*\n$/);
  });

  test.each(['deactivate', 'uninstall'])(
    'stand in the way of %s, and the message says what to do next',
    async (verb) => {
      const { status, stderr } = await against('plugin', verb, 'lib');
      expect(status).toBe(4);
      expect(stderr).toMatch(
        /^hal9: PLUGIN_IN_USE: lib 1\.2\.0 is in use: .* app 1\.0\.0 \(take those out first, or repeat .* --force\)\n$/,
      );
    },
  );

  test('give way to --force', async () => {
    const { stdout } = await against('plugin', 'deactivate', 'lib', '--force');
    expect(stdout).toMatch(/^out of service, since it needs it: app 1\.0\.0 .*\nout of service: lib 1\.2\.0 .*\n$/);
    expect((await against('plugin', 'uninstall', 'lib', '--force')).stdout).toMatch(/^removed: lib 1\.2\.0 /);
    expect((await against('plugin', 'info', 'app')).stdout).toContain(
      `needs         ${idOf('lib')} ^1.0.0: not installed`,
    );
  });
});

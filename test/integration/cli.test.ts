import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { InvokeToolResponse, ProcessSignalResponse } from '../../src/client/messages.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { hal9, type Ran } from '../unit/cli/command.js';

/** The real server, and the real command against it: an example and a plugin that does what it is told. */
let server: ServerProcess;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-cli-'));
  server = await ServerProcess.start({ flags: ['--call-timeout-ms', '300'] });
  writeFileSync(join(directory, 'puppet.hal9'), await packPuppet({ name: 'puppet', layer: 'L3' }));
  expect((await against('plugin', 'install', join(directory, 'puppet.hal9'), '--activate')).status).toBe(0);
  expect((await against('plugin', 'install', 'examples/echo', '--activate')).status).toBe(0);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: server.grpc } });

describe('hal9 plugin', () => {
  test('packs a directory into a file that installs, the same bytes each time', async () => {
    const [first, second] = [join(directory, 'a.hal9'), join(directory, 'b.hal9')];
    const packed = await hal9(['plugin', 'pack', 'examples/echo', '--out', first, '--json']);
    expect(packed.json()).toMatchObject({ path: first, plugin: { name: 'echo' } });
    await hal9(['plugin', 'pack', resolve('examples/echo'), '--out', second], { cwd: directory });
    expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
    expect((await against('plugin', 'install', first, '--json')).json()).toMatchObject({
      changed: false,
      plugin: { digest: packed.json()['digest'] as string },
    });
  });

  test('refuses to pack a directory without a module, with exit status 4', async () => {
    const { status, stderr } = await hal9(['plugin', 'pack', directory]);
    expect(status).toBe(4);
    expect(stderr).toMatch(/^hal9: PACKAGE_INVALID: .+\n$/);
  });

  test('refuses what is not a package with exit status 4', async () => {
    writeFileSync(join(directory, 'garbage.hal9'), 'PK garbage');
    const { status, stderr } = await against('plugin', 'install', join(directory, 'garbage.hal9'));
    expect(status).toBe(4);
    expect(stderr).toMatch(/^hal9: PACKAGE_INVALID: /);
  });

  test('lists what is installed', async () => {
    const { stdout } = await against('plugin', 'list');
    expect(stdout).toMatch(/^echo +0\.1\.0 +ACTIVE +L2 neuron echo, tool echo/m);
    expect(stdout).toMatch(/^puppet .*ACTIVE +L3 neuron puppet, tool obey/m);
  });
});

describe('hal9 signal send', () => {
  test('prints what each plugin made of the signal, and its cost', async () => {
    const { status, stdout } = await against('signal', 'send', '--layer', 'L2', 'Analyze this text!');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^echo 0\.1\.0: OK$/m);
    expect(stdout).toMatch(/^ {4}Analyze this text!$/m);
    expect(stdout).toMatch(/^ {2}cost: .+ in the guest, .+ waiting, .+ of memory, [1-9][\d,]* fuel$/m);
  });

  test('sends type, source, id and metadata, and prints the reply with --json', async () => {
    const ran = await against(
      ...['signal', 'send', 'hello', '--layer', 'L2', '--type', 'note', '--source', 'test', '--id', 's-1'],
      ...['--metadata', 'depth=3', '--metadata', 'tags=["a","b"]', '--request-id', 'r-1', '--json'],
    );
    const reply = ran.json() as unknown as ProcessSignalResponse;
    expect(reply.requestId).toBe('r-1');
    expect(reply.results[0]).toMatchObject({ outcome: 'OK', plugin: { name: 'echo' } });
    expect(reply.results[0]?.signals[0]).toMatchObject({
      id: 's-1',
      type: 'note',
      content: 'hello',
      metadata: { depth: '3', tags: '["a","b"]' },
    });
    expect(Number(reply.results[0]?.cost?.fuel)).toBeGreaterThan(0);
  });

  test('reads the content from standard input', async () => {
    const args = ['signal', 'send', '--layer', 'L2', '-', '--server', server.grpc, '--json'];
    const reply = (await hal9(args, { input: 'from a pipe\n' })).json() as unknown as ProcessSignalResponse;
    expect(reply.results[0]?.signals[0]?.content).toBe('from a pipe\n');
  });

  test('finds the plugin by its name or id', async () => {
    expect((await against('signal', 'send', '--layer', 'L2', '--plugin', 'echo', 'x')).status).toBe(0);
    const { status, stderr } = await against('signal', 'send', '--layer', 'L2', '--plugin', 'nobody', 'x');
    expect([status, stderr]).toEqual([6, expect.stringMatching(/^hal9: PLUGIN_NOT_FOUND: /)]);
  });

  test.each([
    ['x', 1, 'PLUGIN_ERROR'],
    ['t', 1, 'TRAP'],
    ['s', 5, 'LIMIT (DEADLINE)'],
  ])('turns what the plugin does to %j into exit status %d', async (content, status, outcome) => {
    const ran = await against('signal', 'send', '--layer', 'L3', content);
    expect([ran.status, ran.stdout]).toEqual([status, expect.stringContaining(`: ${outcome}\n`)]);
  });

  test('says that nobody is registered, with exit status 6', async () => {
    const ran = await against('signal', 'send', '--layer', 'L9', 'x', '--json');
    expect(ran.status).toBe(6);
    expect(ran.json()).toMatchObject({ error: { code: 'NOT_FOUND', reason: 'NOBODY_REGISTERED' } });
  });
});

describe('hal9 tool', () => {
  test('lists tools with their parameters', async () => {
    const { stdout } = await against('tool', 'list');
    expect(stdout).toMatch(/^echo +echo 0\.1\.0 +text: string +Answers with/m);
    expect(stdout).toMatch(/^obey +puppet .* do: string, times\?: integer = 1 +Obeys/m);
    expect((await against('tool', 'list', '--plugin', 'echo')).stdout).not.toContain('obey');
  });

  test.each([
    [['--params', '{"text":"5"}'], '5'],
    // Declared as a string, so 5 stays one.
    [['--params', 'text=5'], '5'],
    [['--params', 'text=a=b "c"'], 'a=b "c"'],
  ])('runs a tool with %j', async (params, text) => {
    const ran = await against('tool', 'invoke', 'echo', ...params, '--request-id', 'r-2', '--json');
    const reply = ran.json() as unknown as InvokeToolResponse;
    expect([ran.status, reply.requestId, reply.result?.outcome]).toEqual([0, 'r-2', 'OK']);
    expect(JSON.parse(reply.result?.value ?? '')).toEqual({ text });
  });

  test('reads parameters from a file, and values as the tool declares them', async () => {
    const file = join(directory, 'params.json');
    writeFileSync(file, '{"do": "e", "times": 2}');
    expect((await against('tool', 'invoke', 'obey', '--params', `@${file}`)).status).toBe(0);
    expect((await against('tool', 'invoke', 'obey', '--params', 'do=e', 'times=2')).status).toBe(0);
  });

  test.each([
    [['nothing'], 6, 'TOOL_NOT_FOUND'],
    [['echo'], 4, 'PARAMETERS_INVALID'],
    [['obey', '--params', 'do=e', 'times=1.5'], 4, 'PARAMETERS_INVALID'],
    [['obey', '--params', 'do=e', 'times=two'], 4, 'PARAMETERS_INVALID'],
    [['obey', '--params', '{"do": "e", "times": "two"}'], 4, 'PARAMETERS_INVALID'],
    [['obey', '--params', '{"do": '], 4, 'PARAMETERS_INVALID'],
    [['obey', '--params', 'do'], 2, 'USAGE'],
  ])('refuses %j with exit status %d', async (args, status, reason) => {
    const ran = await against('tool', 'invoke', ...args);
    expect([ran.status, ran.stdout]).toEqual([status, '']);
    expect(ran.stderr).toMatch(new RegExp(`^hal9: ${reason}: .+\n$`));
  });

  test('prints the value for a person, and the exit status of its outcome', async () => {
    expect((await against('tool', 'invoke', 'echo', '--params', 'text=hi')).stdout).toContain('    "text": "hi"');
    expect((await against('tool', 'invoke', 'obey', '--params', 'do=t')).status).toBe(1);
  });
});

describe('hal9 serve', () => {
  test('refuses a data directory that another server uses, and a port that is taken', async () => {
    const dataDir = join(directory, 'data');
    const other = await ServerProcess.start({ dataDir });
    const free = ['--grpc-listen', '127.0.0.1:0', '--http-listen', '127.0.0.1:0'];
    const locked = await hal9(['serve', '--data-dir', dataDir, ...free]);
    expect([locked.status, locked.stderr]).toEqual([4, expect.stringMatching(/^hal9: DATA_DIR_LOCKED: /)]);
    const fresh = ['--data-dir', join(directory, 'data-2'), '--http-listen', '127.0.0.1:0'];
    const taken = await hal9(['serve', '--grpc-listen', other.grpc, ...fresh]);
    expect([taken.status, taken.stderr]).toEqual([4, expect.stringMatching(/^hal9: LISTEN_REFUSED: /)]);
    await other.stop();
  });

  test('serves on a Unix socket that is private, and takes settings from a file', async () => {
    const socket = join(directory, 'hal9.sock');
    const file = join(directory, 'hal9.yaml');
    writeFileSync(file, `grpc_listen: unix:${socket}\nlog_level: debug\n`);
    // The flags of the harness come first; the last one counts.
    const serving = await ServerProcess.start({ flags: ['--config', file, '--grpc-listen', `unix:${socket}`] });
    expect(serving.grpc).toBe(`unix:${socket}`);
    const ran = await hal9(['plugin', 'list', '--server', serving.grpc]);
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('no plugin is installed')]);
    expect(await serving.stop()).toBe(0);
    expect((await hal9(['plugin', 'list', '--server', serving.grpc])).status).toBe(3);
  });
});

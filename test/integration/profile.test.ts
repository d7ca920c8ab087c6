import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import type { SpeedscopeFile } from '../../src/local/speedscope.js';
import { type OriginalFrame, originalFrames, processByte } from '../harness/original-offsets.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { ATTACK_NEURON, packWat } from '../harness/wat-plugin.js';
import { hal9 } from '../unit/cli/command.js';

/** The real command, without a server, on the examples and on a plugin that does what it is told. */
let directory: string;
let puppet: string;
let mangled: string;
/** Where the mangled puppet traps, in the module as built. */
let built: OriginalFrame[];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-profile-'));
  puppet = join(directory, 'puppet.hal9');
  writeFileSync(puppet, await packPuppet({ name: 'puppet', layer: 'L3' }));
  mangled = join(directory, 'mangled.hal9');
  writeFileSync(mangled, await packMangled());
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The puppet's functions under names as rustc gives them. Its memory has no maximum, as in what Rust builds. */
async function packMangled(): Promise<Uint8Array> {
  const wat = readFileSync('test/guests/puppet.wat', 'utf8')
    .replaceAll('$act', '$_ZN6puppet3act17h0123456789abcdefE')
    .replaceAll('$wait', '$_RNvNtC6puppet5clock4wait');
  const tool = { tool_name: 'obey', tool_description: 'Obeys.', parameters: [] };
  const wasm = await parse(wat);
  built = originalFrames(wasm, processByte('t'));
  return packWat({ name: 'mangled', wat: wasm, capabilities: [ATTACK_NEURON, { type: 'ToolProvider', config: tool }] });
}

/** The trap as a person is shown it. */
function builtLines(): string[] {
  const [inner, outer] = built.map(({ index, offset }) => `function ${index}, byte 0x${offset.toString(16)}`);
  return [`    at puppet::act (${inner})`, `    at ${outer}`];
}

interface TableJson {
  fuel: number;
  functions: { name: string; index?: number; self: number; total: number; calls: number }[];
  results: PluginResult[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const CALLS: readonly (readonly [string, readonly string[]])[] = [
  ['echo', ['--tool', 'echo', '--params', 'text=Analyze this text!', '--calls', '3']],
  ['sentiment-analyzer', ['--signal', 'I love this, it is not bad at all.']],
];

describe('hal9 plugin profile', () => {
  test.each(CALLS)('adds up to what the metered run of examples/%s uses: %j', async (example, call) => {
    const ran = await hal9(['plugin', 'profile', `examples/${example}`, ...call, '--json']);
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    const profile = ran.json() as unknown as TableJson;
    expect(sum(profile.functions.map(({ self }) => self))).toBe(profile.fuel);
    const tested = await hal9(['plugin', 'test', `examples/${example}`, ...call, '--json']);
    const { results } = tested.json() as unknown as TableJson;
    expect(sum(results.map(({ cost }) => Number(cost?.fuel)))).toBe(profile.fuel);
    const names = profile.functions.map(({ name }) => name);
    expect(names).toContain('[copied to and from the host]');
    expect(names.filter((name) => name.includes('::')).length).toBeGreaterThan(10);
    expect(names.filter((name) => /^_R[A-Z]|^_ZN|::h[0-9a-f]{16}$/.test(name))).toEqual([]);
  });

  test('prints a table of the dearest functions', async () => {
    const { stdout } = await hal9(['plugin', 'profile', 'examples/echo', '--signal', 'hi', '--top', '3']);
    const [summary, blank, titles, ...rows] = stdout.trimEnd().split('\n');
    expect(summary).toMatch(/^echo 0\.1\.0: 1 call, OK, [\d,]+ fuel$/);
    expect([blank, titles]).toEqual(['', expect.stringMatching(/^ *SELF +SHARE +TOTAL +SHARE +CALLS {2}FUNCTION$/)]);
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/^ *[\d,]+ +\d+\.\d% +[\d,]+ +\d+\.\d% +\d+ {2}\S/);
    expect(rows[3]).toMatch(/ {2}\(\d+ more, see --top\)$/);
  });

  test('prints as many functions with --json as are asked for', async () => {
    const call = ['plugin', 'profile', 'examples/echo', '--signal', 'hi', '--json'];
    const all = (await hal9(call)).json() as unknown as TableJson & { functionCount: number };
    const three = (await hal9([...call, '--top', '3'])).json() as unknown as TableJson & { functionCount: number };
    expect(all.functions).toHaveLength(all.functionCount);
    expect(three.functionCount).toBe(all.functionCount);
    expect(three.functions).toEqual(all.functions.slice(0, 3));
  });

  test('writes folded stacks and speedscope files that add up to the same', async () => {
    const [folded, speedscope] = [join(directory, 'echo.folded'), join(directory, 'echo.speedscope.json')];
    const call = ['plugin', 'profile', 'examples/echo', '--signal', 'hi'];
    const { stderr } = await hal9([...call, '--format', 'folded', '--out', folded]);
    const fuel = Number(/([\d,]+) fuel/.exec(stderr)?.[1]?.replaceAll(',', ''));
    expect(fuel).toBeGreaterThan(1_000);
    const lines = readFileSync(folded, 'utf8').trimEnd().split('\n');
    expect(sum(lines.map((line) => Number(/^\S.* (\d+)$/.exec(line)?.[1])))).toBe(fuel);
    expect(lines.some((line) => line.startsWith('hal9:plugin/neuron@0.1.0#process;'))).toBe(true);
    const ran = await hal9([...call, '--format', 'speedscope', '--out', speedscope]);
    expect([ran.status, ran.stdout]).toEqual([0, '']);
    const file = JSON.parse(readFileSync(speedscope, 'utf8')) as SpeedscopeFile;
    const [profile] = file.profiles;
    expect([profile?.type, profile?.unit, profile?.endValue]).toEqual(['sampled', 'none', fuel]);
    expect(sum(profile?.weights ?? [])).toBe(fuel);
    expect(profile?.samples).toHaveLength(lines.length);
    expect(Math.max(...(profile?.samples.flat() ?? []))).toBe(file.shared.frames.length - 1);
  });

  test('shows where a call that trapped had come to, and how', async () => {
    const ran = await hal9(['plugin', 'profile', mangled, '--signal', 'trap']);
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(
      /^mangled 1\.0\.0: 1 call, TRAP, [\d,]+ fuel\n {2}INTERNAL_ERROR: the guest trapped: unreachable\n/,
    );
    expect(ran.stdout.match(/^ {4}at .*$/gm)).toEqual(builtLines());
    expect(ran.stdout).toMatch(/^ *\d+ .* 1 {2}puppet::act$/m);
  });

  test('shows what a call spent its fuel on that ran out of it', async () => {
    const ran = await hal9(['plugin', 'profile', puppet, '--signal', 'spin', '--fuel', '20000', '--json']);
    expect(ran.status).toBe(5);
    const profile = ran.json() as unknown as TableJson;
    expect(profile.results[0]).toMatchObject({ outcome: 'LIMIT', limit: 'FUEL' });
    expect(profile.functions[0]).toMatchObject({ name: 'act', calls: 1 });
    expect(profile.functions[0]?.self).toBeGreaterThan(19_000);
  });
});

describe('hal9 plugin test', () => {
  test('uses what a server uses for the same call', async () => {
    const server = await ServerProcess.start({});
    const client = server.connect();
    try {
      for (const [example, name, content] of [
        ['echo', 'echo', 'Analyze this text!'],
        ['sentiment-analyzer', 'sentiment-analyzer', 'I love this.'],
      ] as const) {
        await hal9(['plugin', 'install', `examples/${example}`, '--activate', '--server', server.grpc]);
        const local = await hal9(['plugin', 'test', `examples/${example}`, '--signal', content, '--json']);
        expect(local.json()['fuel']).toBe(await fuelOnServer(client, name, content));
      }
    } finally {
      client.close();
      await server.stop();
    }
  });

  test.each([
    [['--max-fuel', '100000'], 0, /^puppet 1\.0\.0: OK, [\d,]+ fuel\n[\d,]+ fuel, within the 100,000 .*\npassed\n$/],
    [['--max-fuel', '10'], 5, /^puppet 1\.0\.0: OK, [\d,]+ fuel\n[\d,]+ fuel, [\d,]+ more than the 10 .*\nfailed\n$/],
    [['--expect-outcome', 'LIMIT'], 1, /: OK, [\d,]+ fuel\noutcome: expected LIMIT, found OK\nfailed\n$/],
    [['--calls', '2', '--expect-outcome', 'TRAP'], 1, /\noutcome of call 1: expected TRAP, found OK\nfailed\n$/],
    [['--calls', '2'], 0, /^call 1: .* OK, .*\ncall 2: .* OK, .*\npassed\n$/],
  ])('with %j ends in exit status %d', async (flags, status, text) => {
    const ran = await hal9(['plugin', 'test', puppet, '--signal', 'echo', ...flags]);
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([status, expect.stringMatching(text), '']);
  });

  test.each([
    ['t', [], 1, 'TRAP'],
    ['s', ['--fuel', '10000'], 5, 'LIMIT (FUEL)'],
    ['s', ['--timeout-ms', '1500'], 5, 'LIMIT (DEADLINE)'],
    ['x', ['--expect-outcome', 'PLUGIN_ERROR', '--max-fuel', '10000'], 0, 'PLUGIN_ERROR'],
    ['s', ['--expect-outcome', 'LIMIT', '--fuel', '10000'], 0, 'LIMIT (FUEL)'],
    ['e', ['--expect-outcome', 'TRAP'], 1, 'OK'],
  ])('of the signal %j with %j ends in exit status %d: %s', async (content, flags, status, outcome) => {
    const ran = await hal9(['plugin', 'test', puppet, '--signal', content, ...flags]);
    expect([ran.status, ran.stdout]).toEqual([status, expect.stringContaining(`: ${outcome}, `)]);
    expect(ran.stdout).toContain(status === 0 ? 'passed\n' : 'failed\n');
  });

  test('prints what it found with --json', async () => {
    const ran = await hal9([
      'plugin',
      'test',
      puppet,
      '--tool',
      'obey',
      '--params',
      'do=e',
      '--max-fuel',
      '5',
      '--json',
    ]);
    expect(ran.status).toBe(5);
    const { fuel } = ran.json();
    expect(ran.json()).toMatchObject({
      passed: false,
      maxFuel: 5,
      results: [{ outcome: 'OK', cost: { fuel: String(fuel) } }],
    });
  });

  test.each([
    [[], 2, 'USAGE'],
    [['--signal', 'x', '--tool', 'obey'], 2, 'USAGE'],
    [['--signal', 'x', '--layer', 'L9'], 6, 'NOBODY_REGISTERED'],
    [['--tool', 'nothing'], 6, 'TOOL_NOT_FOUND'],
    [['--tool', 'obey'], 4, 'PARAMETERS_INVALID'],
    [['--signal', 'x', '--config', '5'], 2, 'USAGE'],
  ])('refuses %j with exit status %d', async (flags, status, reason) => {
    const ran = await hal9(['plugin', 'test', puppet, ...flags]);
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([status, '', expect.stringContaining(`hal9: ${reason}: `)]);
  });
});

describe('backtraces', () => {
  test('name functions as the source does, in what a server answers and the command prints', async () => {
    const server = await ServerProcess.start({ flags: ['--call-fuel', '1000000'] });
    try {
      const against = (...args: string[]) => hal9(args, { env: { HAL9_SERVER: server.grpc } });
      expect((await against('plugin', 'install', mangled, '--activate')).status).toBe(0);
      const trapped = await against('signal', 'send', '--layer', 'L2', 'trap');
      expect(trapped.stdout).toMatch(/^ {2}INTERNAL_ERROR: the guest trapped: unreachable$/m);
      const frames = trapped.stdout.match(/^ {4}at .*$/gm);
      expect(frames).toEqual(builtLines());
      expect((await hal9(['plugin', 'test', mangled, '--signal', 'trap'])).stdout.match(/^ {4}at .*$/gm)).toEqual(
        frames,
      );
      const spinning = await against('signal', 'send', '--layer', 'L2', 'spin', '--fuel', '5000');
      expect(spinning.stdout).toMatch(
        /RESOURCE_EXHAUSTED: the call used up its fuel \{"limit":5000,.*\}\n {4}at puppet::act /,
      );
    } finally {
      await server.stop();
    }
  });
});

async function fuelOnServer(client: Client, name: string, content: string): Promise<number> {
  const { plugin } = await client.getPlugin(name);
  const { results } = await client.processSignal({
    signal: {
      id: '00000000-0000-4000-8000-000000000000',
      type: 'text',
      layer: 'L2',
      source: 'hal9-cli',
      content,
      timestampMs: String(Date.UTC(2026, 0, 1)),
    },
    pluginId: plugin?.ref?.id ?? '',
  });
  return Number(results[0]?.cost?.fuel);
}

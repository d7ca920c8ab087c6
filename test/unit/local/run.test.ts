import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, test } from 'vitest';
import { LocalPlugin } from '../../../src/local/plugin.js';
import { Profile } from '../../../src/local/profile.js';
import { runLocally } from '../../../src/local/run.js';
import { decodePluginResult, emptySignal, sizeSignal, writeSignal } from '../../../src/protocol/codec.js';
import { messageOf, type Outcome } from '../../../src/protocol/outcomes.js';
import { type OriginalFrame, originalFrames, processByte } from '../../harness/original-offsets.js';
import { ATTACK_NEURON, packWat } from '../../harness/wat-plugin.js';

const ENOUGH = 1_000_000;
const OBEY = { type: 'ToolProvider', config: { tool_name: 'obey', tool_description: 'Obeys.', parameters: [] } };
const PUPPET = readFileSync('test/guests/puppet.wat', 'utf8');

let plugin: LocalPlugin;

/** The puppet with some of its functions under names as rustc gives them. */
beforeAll(async () => {
  const wat = PUPPET.replaceAll('$act', '$_ZN6puppet3act17h0123456789abcdefE').replaceAll(
    '$wait',
    '$_RNvNtC6puppet5clock4wait',
  );
  const bytes = await packWat({ name: 'mangled', wat, capabilities: [ATTACK_NEURON, OBEY] });
  plugin = await LocalPlugin.open(bytes, { config: '{}', hostVersion: '0.1.0' });
});

function signal(content: string): Uint8Array {
  const message = { ...emptySignal(), layer: 2, content: Buffer.from(content) };
  const bytes = new Uint8Array(sizeSignal(message));
  writeSignal(message, bytes, 0);
  return bytes;
}

async function send(content: string, fuel = ENOUGH): Promise<Outcome> {
  const calls = [{ kind: 'signal', fuel, bytes: signal(content) } as const];
  const { outcomes } = await runLocally({
    binding: plugin.metered,
    calls,
    profiled: false,
    callMs: 5_000,
    host: plugin.host(),
  });
  return outcomes[0] as Outcome;
}

async function profile(content: string, fuel = ENOUGH): Promise<Profile> {
  const calls = [{ kind: 'signal', fuel, bytes: signal(content) } as const];
  const run = await runLocally({
    binding: await plugin.profiled(),
    calls,
    profiled: true,
    callMs: 5_000,
    host: plugin.host(),
  });
  if (run.profile === undefined) throw new Error('it did not come to its end');
  return new Profile(run.profile, plugin.functionNames());
}

interface Frame extends OriginalFrame {
  function?: string;
}

/** The functions that a failed call was in, innermost first. */
function framesOf({ body }: Outcome): Frame[] | undefined {
  const details = Buffer.from(decodePluginResult(body).error?.details ?? '').toString();
  const { backtrace } = JSON.parse(details) as { backtrace?: Frame[] };
  expect((backtrace ?? []).every(({ offset }) => offset > 0)).toBe(true);
  return backtrace;
}

/** Their names. */
function backtraceOf(outcome: Outcome): (string | undefined)[] | undefined {
  return framesOf(outcome)?.map((frame) => frame.function);
}

describe('runLocally', () => {
  test.each(['echo', 'x', 'wait', `log ${'x'.repeat(500)}`, 'c'])(
    'uses as much profiled as metered for %j',
    async (content) => {
      const metered = await send(content);
      expect((await profile(content)).fuel).toBe(metered.fuel);
    },
  );

  test('comes as far profiled as metered with any budget', async () => {
    const { fuel = 0 } = await send('wait');
    for (let budget = fuel; budget > 0; budget -= 97) {
      const { type } = await send('wait', budget);
      const { fuel: profiled } = await profile('wait', budget);
      expect(type).toBe(budget === fuel ? 'ok' : 'limit');
      expect(profiled).toBeGreaterThanOrEqual(budget);
      expect(profiled).toBeLessThanOrEqual(fuel);
    }
  });

  test('profiles what the host copied for a function below that function', async () => {
    const stacks = [...(await profile(`l${'x'.repeat(100)}`)).stacks()];
    const names = plugin.functionNames();
    const copied = stacks.filter(({ frames }) => frames.at(-1) === -2);
    const owners = copied.map(({ frames, fuel }) => [frames.length < 2 ? 'host' : names.get(frames.at(-2) ?? 0), fuel]);
    // The text crosses three times: into the guest, to the log, and back as an answer.
    expect(owners).toContainEqual(['puppet::act', 101]);
    expect(owners.find(([owner]) => owner === 'host')?.[1]).toBeGreaterThan(202);
  });
});

describe('backtraces', () => {
  test.each(['20', '20 30', '20 5000'])('have the offsets of the module as built, whose memory is %s', async (size) => {
    const wat = PUPPET.replace('(memory (export "memory") 20)', `(memory (export "memory") ${size})`);
    const wasm = await parse(wat);
    const built = originalFrames(wasm, processByte('t'));
    expect(built).toHaveLength(2);
    const bytes = await packWat({ name: 'built', wat: wasm, capabilities: [ATTACK_NEURON, OBEY] });
    const local = await LocalPlugin.open(bytes, { config: '{}', hostVersion: '0.1.0' });
    const calls = [{ kind: 'signal', fuel: ENOUGH, bytes: signal('t') } as const];
    for (const profiled of [false, true]) {
      const binding = profiled ? await local.profiled() : local.metered;
      const { outcomes } = await runLocally({ binding, calls, profiled, callMs: 5_000, host: local.host() });
      expect(framesOf(outcomes[0] as Outcome)).toMatchObject(built);
    }
  });

  test('name functions as the source does', async () => {
    expect(backtraceOf(await send('trap'))).toEqual(['puppet::act', undefined]);
    expect(backtraceOf(await send('spin', 5_000))).toEqual(['puppet::act', undefined]);
  });

  test('of calls that run out of fuel at a call of the host begin where the guest called it', async () => {
    const text = `l${'x'.repeat(300)}`;
    const { fuel = 0 } = await send(text);
    const before: (readonly (string | undefined)[] | undefined)[] = [];
    for (let budget = 300; budget < fuel; budget += 97) before.push(backtraceOf(await send(text, budget)));
    expect(before).toContainEqual(['puppet::act', undefined]);
  });

  test('are missing where the guest had returned, and the message says so', async () => {
    const { fuel = 0 } = await send('echo');
    const outcome = await send('echo', fuel - 1);
    expect(backtraceOf(outcome)).toBeUndefined();
    expect(messageOf(outcome)).toBe(
      'the call used up its fuel, as was found when the guest had returned and its answer was copied',
    );
    expect(messageOf(await send('spin', 5_000))).toBe('the call used up its fuel');
  });
});

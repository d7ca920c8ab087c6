import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import type { PluginResult, ProcessSignalResponse } from '../../src/client/messages.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;

async function install(options: Parameters<typeof packPuppet>[0]): Promise<string> {
  await client.installPlugin(await packPuppet(options));
  await client.activatePlugin(options.name);
  return idOf(options.name);
}

async function refusal(action: Promise<unknown>): Promise<CallError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CallError)) throw new Error(`expected a refusal, found ${String(error)}`);
  return error;
}

/** The client's own clock ends the call, or the server's a moment before. */
async function tooLate(call: Promise<ProcessSignalResponse>): Promise<void> {
  const answer = await call.catch((error: unknown) => error);
  if (answer instanceof CallError) expect(answer.code).toBe('DEADLINE_EXCEEDED');
  else expect(only(answer as ProcessSignalResponse).limit).toBe('DEADLINE');
}

const send = (pluginId: string, content: string, timeoutMs?: number): Promise<ProcessSignalResponse> =>
  client.processSignal(
    { signal: { id: 'one', layer: 'L2', content }, pluginId },
    timeoutMs === undefined ? {} : { timeoutMs },
  );

const only = ({ results }: { results: readonly PluginResult[] }): PluginResult => {
  if (results.length !== 1 || results[0] === undefined) throw new Error(`expected one result, found ${results.length}`);
  return results[0];
};

const contentOf = (result: PluginResult): string | undefined => result.signals[0]?.content;

beforeAll(async () => {
  server = await ServerProcess.start({
    flags: ['--call-timeout-ms', '400', '--queue-length', '32', '--log-level', 'debug'],
  });
  client = server.connect();
});

afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

describe('ProcessSignal', () => {
  test('hands the signal to the neuron and answers with what it said and what it cost', async () => {
    const pluginId = await install({ name: 'first' });
    const signal = {
      id: 'signal-1',
      type: 'text',
      layer: 'L2' as const,
      source: 'test',
      content: 'echo ✓',
      metadata: { weight: '0.5', tags: '["a","b"]' },
      timestampMs: '18446744073709551615',
    };
    const response = await client.processSignal({ signal, pluginId, requestId: 'request-1' });
    expect(response.requestId).toBe('request-1');
    const result = only(response);
    expect(result.plugin).toEqual({ id: pluginId, name: 'first', version: '1.0.0' });
    expect(result.outcome).toBe('OK');
    expect(result.signals).toEqual([{ ...signal, type: '', source: '' }]);
    expect(Number(result.cost?.memoryBytes)).toBe(20 * 65_536);
    expect(Number(result.cost?.guestTimeUs)).toBeGreaterThan(0);
    expect(result.error).toBeNull();
  });

  test('gives every neuron of the layer the signal, in a stable order, and one that fails hides none', async () => {
    await install({ name: 'on-l5-b', layer: 'L5' });
    await install({ name: 'on-l5-a', layer: 'L5', neuronType: 'other' });
    const { results } = await client.processSignal({ signal: { layer: 'L5', content: 'trap' } });
    expect(results.map(({ plugin, outcome }) => [plugin?.name, outcome])).toEqual([
      ['on-l5-a', 'TRAP'],
      ['on-l5-b', 'TRAP'],
    ]);
    const again = await client.processSignal({ signal: { layer: 'L5', content: 'echo' } });
    expect(again.results.map(contentOf)).toEqual(['echo', 'echo']);
    const typed = await client.processSignal({ signal: { layer: 'L5', content: 'echo' }, neuronType: 'other' });
    expect(typed.results.map(({ plugin }) => plugin?.name)).toEqual(['on-l5-a']);
  });

  test('is refused with NOT_FOUND when nobody is registered, and with INVALID_ARGUMENT without a layer', async () => {
    expect(await refusal(client.processSignal({ signal: { layer: 'L9', content: 'x' } }))).toMatchObject({
      code: 'NOT_FOUND',
      reason: 'NOBODY_REGISTERED',
    });
    expect(await refusal(client.processSignal({ signal: { content: 'x' } }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'REQUEST_INVALID',
    });
  });

  test('is refused before the guest sees it when a field is larger than it may be or metadata is not JSON', async () => {
    const pluginId = await install({ name: 'validates' });
    const signals = [
      { id: 'x'.repeat(257), layer: 'L2' as const },
      { layer: 'L2' as const, metadata: { broken: '{' } },
    ];
    for (const signal of signals) {
      expect((await refusal(client.processSignal({ signal, pluginId }))).reason).toBe('REQUEST_INVALID');
    }
    expect(contentOf(only(await send(pluginId, 'count')))).toBe('1');
  });

  test("carries the plugin's own error with code and message", async () => {
    const result = only(await send(await install({ name: 'says-no' }), 'x'));
    expect(result.outcome).toBe('PLUGIN_ERROR');
    expect(result.error).toMatchObject({ code: 'INVALID_INPUT', message: 'as told' });
  });
});

describe('a stateful plugin', () => {
  test('keeps its memory between calls, and loses it with its instance when it traps', async () => {
    const pluginId = await install({ name: 'remembers' });
    const counts: unknown[] = [];
    for (const content of ['count', 'count', 'trap', 'count']) {
      const result = only(await send(pluginId, content));
      counts.push(result.outcome === 'OK' ? contentOf(result) : result.outcome);
    }
    expect(counts).toEqual(['1', '2', 'TRAP', '1']);
  });

  test('is not wiped by a client that hangs up in the middle of a call', async () => {
    const pluginId = await install({ name: 'survives-clients' });
    await send(pluginId, 'count');
    await tooLate(send(pluginId, 'wait', 10));
    // The call that was given up may have been counted, where it had begun; what was there before it is not lost.
    expect(['2', '3']).toContain(contentOf(only(await send(pluginId, 'count'))));
  });

  test('loses a call that runs longer than it may, and goes on with those behind it', async () => {
    const pluginId = await install({ name: 'spins-once' });
    const answers = await Promise.all(['spin', 'count', 'count'].map((content) => send(pluginId, content)));
    expect(answers.map((answer) => only(answer)).map(({ outcome, limit }) => [outcome, limit])).toEqual([
      ['LIMIT', 'DEADLINE'],
      ['OK', 'LIMIT_UNSPECIFIED'],
      ['OK', 'LIMIT_UNSPECIFIED'],
    ]);
  });
});

describe('a stateless plugin', () => {
  test('loses its instance when the client hangs up, and answers the next call with a fresh one', async () => {
    const pluginId = await install({ name: 'stateless', requirements: { stateful: false } });
    await tooLate(send(pluginId, 'spin', 50));
    expect(only(await send(pluginId, 'echo')).outcome).toBe('OK');
  });
});

describe('a full queue', () => {
  test('refuses at once with a retry hint, and answers what it took', async () => {
    const pluginId = await install({ name: 'overwhelmed' });
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, () =>
        send(pluginId, 'wait').then(
          () => 'answered',
          (error: CallError) => error,
        ),
      ),
    );
    const refused = outcomes.filter((outcome) => outcome instanceof CallError);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) expect(error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'QUEUE_FULL' });
    expect(refused[0]?.retryAfterMs).toBeGreaterThan(0);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThanOrEqual(32);
  });
});

describe('InvokeTool', () => {
  test('validates parameters, fills in defaults, and answers with JSON', async () => {
    await install({ name: 'tool-owner', tool: 'obey_first' });
    const { result, requestId } = await client.invokeTool({
      tool: 'obey_first',
      parameters: '{"do":"echo"}',
      requestId: 'r',
    });
    expect([result?.outcome, requestId]).toEqual(['OK', 'r']);
    expect(JSON.parse(result?.value ?? '')).toEqual({ do: 'echo', times: 1 });
  });

  test('names every fault of the parameters by its path', async () => {
    await install({ name: 'strict', tool: 'obey_strictly' });
    const error = await refusal(client.invokeTool({ tool: 'obey_strictly', parameters: '{"times":1.5,"more":true}' }));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'PARAMETERS_INVALID' });
    for (const path of ['parameters.more', 'parameters.times', 'parameters.do']) expect(error.message).toContain(path);
    expect((await refusal(client.invokeTool({ tool: 'obey_strictly', parameters: '[]' }))).reason).toBe(
      'PARAMETERS_INVALID',
    );
  });

  test('wants a plugin id where several offer the tool, and is refused where none does', async () => {
    const first = await install({ name: 'twin-a', tool: 'twin' });
    await install({ name: 'twin-b', tool: 'twin' });
    const parameters = '{"do":"echo"}';
    expect((await refusal(client.invokeTool({ tool: 'twin', parameters }))).reason).toBe('TOOL_AMBIGUOUS');
    expect((await client.invokeTool({ tool: 'twin', parameters, pluginId: first })).result?.plugin?.id).toBe(first);
    expect((await refusal(client.invokeTool({ tool: 'nobody_has_it' }))).reason).toBe('TOOL_NOT_FOUND');
    const { tools } = await client.listTools(first);
    expect(tools.map(({ name, parameters: declared }) => [name, declared.map((each) => each.defaultValue)])).toEqual([
      ['twin', ['', '1']],
    ]);
  });
});

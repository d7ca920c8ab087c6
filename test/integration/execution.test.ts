import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import type { PluginResult, ProcessSignalResponse, SignalAnswer } from '../../src/client/messages.js';
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
    expect(contentOf(only(await send(pluginId, 'count')))).toBe('3');
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

describe('StreamSignals', () => {
  test('answers each message with its id, a batch in its order, and a refusal without ending the stream', async () => {
    const pluginId = await install({ name: 'streamed' });
    const stream = client.streamSignals();
    const signal = (content: string) => ({ layer: 'L2' as const, content });
    await stream.send({
      id: '18446744073709551615',
      signals: [signal('e1'), signal('e2'), signal('x')],
      pluginId,
      requestId: 'batch',
    });
    await stream.send({ id: 2, signals: [{ content: 'no layer' }], pluginId });
    await stream.send({ id: 3, signals: [], pluginId });
    await stream.send({ id: 4, signals: [signal('e4')], pluginId });
    stream.end();
    const found = new Map<string, SignalAnswer[]>();
    for await (const { id, answers, requestId } of stream) {
      found.set(id, answers);
      if (id === '18446744073709551615') expect(requestId).toBe('batch');
    }
    const batch = found.get('18446744073709551615') ?? [];
    expect(batch.map((answer) => only(answer)).map((result) => contentOf(result) ?? result.outcome)).toEqual([
      'e1',
      'e2',
      'PLUGIN_ERROR',
    ]);
    expect(found.get('2')?.[0]?.refusal?.reason).toBe('REQUEST_INVALID');
    expect(found.get('3')?.[0]?.refusal?.reason).toBe('REQUEST_INVALID');
    expect(contentOf(only(found.get('4')?.[0] ?? { results: [] }))).toBe('e4');
  });

  test('lets a fast answer overtake a slow one', async () => {
    const slow = await install({ name: 'slow-stream' });
    const fast = await install({ name: 'fast-stream' });
    const stream = client.streamSignals();
    await stream.send({ id: 1, signals: [{ layer: 'L2', content: 'wait' }], pluginId: slow });
    await stream.send({ id: 2, signals: [{ layer: 'L2', content: 'echo' }], pluginId: fast });
    stream.end();
    const order: string[] = [];
    for await (const { id } of stream) order.push(id);
    expect(order).toEqual(['2', '1']);
  });

  test('carries thousands of signals beyond what may be under way, and loses none', async () => {
    const pluginId = await install({ name: 'flooded-stream' });
    const stream = client.streamSignals();
    const sending = (async () => {
      for (let id = 1; id <= 200; id++) {
        await stream.send({
          id,
          signals: Array.from({ length: 30 }, (_, i) => ({ layer: 'L2' as const, content: `e${id}-${i}` })),
          pluginId,
        });
      }
      stream.end();
    })();
    let answered = 0;
    let refused = 0;
    for await (const { id, answers } of stream) {
      answers.forEach((answer, i) => {
        if (answer.refusal === null) {
          expect(contentOf(only(answer))).toBe(`e${id}-${i}`);
          answered++;
        } else {
          expect(answer.refusal.reason).toBe('QUEUE_FULL');
          refused++;
        }
      });
    }
    await sending;
    expect(answered + refused).toBe(6_000);
    expect(answered).toBeGreaterThan(0);
  });
});

describe('the log', () => {
  test("carries a guest's lines with plugin, version, request and trace", async () => {
    const pluginId = await install({ name: 'talkative' });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await client.processSignal(
      { signal: { layer: 'L2', content: 'log this' }, pluginId, requestId: 'logged' },
      { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    const line = await server.logged(({ source, msg }) => source === 'guest' && msg === 'log this');
    expect(line).toMatchObject({ level: 'info', plugin: 'talkative', version: '1.0.0', requestId: 'logged', traceId });
  });
});

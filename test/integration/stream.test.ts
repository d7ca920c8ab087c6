import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import type { PluginResult, SignalAnswer } from '../../src/client/messages.js';
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

const only = ({ results }: { results: readonly PluginResult[] }): PluginResult => {
  if (results.length !== 1 || results[0] === undefined) throw new Error(`expected one result, found ${results.length}`);
  return results[0];
};

const contentOf = (result: PluginResult): string | undefined => result.signals[0]?.content;

beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--queue-length', '32'] });
  client = server.connect();
});

afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
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

describe('a reply that is larger than a message may be', () => {
  test('loses as many of the largest answers as it must, each with its limit, and hides no other', async () => {
    for (const name of ['large-a', 'large-b', 'large-c', 'large-d', 'large-e']) await install({ name, layer: 'L6' });
    const { results } = await client.processSignal({ signal: { layer: 'L6', content: `e${'x'.repeat(1_000_000)}` } });
    expect(results.map(({ plugin, outcome, limit }) => [plugin?.name, outcome, limit])).toEqual([
      ['large-a', 'LIMIT', 'OUTPUT'],
      ...['large-b', 'large-c', 'large-d', 'large-e'].map((name) => [name, 'OK', 'LIMIT_UNSPECIFIED']),
    ]);
    expect(Number(results[0]?.cost?.fuel)).toBeGreaterThan(0);
  });
});

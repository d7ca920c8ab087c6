import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { executionDefinition } from '../../src/client/definitions.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { ATTACK_NEURON, idOf, packWat } from '../harness/wat-plugin.js';

const MIB = 1_048_576;

/** A neuron that answers any signal with one of 4,000,000 bytes. */
const TALKER = `(module (memory (export "memory") 80)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
  (func (export "hal9:plugin/neuron@0.1.0#process") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (memory.fill (i32.const 131072) (i32.const 97) (i32.const 4194304))
    (memory.fill (i32.const 1024) (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 1028) (i32.const 2048)) (i32.store (i32.const 1032) (i32.const 1))
    (i32.store (i32.const 2076) (i32.const 131072)) (i32.store (i32.const 2080) (i32.const 4000000))
    (i32.const 1024))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) unreachable)
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) unreachable))`;

let server: ServerProcess;
let client: Client;
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  server = await ServerProcess.start();
  client = server.connect();
  await client.installPlugin(await packWat({ name: 'talker', wat: TALKER, capabilities: [ATTACK_NEURON] }));
  await client.activatePlugin('talker');
  await client.installPlugin(await packPuppet({ name: 'bystander', layer: 'L9' }));
  await client.activatePlugin('bystander');
});

afterAll(async () => {
  for (const session of sessions) session.destroy();
  client.close();
  expect(await server.stop()).toBe(0);
});

function openSession(): ClientHttp2Session {
  const session = connect(`http://${server.grpc}`);
  session.on('error', () => {});
  sessions.push(session);
  return session;
}

/** A call whose answer is not read until somebody resumes it. */
function call(session: ClientHttp2Session, method: 'ProcessSignal' | 'StreamSignals'): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/hal9.plugin.v1.PluginExecution/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  return stream.pause();
}

function frame(method: 'ProcessSignal' | 'StreamSignals', message: object): Buffer {
  const bytes = executionDefinition[method]?.requestSerialize(message) ?? Buffer.alloc(0);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const signal = { layer: 'L2' as const, content: 'say' };
const pluginId = idOf('talker');

async function bystanderAnswers(): Promise<void> {
  const { results } = await client.processSignal({ signal: { layer: 'L9', content: 'e1' } });
  expect(results[0]?.signals[0]?.content).toBe('e1');
}

describe('a client that asks and does not read', () => {
  test('loses its stream with CLIENT_TOO_SLOW, and the server does not hold what it asked for', async () => {
    const stream = call(openSession(), 'StreamSignals');
    // Small answers first, after which the server lets many signals in.
    const bystander = idOf('bystander');
    for (let id = 1; id <= 200; id++) {
      const echo = { layer: 'L9', content: 'e' };
      stream.write(frame('StreamSignals', { id, signals: [echo], pluginId: bystander }));
    }
    for (let id = 201; id <= 300; id++) stream.write(frame('StreamSignals', { id, signals: [signal], pluginId }));
    await expect
      .poll(() => server.metrics(), { timeout: 15_000, interval: 100 })
      .toContain('hal9_refusals_total{reason="CLIENT_TOO_SLOW"} 1');
    expect(await server.rss()).toBeLessThan(400 * MIB);
    await bystanderAnswers();
    const trailers = once(stream, 'trailers');
    stream.resume();
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '8' });
  });

  test('loses its connection when its answers together are too many', async () => {
    const session = openSession();
    // A reset of the connection is an error of the session, and as good an end as any.
    const closed = new Promise((resolve) => session.once('close', resolve));
    for (let count = 0; count < 48; count++)
      call(session, 'ProcessSignal').end(frame('ProcessSignal', { signal, pluginId }));
    await closed;
    await server.logged((line) => String(line['msg']).includes('do not read their answers'));
    await bystanderAnswers();
  });

  test('loses nothing when it reads', async () => {
    const stream = client.streamSignals();
    const sending = (async () => {
      for (let id = 1; id <= 40; id++) await stream.send({ id, signals: [signal], pluginId });
      stream.end();
    })();
    let bytes = 0;
    for await (const { answers } of stream) bytes += answers[0]?.results[0]?.signals[0]?.content.length ?? 0;
    await sending;
    expect(bytes).toBe(40 * 4_000_000);
  });
});

import type { ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/client/client.js';
import type { StreamSignalsResponse } from '../../../src/client/messages.js';
import { HostError } from '../../../src/errors.js';
import { executionDefinition, type ServiceBinding } from '../../../src/rpc/definitions.js';
import { toServiceError } from '../../../src/rpc/status.js';
import { type Serving, serveMemory } from '../rpc/serving.js';

type Stream = ServerDuplexStream<{ id: string; requestId: string }, object>;

/** Answers each message with its id; ends the call with a refusal at the request id "refuse"; reads no further at "hold". */
const echoing: ServiceBinding = {
  definition: { StreamSignals: executionDefinition['StreamSignals'] } as ServiceBinding['definition'],
  implementation: {
    StreamSignals: (stream: Stream) => {
      stream.on('data', ({ id, requestId }: { id: string; requestId: string }) => {
        if (requestId === 'refuse') {
          stream.emit('error', toServiceError(new HostError('QUEUE_FULL', 'full', { retryAfterMs: 7 })));
        } else if (requestId === 'hold') stream.pause();
        else stream.write({ id, answers: [], requestId });
      });
      stream.on('end', () => stream.end());
    },
  },
};

let serving: Serving;
let client: Client;

beforeEach(async () => {
  serving = await serveMemory({}, [echoing]);
  client = connect(serving.rpc.address, { timeoutMs: 10_000 });
});
afterEach(() => {
  client.close();
  serving.rpc.forceShutdown();
});

describe('SignalStream', () => {
  test('gives the answer to each message, and ends with the stream', async () => {
    const stream = client.streamSignals();
    for (let id = 1; id <= 100; id++) await stream.send({ id, signals: [] });
    stream.end();
    const ids: string[] = [];
    for await (const { id } of stream) ids.push(id);
    expect(ids).toEqual(Array.from({ length: 100 }, (_, i) => String(i + 1)));
  });

  test('throws where the answers are read when the server refuses, and lets nobody wait to send', async () => {
    const stream = client.streamSignals();
    await stream.send({ id: 1, signals: [] });
    await stream.send({ id: 2, signals: [], requestId: 'refuse' });
    const answers: StreamSignalsResponse[] = [];
    const reading = (async () => {
      for await (const answer of stream) answers.push(answer);
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'QUEUE_FULL', retryAfterMs: 7 });
    for (let id = 3; id < 100; id++) await stream.send({ id, signals: [{ content: 'x'.repeat(10_000) }] });
    expect(answers.length).toBeLessThanOrEqual(1);
  });

  test('makes the sender wait while the server does not read, until it hangs up', async () => {
    const stream = client.streamSignals();
    await stream.send({ id: 1, signals: [], requestId: 'hold' });
    let sent = 0;
    const sending = (async () => {
      for (let id = 2; id < 200; id++) {
        await stream.send({ id, signals: [{ content: 'x'.repeat(100_000) }] });
        sent++;
      }
    })();
    const settled = await Promise.race([sending.then(() => 'sent'), client.listPlugins().then(() => 'waiting')]);
    expect(settled).toBe('waiting');
    expect(sent).toBeLessThan(100);
    stream.cancel();
    await sending;
  });
});

describe('Client', () => {
  test('hangs up when the signal is aborted, at once where it was already', async () => {
    serving.plugins.gate = new Promise(() => {});
    const abort = new AbortController();
    const running = client.installPlugin(Buffer.from('x'), { signal: abort.signal });
    await expect.poll(() => serving.plugins.installed.length).toBe(1);
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(client.listPlugins({ signal: abort.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('gives up at the deadline', async () => {
    serving.plugins.gate = new Promise(() => {});
    const running = client.installPlugin(Buffer.from('x'), { timeoutMs: 100 });
    await expect(running).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: '' });
  });

  test('waits for a server, and says when there is none', async () => {
    await client.ready(5_000);
    const lost = connect('127.0.0.1:1');
    await expect(lost.ready(50)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    lost.close();
  });
});

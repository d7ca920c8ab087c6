import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { HostSession } from '../../../../src/host/session.js';
import {
  countField,
  countOf,
  packAnswer,
  packRequest,
  unpackAnswer,
  unpackRequest,
} from '../../../../src/protocol/host-calls.js';
import { HostLine } from '../../../../workers/host/host-line.js';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));

/** A line whose answers lie there before they are asked for: nothing has to sleep. */
function lineWith(answers: ArrayBuffer[]): HostLine {
  const { port1, port2 } = new MessageChannel();
  for (const answer of answers) port1.postMessage(answer);
  return new HostLine({ port: port2, bell: new SharedArrayBuffer(4) });
}

describe('host calls, packed', () => {
  it('come out as they went in', () => {
    const packed = packRequest(7, 'memory.list', [bytes('a\0b'), countField(4_000_000_000)]);
    expect(packed.byteLength).toBe(8 + 4 + 3 + 4 + 4);
    const request = unpackRequest(packed);
    expect(request).toMatchObject({ number: 7, operation: 'memory.list', fields: [bytes('a\0b'), expect.anything()] });
    expect(countOf(request?.fields[1])).toBe(4_000_000_000);
    const said = {
      ok: false,
      code: 'INVALID_INPUT',
      message: 'no',
      details: { a: 1 },
      quietMs: 5,
      fuel: 1e15,
    } as const;
    const refusal = packAnswer(7, said);
    expect(unpackAnswer(refusal)).toEqual({
      number: 7,
      ok: false,
      code: 0,
      message: bytes('no'),
      details: bytes('{"a":1}'),
      quietMs: 5,
      fuel: 1e15,
    });
  });

  it.each([
    ['no buffer', { number: 1 }],
    ['too short', new ArrayBuffer(7)],
    ['an operation that there is not', Uint32Array.of(1, 999).buffer],
    ['a field that is longer than the message', Uint32Array.of(1, 0, 5).buffer],
    ['half a length', new Uint8Array(10).buffer],
  ])('are refused where they are %s', (_, message) => {
    expect(unpackRequest(message)).toBeUndefined();
  });
});

describe('HostLine', () => {
  it('drops answers to other requests than its own, and what is no answer', () => {
    const line = lineWith([
      packAnswer(0, { ok: true, fields: [bytes('stale')] }),
      new ArrayBuffer(3),
      packAnswer(1, { ok: true, fields: [bytes('mine')] }),
      packAnswer(1, { ok: true, fields: [bytes('twice')] }),
      packAnswer(2, { ok: true, fields: [bytes('second')] }),
    ]);
    expect(line.ask('memory.get', [])).toMatchObject({ fields: [bytes('mine')] });
    expect(line.ask('memory.get', [])).toMatchObject({ fields: [bytes('second')] });
  });

  it('gives a refusal again by itself for as long as it was told, for the same operation alone', () => {
    const line = lineWith([
      packAnswer(1, { ok: false, code: 'RESOURCE_EXHAUSTED', message: 'too often', quietMs: 60_000 }),
      packAnswer(2, { ok: true, fields: [] }),
    ]);
    const first = line.ask('memory.get', []);
    expect(first).toMatchObject({ ok: false, code: 2 });
    expect(line.ask('memory.get', [])).toEqual(first);
    expect(line.ask('memory.set', [])).toMatchObject({ ok: true });
  });

  it('asks again in a call from which time is withheld', () => {
    const line = lineWith([
      packAnswer(1, { ok: false, code: 'RESOURCE_EXHAUSTED', message: 'too often', quietMs: 60_000 }),
      packAnswer(2, { ok: true, fields: [bytes('waited')] }),
    ]);
    const refused = line.ask('memory.get', []);
    line.beginCall(true);
    expect(line.ask('memory.get', [])).toMatchObject({ fields: [bytes('waited')] });
    line.beginCall(false);
    expect(line.ask('memory.get', [])).toEqual(refused);
  });

  it('sleeps in its thread until the session has answered, and asks again', async () => {
    const worker = new Worker(new URL('./asking-thread.js', import.meta.url));
    const asked: string[] = [];
    const session = new HostSession(
      {
        answer: async ({ fields: [field] }) => {
          asked.push(Buffer.from(field as Uint8Array).toString());
          await new Promise((resolve) => setImmediate(resolve));
          return { ok: true, fields: [bytes(`answer ${asked.length}`)] };
        },
      },
      (fault) => asked.push(`fault: ${fault}`),
    );
    worker.postMessage(session.link, [session.link.port]);
    const [answers] = (await once(worker, 'message')) as [string[]];
    expect(asked).toEqual(['question 1', 'question 2', 'question 3']);
    expect(answers).toEqual(['answer 1', 'answer 2', 'answer 3']);
    session.close();
    await worker.terminate();
  });

  it('is woken by nothing but the end of its thread where no answer comes', async () => {
    const worker = new Worker(new URL('./asking-thread.js', import.meta.url));
    const asked = new Promise<AbortSignal>((resolve) => {
      const session = new HostSession(
        {
          answer: (_, { signal }) => {
            resolve(signal);
            return new Promise(() => {});
          },
        },
        () => {},
      );
      worker.postMessage(session.link, [session.link.port]);
      worker.once('exit', () => session.close());
    });
    const signal = await asked;
    expect(signal.aborted).toBe(false);
    await worker.terminate();
    expect(signal.aborted).toBe(true);
  });
});

describe('HostSession', () => {
  it.each([
    [
      'a second request while one is pending',
      [packRequest(1, 'memory.get', [bytes('k')]), packRequest(2, 'memory.get', [bytes('k')])],
    ],
    ['what is no request', ['hello']],
  ])('takes %s for a worker that is not ours', async (_, messages) => {
    const fault = new Promise<string>((resolve) => {
      const session = new HostSession({ answer: () => new Promise(() => {}) }, (message) => {
        session.close();
        resolve(message);
      });
      for (const message of messages) session.link.port.postMessage(message);
    });
    expect(await fault).toMatch(/host call/);
  });
});

/** The load process: sends bursts over plain HTTP/2 with messages encoded beforehand, so that it costs as little as can be. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { median } from '../measure.js';
import type { BurstOrder, BurstResult } from './burst.js';
import { FrameReader, frame } from './frames.js';
import { sendPaced } from './paced.js';
import { headersFor, UnaryCalls } from './unary.js';

const WINDOW_BYTES = 16 * 1_048_576;
const sessions = new Map<string, Promise<ClientHttp2Session>>();

function sessionTo(address: string): Promise<ClientHttp2Session> {
  const known = sessions.get(address);
  if (known !== undefined) return known;
  const opened = new Promise<ClientHttp2Session>((resolve, reject) => {
    const session = connect(`http://${address}`, { settings: { initialWindowSize: WINDOW_BYTES } });
    session.once('error', reject);
    session.once('connect', () => {
      session.setLocalWindowSize(WINDOW_BYTES);
      resolve(session);
    });
    session.once('close', () => sessions.delete(address));
  });
  sessions.set(address, opened);
  return opened;
}

/** Carries out calls, so many at a time or so many a second, until all are answered. */
async function unaryBurst(session: ClientHttp2Session, order: BurstOrder): Promise<BurstResult> {
  const calls = new UnaryCalls(session, order);
  const start = performance.now();
  if (order.perSecond !== undefined) await sendPaced(calls, { count: order.count, perSecond: order.perSecond });
  else await sendInTurn(calls, order);
  const ms = performance.now() - start;
  return {
    ms,
    medianUs: median(calls.times) * 1_000,
    wrong: calls.wrong,
    timesUs: calls.times.map((time) => time * 1_000),
  };
}

function sendInTurn(calls: UnaryCalls, { count, inFlight }: BurstOrder): Promise<void> {
  let sent = 0;
  return new Promise((resolve, reject) => {
    const answered = (): void => {
      if (calls.times.length === count) resolve();
      else send();
    };
    const send = (): void => {
      if (sent++ < count) calls.send(answered, reject);
    };
    for (let i = 0; i < inFlight; i++) send();
  });
}

/** Keeps so many messages under way on one stream. Each has a place, named by its id, and is sent again when answered. */
async function streamBurst(session: ClientHttp2Session, order: BurstOrder): Promise<BurstResult> {
  const message = Buffer.from(order.message, 'base64');
  const places = Array.from({ length: order.inFlight }, (_, i) =>
    frame(Buffer.concat([Uint8Array.of(0x08, i + 1), message])),
  );
  const sentAt = places.map(() => 0);
  const times: number[] = [];
  const reader = new FrameReader();
  let wrong = 0;
  let sent = 0;
  const start = performance.now();
  const call = session.request(headersFor('StreamSignals'));
  const send = (ids: readonly number[]): void => {
    const now = performance.now();
    const frames = ids.slice(0, Math.max(0, order.count - sent)).map((id) => {
      sentAt[id - 1] = now;
      return places[id - 1] as Buffer;
    });
    sent += frames.length;
    if (frames.length > 0) call.write(frames.length === 1 ? frames[0] : Buffer.concat(frames));
    if (sent === order.count && times.length === order.count) call.end();
  };
  await new Promise<void>((resolve, reject) => {
    call.on('error', reject);
    call.on('trailers', (h: IncomingHttpHeaders) =>
      h['grpc-status'] === '0' ? undefined : reject(new Error(`the stream ended: ${JSON.stringify(h)}`)),
    );
    call.on('end', resolve);
    call.on('data', (chunk: Buffer) => {
      const now = performance.now();
      const free: number[] = [];
      reader.push(chunk, (answer) => {
        const id = answer[1] as number;
        if (answer[0] !== 0x08 || answer.length < order.minAnswerBytes) wrong++;
        times.push(now - (sentAt[id - 1] as number));
        free.push(id);
      });
      send(free);
    });
    send(places.map((_, i) => i + 1));
  });
  if (times.length !== order.count) throw new Error(`${order.count} messages, ${times.length} answers`);
  return { ms: performance.now() - start, medianUs: median(times) * 1_000, wrong };
}

async function carryOut(order: BurstOrder): Promise<BurstResult> {
  // An id of one byte names a place.
  if (order.kind === 'stream' && order.inFlight > 127) throw new Error('at most 127 messages under way');
  const session = await sessionTo(order.address);
  globalThis.gc?.();
  return order.kind === 'unary' ? unaryBurst(session, order) : streamBurst(session, order);
}

process.on('message', (order: BurstOrder) => {
  carryOut(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

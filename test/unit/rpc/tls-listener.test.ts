import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Denials } from '../../../src/access/denials.js';
import { Tls } from '../../../src/access/tls.js';
import { TlsTerminator } from '../../../src/access/tls-terminator.js';
import { parseListenAddress } from '../../../src/listen-address.js';
import { createLog } from '../../../src/observe/log.js';
import { type Listener, listen } from '../../../src/rpc/listener.js';
import { Authority, canIssue } from '../../harness/certificates.js';

/** Short, so that the test is; what is bounded is that it ends at all. */
const SHORT_MS = 100;
/** Never within this test. */
const LONG_MS = 3_600_000;

describe.skipIf(!canIssue())('a listener that speaks TLS', () => {
  const { log } = createLog({ level: 'silent', format: 'json' });
  let authority: Authority;
  let tls: Tls;
  let listener: Listener;
  let denied: string[];
  let secured: Socket[];
  const sockets: Socket[] = [];

  beforeAll(async () => {
    authority = new Authority();
    const { certFile: cert, keyFile: key } = authority.issue({ name: 'server' });
    tls = await Tls.open({ cert, key, clientCa: undefined }, { log });
  });
  afterAll(() => {
    tls.close();
    authority.remove();
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    listener.stop();
    listener.destroyConnections();
  });

  async function start(bounds: { handshakeMs: number; prefaceMs: number; strangersMs?: number }): Promise<void> {
    const { handshakeMs, prefaceMs, strangersMs } = bounds;
    [denied, secured] = [[], []];
    const denials = new Denials({ log, metrics: { denied: (reason) => void denied.push(reason) } });
    listener = await listen(parseListenAddress('127.0.0.1:0'), {
      maxConnections: 2,
      strangersMs,
      onConnection: (socket) => void secured.push(socket.resume()),
      secured: (onSecured) => new TlsTerminator({ tls, denials, onSecured, handshakeMs }),
      times: { prefaceMs, checkMs: 20 },
    });
  }

  const port = (): number => Number(listener.address.split(':')[1]);

  function dial(): Socket {
    const socket = connect({ host: '127.0.0.1', port: port() });
    sockets.push(socket.on('error', () => {}));
    return socket.resume();
  }

  async function shake(): Promise<Socket> {
    const socket = connectTls({ host: '127.0.0.1', port: port(), ca: authority.root.cert, ALPNProtocols: ['h2'] });
    sockets.push(socket.on('error', () => {}));
    await once(socket, 'secureConnect');
    return socket.resume();
  }

  test('closes what says nothing', async () => {
    await start({ handshakeMs: LONG_MS, prefaceMs: SHORT_MS });
    await once(dial(), 'close');
    expect(secured).toEqual([]);
  });

  test('closes what begins a handshake and does not go on', async () => {
    await start({ handshakeMs: SHORT_MS, prefaceMs: LONG_MS });
    const socket = dial();
    // A record of TLS that announces more than ever comes, and is longer than a preface of HTTP/2.
    socket.write(Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0]), Buffer.alloc(100)]));
    await once(socket, 'close');
    expect(denied).toEqual(['handshake_failed']);
  });

  test('closes what is done with its handshake, and does not speak HTTP/2', async () => {
    await start({ handshakeMs: LONG_MS, prefaceMs: SHORT_MS });
    await once(await shake(), 'close');
    expect(secured.length).toBe(1);
    expect(denied).toEqual([]);
  });

  test('counts connections from their first moment', async () => {
    await start({ handshakeMs: LONG_MS, prefaceMs: LONG_MS });
    const [one, other] = [dial(), dial()];
    await Promise.all([once(one, 'connect'), once(other, 'connect')]);
    await once(dial(), 'close');
    // A place that is given back is had by the next one.
    one.destroy();
    await expect.poll(() => shake().then(() => 'shaken'), { timeout: 5_000 }).toBe('shaken');
  });

  test('frees the place of a connection when its client hangs up', async () => {
    await start({ handshakeMs: LONG_MS, prefaceMs: LONG_MS });
    for (let round = 0; round < 5; round++) {
      const socket = await shake();
      // The client is done with the handshake before the server is.
      await expect.poll(() => secured.length).toBe(round + 1);
      socket.destroy();
      await expect.poll(() => secured.at(-1)?.destroyed).toBe(true);
    }
    await listener.closed();
    expect(secured.length).toBe(5);
  });

  test('keeps a connection on which somebody was let in, with what carries it, and closes that of a stranger', async () => {
    await start({ handshakeMs: LONG_MS, prefaceMs: LONG_MS, strangersMs: 300 });
    const known = await shake();
    await expect.poll(() => secured.length).toBe(1);
    listener.admitted(secured[0]?.remoteAddress ?? '');
    await once(await shake(), 'close');
    expect([known.destroyed, secured[0]?.destroyed]).toEqual([false, false]);
    // Nothing is left of the stranger; of the other one nothing is closed to make room for two.
    await shake();
    await shake();
    expect(secured[0]?.destroyed).toBe(false);
  });
});

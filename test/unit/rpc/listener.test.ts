import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostError } from '../../../src/errors.js';
import type { ListenAddress } from '../../../src/listen-address.js';
import { type Listener, type ListenOptions, listen } from '../../../src/rpc/listener.js';

let directory: string;
let path: string;
const open: Listener[] = [];
const LOOPBACK: ListenAddress = { type: 'tcp', host: '127.0.0.1', port: 0 };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-listen-'));
  path = join(directory, 's.sock');
});
afterEach(() => {
  for (const listener of open.splice(0)) {
    listener.stop();
    listener.destroyConnections();
  }
  rmSync(directory, { recursive: true });
});

async function start(address: ListenAddress, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const onConnection = (socket: Socket): void => void socket.write('hello');
  const listener = await listen(address, { maxConnections: 10, onConnection, ...options });
  open.push(listener);
  return listener;
}

const unix = (): Promise<Listener> => start({ type: 'unix', path });

async function refusalOf(attempt: Promise<unknown>): Promise<HostError> {
  const error = await attempt.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  if (error instanceof HostError) return error;
  throw new Error(`expected a refusal, found ${String(error)}`);
}

async function greeting(target: { path: string } | { port: number; host: string }): Promise<string> {
  const socket: Socket = connect(target as { path: string });
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}

/** A socket file whose server was killed, so that nobody removed it. */
async function deadSocket(): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(path)).toBe(true);
}

/** A reset is an error of the socket, and as good an end as any. */
const closedOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('close', () => resolve());
  });

describe('listen', () => {
  test('picks a free port for port 0', async () => {
    const { address } = await start({ type: 'tcp', host: '127.0.0.1', port: 0 });
    const port = Number(/^127\.0\.0\.1:(\d+)$/.exec(address)?.[1]);
    expect(port).toBeGreaterThan(0);
    expect(await greeting({ host: '127.0.0.1', port })).toBe('hello');
  });

  test('makes a Unix socket that its owner alone may use, whatever the mask', async () => {
    const before = process.umask(0);
    try {
      const { address } = await unix();
      expect(address).toBe(`unix:${path}`);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(before);
    }
    expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    expect(await greeting({ path })).toBe('hello');
  });

  test('removes the socket when it stops', async () => {
    const listener = await unix();
    listener.stop();
    await expect.poll(() => existsSync(path)).toBe(false);
  });

  test('takes over the socket of a server that died, and leaves nothing else behind', async () => {
    await deadSocket();
    await unix();
    expect(await greeting({ path })).toBe('hello');
    expect(readdirSync(directory)).toEqual(['s.sock']);
  });

  test('refuses the socket of a live server, which goes on', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).write('still here'));
    other.listen(path);
    await once(other, 'listening');
    const refusal = await refusalOf(unix());
    expect(refusal.reason).toBe('LISTEN_REFUSED');
    expect(refusal.message).toContain('another process listens there');
    expect(await greeting({ path })).toBe('still here');
    expect(readdirSync(directory)).toEqual(['s.sock']);
    other.close();
  });

  test('refuses a path at which there is a file, and leaves the file', async () => {
    writeFileSync(path, 'precious');
    const refusal = await refusalOf(unix());
    expect(refusal.message).toContain('is not a socket');
    expect(statSync(path).size).toBe(8);
  });

  test('refuses a directory that does not exist', async () => {
    const refusal = await refusalOf(start({ type: 'unix', path: join(directory, 'none', 's.sock') }));
    expect(refusal.message).toContain('its directory does not exist; create it');
  });

  test('refuses a port that another process has', async () => {
    const { address } = await start({ type: 'tcp', host: '127.0.0.1', port: 0 });
    const refusal = await refusalOf(start({ type: 'tcp', host: '127.0.0.1', port: Number(address.split(':')[1]) }));
    expect(refusal.reason).toBe('LISTEN_REFUSED');
    expect(refusal.message).toContain('another process listens there');
  });

  test('drops connections beyond their number, and tells', async () => {
    let refused = 0;
    const { address } = await start(LOOPBACK, { maxConnections: 1, onRefused: () => refused++ });
    const port = Number(address.split(':')[1]);
    const first = connect({ host: '127.0.0.1', port });
    await once(first, 'data');
    const second = connect({ host: '127.0.0.1', port });
    const data: Buffer[] = [];
    second.on('data', (bytes) => data.push(bytes));
    await closedOf(second);
    expect(data).toEqual([]);
    expect(refused).toBe(1);
    first.destroy();
  });

  test('closes a connection on which nobody is let in for too long, and keeps one on which somebody was', async () => {
    const sockets: Socket[] = [];
    const times = { prefaceMs: 3_600_000, checkMs: 20 };
    const onConnection = (socket: Socket): void => void sockets.push(socket.resume());
    const listener = await start(LOOPBACK, { times, strangersMs: 300, onConnection });
    const port = Number(listener.address.split(':')[1]);
    const known = connect({ host: '127.0.0.1', port });
    await expect.poll(() => sockets.length).toBe(1);
    listener.admitted(sockets[0]?.remoteAddress ?? '');
    await closedOf(connect({ host: '127.0.0.1', port }));
    expect(known.destroyed).toBe(false);
    known.destroy();
  });

  test('closes the oldest stranger in favour of a new connection, and nobody who is known', async () => {
    const sockets: Socket[] = [];
    const onConnection = (socket: Socket): void => void sockets.push(socket.resume());
    let refused = 0;
    const bounds = { maxConnections: 2, strangersMs: 3_600_000, onRefused: () => refused++ };
    const listener = await start(LOOPBACK, { ...bounds, onConnection });
    const port = Number(listener.address.split(':')[1]);
    const open = async (): Promise<Socket> => {
      const [before, socket] = [sockets.length, connect({ host: '127.0.0.1', port })];
      await expect.poll(() => sockets.length).toBe(before + 1);
      return socket;
    };
    const known = await open();
    listener.admitted(sockets[0]?.remoteAddress ?? '');
    const stranger = await open();
    const closed = closedOf(stranger);
    const next = await open();
    await closed;
    listener.admitted(sockets[2]?.remoteAddress ?? '');
    expect(refused).toBe(0);
    await closedOf(connect({ host: '127.0.0.1', port }));
    expect([refused, known.destroyed, next.destroyed]).toEqual([1, false, false]);
    for (const socket of [known, next]) socket.destroy();
  });

  test('closes a connection that sends no preface in time, and keeps one that does', async () => {
    const times = { prefaceMs: 200, checkMs: 20 };
    const { address } = await start(LOOPBACK, { times, onConnection: (socket) => void socket.resume() });
    const port = Number(address.split(':')[1]);
    const [silent, short, speaking] = Array.from({ length: 3 }, () => connect({ host: '127.0.0.1', port }));
    speaking?.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(9)]));
    short?.write('PRI');
    await Promise.all([silent, short].map((socket) => closedOf(socket as Socket)));
    expect(speaking?.destroyed).toBe(false);
    speaking?.destroy();
  });
});

// Root may do what its user may not; elsewhere the mode above is the proof.
test.skipIf(process.getuid?.() !== 0)('a Unix socket keeps other users out', async () => {
  await unix();
  const script = `process.setgid(65534); process.setuid(65534);
    require('net').connect(${JSON.stringify(path)}).on('error', (e) => console.log(e.code)).on('connect', () => console.log('in'))`;
  spawnSync('chmod', ['755', directory]);
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGKILL');
  expect(said.toString().trim()).toBe('EACCES');
});

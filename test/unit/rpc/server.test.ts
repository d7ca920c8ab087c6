import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Client as GrpcClient, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { afterEach, describe, expect, test } from 'vitest';
import { CallError } from '../../../src/client/call-error.js';
import { connect } from '../../../src/client/client.js';
import { createLog } from '../../../src/observe/log.js';
import { type Serving, serveMemory } from './serving.js';

const health = loadSync(healthProto, { enums: String })['grpc.health.v1.Health'] as ServiceDefinition;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

async function start(...parameters: Parameters<typeof serveMemory>): Promise<Serving> {
  const serving = await serveMemory(...parameters);
  closers.push(() => serving.rpc.forceShutdown());
  return serving;
}

function rawClient(address: string): GrpcClient {
  const client = new GrpcClient(address, credentials.createInsecure());
  closers.push(() => client.close());
  return client;
}

function checkHealth(client: GrpcClient, service: string): Promise<unknown> {
  const method = health['Check'];
  if (method === undefined) throw new Error('no Check');
  return new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = method;
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, reply) =>
      error ? reject(CallError.from(error)) : resolve((reply as { status: unknown }).status),
    );
  });
}

describe('startRpc', () => {
  test.each(['', 'hal9.plugin.v1.PluginExecution', 'hal9.plugin.v1.PluginManagement', 'hal9.plugin.v1.KeyManagement'])(
    'tells the health of %j',
    async (service) => {
      const { rpc } = await start();
      const client = rawClient(rpc.address);
      expect(await checkHealth(client, service)).toBe('SERVING');
      rpc.health.set('NOT_SERVING');
      expect(await checkHealth(client, service)).toBe('NOT_SERVING');
    },
  );

  test('does not know the health of services that it does not have', async () => {
    const { rpc } = await start();
    await expect(checkHealth(rawClient(rpc.address), 'nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('describes its services by reflection', async () => {
    const { rpc } = await start();
    const answers = await reflect(rpc.address, [
      { listServices: '' },
      { fileContainingSymbol: 'hal9.plugin.v1.PluginExecution' },
    ]);
    const names = answers[0]?.listServicesResponse?.service.map(({ name }) => name).sort();
    expect(names).toEqual([
      'grpc.health.v1.Health',
      'hal9.plugin.v1.KeyManagement',
      'hal9.plugin.v1.MemoryInspection',
      'hal9.plugin.v1.PluginExecution',
      'hal9.plugin.v1.PluginManagement',
    ]);
    expect(answers[1]?.fileDescriptorResponse?.fileDescriptorProto.length).toBeGreaterThan(0);
  });

  test('refuses a message that is too large before it is decoded', async () => {
    const { rpc } = await start({ maxMessageBytes: '4096' });
    const client = connect(rpc.address, { timeoutMs: 5_000 });
    closers.push(() => client.close());
    await expect(client.getPlugin('x'.repeat(5_000))).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });

  test('refuses a call beyond those in flight, and tells when to try again', async () => {
    const { rpc, plugins, refused } = await start({ maxInFlight: '1' });
    const client = connect(rpc.address, { timeoutMs: 5_000 });
    closers.push(() => client.close());
    let open = (): void => {};
    plugins.gate = new Promise((resolve) => (open = resolve));
    const running = client.installPlugin(Buffer.from('x'));
    await expect.poll(() => rpc.inFlight.count).toBe(1);
    await expect(client.listPlugins()).rejects.toMatchObject({ reason: 'TOO_MANY_IN_FLIGHT', retryAfterMs: 50 });
    open();
    await running;
    expect((await client.listPlugins()).plugins.length).toBe(1);
    expect(refused).toEqual(['TOO_MANY_IN_FLIGHT']);
  });

  test('serves many calls of one connection on a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hal9-rpc-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 's.sock');
    const { rpc } = await start({ grpcListen: `unix:${path}` });
    const client = connect(rpc.address, { timeoutMs: 5_000 });
    closers.push(() => client.close());
    const replies = await Promise.all(Array.from({ length: 200 }, () => client.listPlugins()));
    expect(replies.length).toBe(200);
  });
});

describe('connections', () => {
  test('of clients that reset streams until HTTP/2 gives them up, and hang up, are closed', async () => {
    const { rpc } = await start({ maxConnections: '1' });
    await resetUntilRefused(rpc.address);
    const answer = async (): Promise<unknown> => {
      const client = connect(rpc.address, { timeoutMs: 500 });
      return client.listPlugins().finally(() => client.close());
    };
    await expect.poll(() => answer().catch(String), { timeout: 6_000, interval: 50 }).toEqual({ plugins: [] });
  });

  test('beyond their number are refused, which the log says once for many', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hal9-rpc-'));
    closers.push(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'log');
    const { log, flush } = createLog({ level: 'info', format: 'json', fd: openSync(file, 'w') });
    const { rpc } = await start({ maxConnections: '1' }, [], log);
    const [host, port] = rpc.address.split(':');
    const sockets = Array.from({ length: 5 }, () => connectTcp({ host, port: Number(port) }));
    closers.push(() => void sockets.map((socket) => socket.destroy()));
    await Promise.all(sockets.slice(1).map((socket) => once(socket.resume(), 'close')));
    await flush();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', refused: 1, maxConnections: 1 });
  });
});

/** Resets streams as fast as the connection takes them, until the server says GOAWAY; then hangs up. */
async function resetUntilRefused(address: string): Promise<void> {
  const session: ClientHttp2Session = connectHttp2(`http://${address}`);
  session.on('error', () => {});
  const refused = once(session, 'goaway');
  let open = true;
  void refused.then(() => (open = false));
  while (open) {
    for (let count = 0; open && !session.destroyed && count < 100; count++) {
      const stream = session.request({ ':method': 'POST', ':path': '/hal9.plugin.v1.PluginExecution/ProcessSignal' });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  session.destroy();
}

describe('RpcServer.shutdown', () => {
  test('lets a call under way end, takes no new one, and does not wait for those who watch its health', async () => {
    const { rpc, plugins } = await start();
    const client = connect(rpc.address, { timeoutMs: 5_000 });
    const watcher = rawClient(rpc.address);
    closers.push(() => client.close());
    const watch = watchHealth(watcher);
    expect(await watch.next()).toBe('SERVING');
    let open = (): void => {};
    plugins.gate = new Promise((resolve) => (open = resolve));
    const running = client.installPlugin(Buffer.from('x'));
    await expect.poll(() => plugins.installed.length).toBe(1);
    const stopped = rpc.shutdown(10_000);
    expect(await watch.next()).toBe('NOT_SERVING');
    await expect(connectAnew(rpc.address)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    open();
    expect((await running).changed).toBe(true);
    expect(await stopped).toBe(0);
    expect(await watch.next()).toBe('UNAVAILABLE');
  });

  test('cuts off what takes longer than it may, and says how many', async () => {
    const { rpc, plugins } = await start();
    const client = connect(rpc.address, { timeoutMs: 5_000 });
    closers.push(() => client.close());
    plugins.gate = new Promise(() => {});
    const running = expect(client.installPlugin(Buffer.from('x'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect.poll(() => plugins.installed.length).toBe(1);
    expect(await rpc.shutdown(50)).toBe(1);
    await running;
  });
});

async function connectAnew(address: string): Promise<unknown> {
  const client = connect(address, { timeoutMs: 2_000 });
  try {
    return await client.listPlugins();
  } finally {
    client.close();
  }
}

/** What Watch says, one at a time; the status of its end last. */
function watchHealth(client: GrpcClient): { next(): Promise<string> } {
  const method = health['Watch'];
  if (method === undefined) throw new Error('no Watch');
  const said: string[] = [];
  let wake = (): void => {};
  const say = (text: string): void => {
    said.push(text);
    wake();
  };
  const { path, requestSerialize, responseDeserialize } = method;
  const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: '' });
  stream.on('data', (reply: { status: string }) => say(reply.status));
  stream.on('error', (error) => say(CallError.from(error).code));
  return {
    async next() {
      while (said.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return said.shift() ?? '';
    },
  };
}

interface ReflectionAnswer {
  listServicesResponse?: { service: { name: string }[] } | null;
  fileDescriptorResponse?: { fileDescriptorProto: Buffer[] } | null;
}

async function reflect(address: string, requests: readonly object[]): Promise<ReflectionAnswer[]> {
  const service = loadSync('node_modules/@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto')[
    'grpc.reflection.v1.ServerReflection'
  ] as ServiceDefinition;
  const method = service['ServerReflectionInfo'];
  if (method === undefined) throw new Error('no reflection');
  const stream = rawClient(address).makeBidiStreamRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
  );
  for (const request of requests) stream.write(request);
  stream.end();
  const answers: ReflectionAnswer[] = [];
  for await (const answer of stream) answers.push(answer as ReflectionAnswer);
  return answers;
}

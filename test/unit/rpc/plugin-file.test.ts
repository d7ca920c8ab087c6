import { type ClientReadableStream, credentials, Client as GrpcClient, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, connect } from '../../../src/client/client.js';
import { managementDefinition } from '../../../src/client/definitions.js';
import { CLIENT_LIMITS } from '../../../src/limits/clients.js';
import { REQUEST_LIMITS, SERVER_LIMITS } from '../../../src/limits.js';
import type { ServiceBinding } from '../../../src/rpc/definitions.js';
import { fileSender } from '../../../src/rpc/plugin-file.js';
import { type Serving, serveMemory } from './serving.js';

interface Chunk {
  chunk: string;
}

let serving: Serving;
let client: Client;
let grpc: GrpcClient;
const others: GrpcClient[] = [];

beforeEach(async () => {
  serving = await serveMemory();
  client = connect(serving.rpc.address, { timeoutMs: 20_000 });
  grpc = new GrpcClient(serving.rpc.address, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  grpc.close();
  for (const other of others.splice(0)) other.close();
  serving.rpc.forceShutdown();
});

/** With a connection of its own. */
function anotherClient(): GrpcClient {
  const other = new GrpcClient(serving.rpc.address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  others.push(other);
  return other;
}

/** GetPluginFile, message by message. */
function rawFile(
  path: string,
  from: GrpcClient = grpc,
): { stream: ClientReadableStream<Chunk>; received: Promise<Chunk[]> } {
  const method = managementDefinition['GetPluginFile'];
  if (method === undefined) throw new Error('no GetPluginFile');
  const stream = from.makeServerStreamRequest<object, Chunk>(
    method.path,
    method.requestSerialize,
    method.responseDeserialize as (bytes: Buffer) => Chunk,
    { pluginId: 'described', path },
  );
  const received = new Promise<Chunk[]>((resolve, reject) => {
    const messages: Chunk[] = [];
    stream.on('data', (message: Chunk) => messages.push(message));
    stream.on('error', reject);
    stream.on('end', () => resolve(messages));
  });
  return { stream, received };
}

describe('GetPluginFile', () => {
  test('sends a file in chunks of at most 64 KiB, and an empty one in none', async () => {
    await client.installPlugin(Buffer.from('a package'));
    const bytes = await client.getPluginFile('described', 'large.bin');
    expect(bytes.length).toBe(8_000_000);
    expect(new Set(bytes)).toEqual(new Set(['large.bin'.length]));
    expect((await client.getPluginFile('described', 'empty')).length).toBe(0);
    await expect(client.getPluginFile('described', 'none')).rejects.toMatchObject({ reason: 'FILE_NOT_FOUND' });
    await expect(client.getPluginFile('', 'none')).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
    const sizes = (await rawFile('large.bin').received).map(({ chunk }) => Buffer.from(chunk, 'base64').length);
    expect(Math.max(...sizes)).toBe(REQUEST_LIMITS.maxFileChunkBytes);
  });

  test('holds no more for clients that do not read than is held for unread answers', async () => {
    await client.installPlugin(Buffer.from('a package'));
    const many = Math.ceil(SERVER_LIMITS.maxUnsentBytes / 8_000_000) + 1;
    const others = [anotherClient(), anotherClient()];
    const unread = Array.from({ length: many }, (_, i) => rawFile('large.bin', others[i % 2]));
    for (const { stream } of unread) stream.pause();
    const ends = unread.map(({ received }) =>
      received.then(
        () => 'read',
        () => 'cut off',
      ),
    );
    expect(await Promise.race(ends)).toBe('cut off');
    for (const { stream } of unread) stream.cancel();
    await Promise.all(ends);
    expect((await client.getPluginFile('described', 'large.bin')).length).toBe(8_000_000);
  });

  test('lets at most so many wait at once, and no one client take all places', async () => {
    await client.installPlugin(Buffer.from('a package'));
    let open = (): void => {};
    serving.plugins.gate = new Promise((resolve) => (open = resolve));
    const { maxFilesPerCaller } = CLIENT_LIMITS;
    const clients = Array.from({ length: SERVER_LIMITS.maxConcurrentFiles / maxFilesPerCaller }, anotherClient);
    const waiting: Promise<Chunk[]>[] = [];
    const full = { code: status.RESOURCE_EXHAUSTED };
    for (const one of clients) {
      // On one connection calls begin in their order.
      for (let i = 0; i < maxFilesPerCaller; i++) waiting.push(rawFile('empty', one).received);
      await expect(rawFile('empty', one).received).rejects.toMatchObject(full);
    }
    await expect(rawFile('empty').received).rejects.toMatchObject(full);
    open();
    expect((await Promise.all(waiting)).flat()).toEqual([]);
    expect((await client.getPluginFile('described', 'empty')).length).toBe(0);
  });

  test('takes its place back from a client that takes nothing', async () => {
    serving.rpc.forceShutdown();
    const { GetPluginFile } = managementDefinition;
    const send = fileSender(() => Promise.resolve(Buffer.alloc(8_000_000)), 50);
    const services = [{ definition: { GetPluginFile }, implementation: { GetPluginFile: send } } as ServiceBinding];
    serving = await serveMemory({}, [], undefined, { services });
    const { stream, received } = rawFile('large.bin', anotherClient());
    // The status comes after what was not read, or never.
    received.catch(() => {});
    stream.pause();
    await expect.poll(() => serving.refused).toEqual(['CLIENT_TOO_SLOW']);
  });
});

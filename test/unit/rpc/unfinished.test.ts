import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/client.js';
import type { UnfinishedBounds } from '../../../src/rpc/unfinished.js';
import { type Serving, serveMemory } from './serving.js';

const CHECK = '/grpc.health.v1.Health/Check';
const LIST = '/hal9.plugin.v1.PluginManagement/ListPlugins';
const INSTALL = '/hal9.plugin.v1.PluginManagement/InstallPlugin';
const MIB = 1_048_576;
/** Never within these tests. */
const LONG_MS = 3_600_000;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

async function start(unfinished: Partial<UnfinishedBounds>): Promise<Serving> {
  const bounds = { requestMs: LONG_MS, openRequestMs: LONG_MS, checkMs: 20, ...unfinished };
  const serving = await serveMemory({}, [], undefined, { unfinished: bounds });
  closers.push(() => serving.rpc.forceShutdown());
  return serving;
}

function session({ rpc }: Serving): ClientHttp2Session {
  const opened = connectHttp2(`http://${rpc.address}`);
  opened.on('error', () => {});
  closers.push(() => opened.destroy());
  return opened;
}

/** Says that a message of so many bytes comes, sends as many as are given, and no end. */
function half(opened: ClientHttp2Session, path: string, announced: number, sent: number): ClientHttp2Stream {
  const stream = opened.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  const head = Buffer.alloc(5);
  head.writeUInt32BE(announced, 1);
  stream.write(Buffer.concat([head, Buffer.alloc(sent)]));
  return stream.resume();
}

async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  if (!stream.closed) await once(stream, 'close');
  return headers['grpc-status'];
}

describe('a request that is not complete', () => {
  test('to a method that is open to strangers is refused once it is larger than theirs are', async () => {
    const serving = await start({});
    expect(await statusOf(half(session(serving), CHECK, 4 * MIB, 2_000))).toBe('3');
    expect(serving.refused).toEqual(['REQUEST_INVALID']);
  });

  test('to a method that is open to strangers is waited for only so long', async () => {
    const serving = await start({ openRequestMs: 50 });
    expect(await statusOf(half(session(serving), CHECK, 100, 50))).toBe('8');
    expect(serving.refused).toEqual(['CLIENT_TOO_SLOW']);
  });

  test('is waited for only so long, and then its parts are let go', async () => {
    const serving = await start({ requestMs: 50 });
    expect(await statusOf(half(session(serving), LIST, 4 * MIB, 10_000))).toBe('8');
  });

  test('costs the connection that has the most of them, once all together are too large', async () => {
    const serving = await start({ maxBytes: 100_000 });
    const small = session(serving);
    const held = half(small, INSTALL, MIB, 10_000);
    const greedy = session(serving);
    const gone = new Promise((resolve) => greedy.once('close', resolve));
    for (let i = 0; i < 3; i++) half(greedy, LIST, MIB, 40_000);
    await gone;
    expect([small.closed, held.closed]).toEqual([false, false]);
    const client = connect(serving.rpc.address, { timeoutMs: 10_000 });
    closers.push(() => client.close());
    expect((await client.listPlugins()).plugins).toEqual([]);
  });

  test('is no longer counted once it is complete: many messages of one stream are not one', async () => {
    const serving = await start({ maxBytes: 3 * MIB });
    const client = connect(serving.rpc.address, { timeoutMs: 20_000 });
    closers.push(() => client.close());
    await client.installPlugin(Buffer.alloc(8 * MIB));
    expect((await client.listPlugins()).plugins.length).toBe(1);
  });

  test('whose deadline passes is let go by the server, although its client keeps the call', async () => {
    const opened = session(await start({}));
    const headers = { ':method': 'POST', ':path': LIST, 'content-type': 'application/grpc', 'grpc-timeout': '200m' };
    const stream = opened.request(headers);
    stream.on('error', () => {});
    stream.write(Buffer.from([0, 0, 16, 0, 0, 1, 1, 1]));
    expect(await statusOf(stream.resume())).toBe('4');
  });
});

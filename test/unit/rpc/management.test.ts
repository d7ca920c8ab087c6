import { createHash } from 'node:crypto';
import { type ClientWritableStream, credentials, Client as GrpcClient } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CallError } from '../../../src/client/call-error.js';
import { type Client, connect } from '../../../src/client/client.js';
import { managementDefinition } from '../../../src/client/definitions.js';
import { PACKAGE_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from '../../../src/limits.js';
import { collectPackage, type InstallPart } from '../../../src/rpc/install-stream.js';
import { refusalOf } from '../../harness/refusal.js';
import { type Serving, serveMemory } from './serving.js';

let serving: Serving;
let client: Client;

beforeEach(async () => {
  serving = await serveMemory();
  client = connect(serving.rpc.address, { timeoutMs: 10_000 });
});
afterEach(() => {
  client.close();
  serving.rpc.forceShutdown();
});

/** InstallPlugin with messages of the test's choosing; resolves like the client does. */
function rawInstall(messages: readonly object[]): { reply: Promise<object>; stream: ClientWritableStream<object> } {
  const grpc = new GrpcClient(serving.rpc.address, credentials.createInsecure());
  const method = managementDefinition['InstallPlugin'];
  if (method === undefined) throw new Error('no InstallPlugin');
  let stream: ClientWritableStream<object> | undefined;
  const reply = new Promise<object>((resolve, reject) => {
    stream = grpc.makeClientStreamRequest<object, object>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize as (bytes: Buffer) => object,
      (error, value) => {
        grpc.close();
        if (error) reject(CallError.from(error));
        else resolve(value ?? {});
      },
    );
  });
  if (stream === undefined) throw new Error('no stream');
  for (const message of messages) stream.write(message);
  return { reply, stream };
}

describe('PluginManagement', () => {
  test('walks a plugin through its life', async () => {
    const bytes = Buffer.from('a package');
    const { plugin, changed } = await client.installPlugin(bytes);
    expect(changed).toBe(true);
    expect(plugin).toMatchObject({
      ref: { name: 'described', version: '1.2.3' },
      state: 'INSTALLED',
      capabilities: [{ type: 'NeuronType', config: '{"layer":"L2","neuron_type":"echo"}' }],
      permissionsAsked: ['"SystemTime"', '{"FileRead":["/data"]}'],
      memoryLimitBytes: '67108864',
      installedAtMs: '1700000000000',
      stateful: true,
      development: false,
    });
    expect((await client.installPlugin(bytes)).changed).toBe(false);
    expect((await client.activatePlugin('described')).plugin?.state).toBe('ACTIVE');
    expect((await refusalOf(client.uninstallPlugin('described'))).reason).toBe('PLUGIN_ACTIVE');
    expect((await client.deactivatePlugin('described')).plugin?.state).toBe('INSTALLED');
    expect((await client.uninstallPlugin('described')).plugin?.name).toBe('described');
    expect((await client.listPlugins()).plugins).toEqual([]);
  });

  test('answers refusals with status, reason, details and when to try again', async () => {
    await client.installPlugin(Buffer.from('x'));
    const notFound = await refusalOf(client.getPlugin('nobody'));
    expect(notFound).toMatchObject({ code: 'NOT_FOUND', reason: 'PLUGIN_NOT_FOUND', details: { asked: 'nobody' } });
    const capacity = await refusalOf(client.activatePlugin('described', '{"fail":"capacity"}'));
    expect(capacity).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'CAPACITY', retryAfterMs: 2_500 });
    const invalid = await refusalOf(client.installPlugin(Buffer.from('bad')));
    expect(invalid).toMatchObject({ code: 'INVALID_ARGUMENT', details: { path: 'metadata.version' } });
    expect(serving.refused).toEqual(['PLUGIN_NOT_FOUND', 'CAPACITY', 'MANIFEST_INVALID']);
  });

  test('lists plugins whose manifests together are larger than another message may be', async () => {
    await client.installPlugin(Buffer.from('x'));
    const one = { ...serving.plugins.get('described'), description: 'x'.repeat(PACKAGE_LIMITS.maxManifestBytes) };
    serving.plugins.list = () => Array.from({ length: 20 }, () => one);
    expect((await client.listPlugins()).plugins.map(({ description }) => description.length)).toEqual(
      Array.from({ length: 20 }, () => PACKAGE_LIMITS.maxManifestBytes),
    );
  });

  test('tells the caller nothing of a fault of its own', async () => {
    await client.installPlugin(Buffer.from('x'));
    const fault = await refusalOf(client.activatePlugin('described', '{"fail":"fault"}'));
    expect(fault).toMatchObject({ code: 'INTERNAL', reason: 'INTERNAL', details: {} });
    expect(fault.message).not.toContain('secret');
  });

  test.each([
    ['nothing', ''],
    ['a name that is too long', 'x'.repeat(REQUEST_LIMITS.maxNameBytes + 1)],
  ])('refuses %s for a plugin', async (_what, name) => {
    expect(await refusalOf(client.getPlugin(name))).toMatchObject({ reason: 'REQUEST_INVALID' });
  });
});

describe('a caller that goes away', () => {
  type Change = (settings: { signal: AbortSignal }) => Promise<unknown>;
  test.each<[string, Change]>([
    ['InstallPlugin', (settings) => client.installPlugin(Buffer.from('x'), settings)],
    ['ActivatePlugin', (settings) => client.activatePlugin('described', '', settings)],
    ['DeactivatePlugin', (settings) => client.deactivatePlugin('described', settings)],
    ['UninstallPlugin', (settings) => client.uninstallPlugin('described', settings)],
  ])('of %s is known to be gone while the change waits', async (_method, change) => {
    await client.installPlugin(Buffer.from('x'));
    let open = (): void => {};
    serving.plugins.gate = new Promise((resolve) => (open = resolve));
    const controller = new AbortController();
    const refusal = refusalOf(change(controller));
    await expect.poll(() => serving.plugins.signals.length).toBe(2);
    expect(serving.plugins.signals[1]?.aborted).toBe(false);
    controller.abort();
    expect((await refusal).code).toBe('CANCELLED');
    await expect.poll(() => serving.plugins.signals[1]?.aborted).toBe(true);
    open();
  });
});

describe('collectPackage', () => {
  test('gives up on a package that comes in a trickle', async () => {
    async function* trickle(): AsyncGenerator<InstallPart> {
      yield { part: 'header', header: { sizeBytes: '1000000', sha256: '', dryRun: false, decisions: null } };
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield { part: 'chunk', chunk: Uint8Array.of(1) };
      }
    }
    const collected = collectPackage(trickle(), { idleMs: 10_000, totalMs: 100 });
    await expect(collected).rejects.toMatchObject({
      reason: 'DEADLINE',
      message: expect.stringContaining('did not arrive within 100 ms') as string,
    });
  });

  test('gives up on a client that is silent', async () => {
    async function* silence(): AsyncGenerator<InstallPart> {
      yield { part: 'header', header: { sizeBytes: '10', sha256: '', dryRun: false, decisions: null } };
      await new Promise(() => {});
    }
    const collected = collectPackage(silence(), { idleMs: 50, totalMs: 10_000 });
    await expect(collected).rejects.toMatchObject({
      reason: 'DEADLINE',
      message: expect.stringContaining('arrived for 50 ms') as string,
    });
  });
});

describe('InstallPlugin', () => {
  test('gets every byte of a package of many chunks, and tells how far it is', async () => {
    const bytes = Buffer.alloc(3 * REQUEST_LIMITS.maxChunkBytes + 17, 'hal9');
    const steps: number[] = [];
    await client.installPlugin(bytes, { onProgress: (sent) => steps.push(sent) });
    expect(Buffer.compare(serving.plugins.installed[0] ?? new Uint8Array(), bytes)).toBe(0);
    expect(steps.at(-1)).toBe(bytes.length);
    expect(steps.length).toBe(4);
  });

  const chunk = Buffer.from('0123456789');
  const header = (sizeBytes: number, sha256 = ''): object => ({ header: { sizeBytes, sha256 } });
  test.each([
    ['no header', [{ chunk }], 'the first message must be the header'],
    ['an empty stream', [], 'found an empty stream'],
    ['a second header', [header(10), header(10)], 'every message after the first must be a chunk'],
    ['fewer bytes than announced', [header(11), { chunk }], 'says 11 bytes, the stream carried 10'],
    ['more bytes than announced', [header(9), { chunk }], 'says 9 bytes, the stream carried more'],
    ['another hash than announced', [header(10, 'ab'.repeat(32)), { chunk }], 'send the package again'],
    ['a hash that is none', [header(10, 'xyz'), { chunk }], '64 hexadecimal digits'],
    ['an empty chunk', [header(10), { chunk: Buffer.alloc(0) }, { chunk }], 'expected at least one byte'],
    ['a chunk that is too large', [header(9e6), { chunk: Buffer.alloc(REQUEST_LIMITS.maxChunkBytes + 1) }], 'at most'],
  ] as [string, object[], string][])('refuses %s', async (_what, messages, text) => {
    const { reply, stream } = rawInstall(messages);
    stream.end();
    const refusal = await refusalOf(reply);
    expect(refusal.reason).toBe('REQUEST_INVALID');
    expect(refusal.message).toContain(text);
    expect(serving.plugins.installed).toEqual([]);
  });

  test('accepts the hash in either case', async () => {
    const sha256 = createHash('sha256').update(chunk).digest('hex').toUpperCase();
    const { reply, stream } = rawInstall([header(10, sha256), { chunk }]);
    stream.end();
    await expect(reply).resolves.toMatchObject({ changed: true });
  });

  test('refuses a package that is too large by its header, while the client is still sending', async () => {
    const refusal = await refusalOf(client.installPlugin(Buffer.alloc(PACKAGE_LIMITS.maxFileBytes + 1)));
    expect(refusal).toMatchObject({ code: 'RESOURCE_EXHAUSTED', reason: 'PACKAGE_TOO_LARGE' });
  });

  test('takes so many at once and no more, and gives the place back', async () => {
    let open = (): void => {};
    serving.plugins.gate = new Promise((resolve) => (open = resolve));
    const running = Array.from({ length: SERVER_LIMITS.maxConcurrentInstalls }, () =>
      client.installPlugin(Buffer.from('x')),
    );
    const refusal = await refusalOf(client.installPlugin(Buffer.from('x')));
    expect(refusal).toMatchObject({ reason: 'TOO_MANY_IN_FLIGHT', retryAfterMs: 1_000 });
    open();
    await Promise.all(running);
    await client.installPlugin(Buffer.from('x'));
  });

  test('gives the place back when the client hangs up', async () => {
    const hangUps = Array.from({ length: SERVER_LIMITS.maxConcurrentInstalls }, () => rawInstall([header(10)]));
    const refused = hangUps.map(({ reply }) => refusalOf(reply));
    // Taken once another is refused.
    await expect.poll(() => refusalOrUndefined(client.installPlugin(Buffer.from('x')))).toBe('TOO_MANY_IN_FLIGHT');
    for (const { stream } of hangUps) stream.cancel();
    for (const refusal of await Promise.all(refused)) expect(refusal.code).toBe('CANCELLED');
    await expect.poll(() => refusalOrUndefined(client.installPlugin(Buffer.from('x')))).toBeUndefined();
    expect(serving.rpc.inFlight.count).toBe(0);
  });
});

async function refusalOrUndefined(call: Promise<unknown>): Promise<string | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => CallError.from(error).reason,
  );
}

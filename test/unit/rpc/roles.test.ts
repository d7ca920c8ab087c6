import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { credentials, Client as GrpcClient, Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOfToken, newToken } from '../../../src/access/token.js';
import { CallError } from '../../../src/client/call-error.js';
import { connect } from '../../../src/client/client.js';
import { ROLES, type Role } from '../../../src/config/access-file.js';
import { Dispatcher } from '../../../src/dispatch/dispatcher.js';
import { CapabilityRegistry } from '../../../src/plugin/capability-registry.js';
import type { ServiceBinding } from '../../../src/rpc/definitions.js';
import { executionService } from '../../../src/rpc/execution.js';
import { METHOD_ROLES, OPEN } from '../../../src/rpc/method-roles.js';
import { SignalStreams } from '../../../src/rpc/signal-stream.js';
import { type Serving, serveMemory } from './serving.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-roles-'));
const accessFile = join(directory, 'access.yaml');
const tokens = Object.fromEntries(ROLES.map((role) => [role, newToken()])) as Record<Role, string>;

/** All services of the contract, also those that the server of this test does not carry out. */
function contractServices(): ServiceDefinition[] {
  const root = resolve('proto');
  const files = readdirSync(join(root, 'hal9/plugin/v1')).filter((file) => file.endsWith('.proto'));
  const loaded = loadSync(
    files.map((file) => `hal9/plugin/v1/${file}`),
    { includeDirs: [root] },
  );
  return Object.values(loaded).filter((definition) => !('format' in definition)) as ServiceDefinition[];
}

const pathsOf = (services: readonly ServiceDefinition[]): string[] =>
  services.flatMap((service) => Object.values(service).map(({ path }) => path));

const reflectionPaths = ['v1', 'v1alpha'].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);

let serving: Serving;
let client: GrpcClient;

beforeAll(async () => {
  const entries = ROLES.map(
    (role) => `  - { name: the-${role}, sha256: ${hashOfToken(tokens[role]).toString('hex')}, roles: [${role}] }`,
  );
  writeFileSync(accessFile, `tokens:\n${entries.join('\n')}\n`);
  const dispatcher = new Dispatcher(new CapabilityRegistry());
  const streams = new SignalStreams({ dispatcher, refused: () => {}, maxReplyBytes: 1_000_000 });
  const others = contractServices()
    .filter((service) => !/PluginExecution|PluginManagement/.test(pathsOf([service])[0] ?? ''))
    .map((definition): ServiceBinding => ({ definition, implementation: {} }));
  serving = await serveMemory({ accessFile }, [executionService(dispatcher, streams, 1_000_000), ...others]);
  client = new GrpcClient(serving.rpc.address, credentials.createInsecure());
});
afterAll(() => {
  client.close();
  serving.rpc.forceShutdown();
  rmSync(directory, { recursive: true });
});

const asIs = (bytes: Buffer): Buffer => bytes;

function metadataWith(...authorizations: string[]): Metadata {
  const metadata = new Metadata();
  for (const authorization of authorizations) metadata.add('authorization', authorization);
  return metadata;
}

/** Calls a method of any kind with one empty message: `answered`, or the reason (else the status) that it was refused with. */
function outcomeOf(path: string, metadata: Metadata): Promise<string> {
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(path, asIs, asIs, metadata, { deadline: Date.now() + 10_000 });
    call.on('data', () => {
      resolve('answered');
      call.cancel();
    });
    call.on('error', (error) => {
      const { reason, code } = CallError.from(error);
      resolve(reason || code);
    });
    call.on('status', ({ code }) => code === status.OK && resolve('answered'));
    call.write(Buffer.alloc(0));
    call.end();
  });
}

const DENIED = ['UNAUTHENTICATED', 'ROLE_MISSING', 'PERMISSION_DENIED'];

describe('the table of roles', () => {
  test('has every method of every service, and no other', () => {
    const all = [...pathsOf([...contractServices(), healthService as ServiceDefinition]), ...reflectionPaths];
    expect(Object.keys(METHOD_ROLES).sort()).toEqual(all.sort());
  });

  test('leaves nothing but health to those who say nothing', () => {
    const open = Object.keys(METHOD_ROLES).filter((path) => METHOD_ROLES[path] === OPEN);
    expect(open.every((path) => path.startsWith('/grpc.health.v1.Health/'))).toBe(true);
  });
});

describe.each(Object.entries(METHOD_ROLES))('%s', (path, needed) => {
  test.each(ROLES)(`with the role %s`, async (role) => {
    const outcome = await outcomeOf(path, metadataWith(`Bearer ${tokens[role]}`));
    if (needed === OPEN || needed.includes(role)) expect(DENIED).not.toContain(outcome);
    else expect(outcome).toBe('ROLE_MISSING');
  });

  test.each([
    ['nothing', []],
    ['a token that nobody has', [`Bearer ${newToken()}`]],
    ['another scheme', [`Basic ${tokens.manage}`]],
    ['a token without a scheme', [tokens.manage]],
    ['half a token', [`Bearer ${tokens.manage.slice(0, -1)}`]],
    ['a token and more', [`Bearer ${tokens.manage} x`]],
    ['two tokens in one', [`Bearer ${tokens.manage}, Bearer ${tokens.execute}`]],
    ['a token that is too long', [`Bearer ${'x'.repeat(4_000)}`]],
  ])('with %s', async (_what, sent) => {
    const outcome = await outcomeOf(path, metadataWith(...sent));
    if (needed === OPEN) expect(DENIED).not.toContain(outcome);
    else expect(outcome).toBe('UNAUTHENTICATED');
  });
});

describe('a call that is turned away', () => {
  test('is refused when its headers are there: an upload does not begin, and takes no place', async () => {
    const before = serving.plugins.installed.length;
    const path = '/hal9.plugin.v1.PluginManagement/InstallPlugin';
    // Nothing is sent and nothing is ended: only the headers can have been the reason.
    const call = client.makeBidiStreamRequest(path, asIs, asIs, metadataWith(`Bearer ${tokens.observe}`));
    const [error] = await new Promise<[unknown]>((resolve) => call.on('error', (thrown) => resolve([thrown])));
    expect(CallError.from(error)).toMatchObject({ code: 'PERMISSION_DENIED', reason: 'ROLE_MISSING' });
    expect(CallError.from(error).details).toEqual({ role: 'manage' });
    expect(CallError.from(error).message).toContain('the-observe');
    expect([serving.plugins.installed.length - before, serving.rpc.inFlight.count]).toEqual([0, 0]);
  });

  test('does not have its messages decoded', async () => {
    const call = client.makeBidiStreamRequest('/hal9.plugin.v1.PluginManagement/GetPlugin', asIs, asIs, new Metadata());
    // No message of protobuf: whoever decodes it says so.
    call.write(Buffer.from([0xff, 0xff]));
    const error = await new Promise((resolve) => call.on('error', resolve));
    expect(CallError.from(error)).toMatchObject({ code: 'UNAUTHENTICATED', reason: 'UNAUTHENTICATED' });
  });

  test('is counted by why, and as a refusal', async () => {
    serving.denied.length = 0;
    serving.refused.length = 0;
    const path = '/hal9.plugin.v1.PluginManagement/ListPlugins';
    for (const sent of [[], ['Bearer x'], [`Bearer ${tokens.manage}`]]) await outcomeOf(path, metadataWith(...sent));
    expect(serving.denied).toEqual(['no_credentials', 'token_unknown', 'role_missing']);
    expect(serving.refused).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'ROLE_MISSING']);
  });

  test('stands in the audit log, once for many of a kind', () => {
    const denials = serving.audited.filter(({ event }) => event === 'denial');
    const told = denials.map(({ actor, details }) => [actor, details?.['reason'], details?.['of']].join(' '));
    expect(told.length).toBeGreaterThan(0);
    expect(told.filter((line) => line.startsWith('nobody token_unknown /hal9.'))).not.toEqual([]);
    expect(told.filter((line) => line.startsWith('the-manage role_missing /hal9.'))).not.toEqual([]);
    expect(new Set(told).size).toBe(told.length);
  });
});

describe('a caller that is let in', () => {
  test('is known to what it changes by its name', async () => {
    const manager = connect(serving.rpc.address, { token: tokens.manage, timeoutMs: 5_000 });
    await manager.installPlugin(Buffer.from('x'));
    manager.close();
    expect(serving.plugins.actors.at(-1)).toBe('the-manage');
  });

  test('is one no more when its entry has gone; others stay, and a broken file changes nothing', async () => {
    const path = '/hal9.plugin.v1.PluginManagement/ListPlugins';
    const entry = (role: Role): string =>
      `  - { name: x, sha256: ${hashOfToken(tokens[role]).toString('hex')}, roles: [observe] }`;
    const outcome = (role: Role): Promise<string> => outcomeOf(path, metadataWith(`Bearer ${tokens[role]}`));
    const reload = (): void => {
      const { gatekeeper } = serving.access;
      if (gatekeeper !== undefined) gatekeeper.use(gatekeeper.read());
    };
    expect(await outcome('observe')).toBe('answered');
    const streams = (['execute', 'observe'] as const).map((role) => {
      const method = role === 'execute' ? '/hal9.plugin.v1.PluginExecution/StreamSignals' : reflectionPaths[0];
      const metadata = metadataWith(`Bearer ${tokens[role]}`);
      return client.makeBidiStreamRequest(method ?? '', asIs, asIs, metadata);
    });
    const ended = streams.map((stream) => new Promise((resolve) => stream.on('error', resolve)));
    // Once a later call is answered, the streams have been let in.
    expect(await outcome('observe')).toBe('answered');
    writeFileSync(accessFile, `tokens:\n${entry('execute')}\n`);
    reload();
    expect([await outcome('observe'), await outcome('execute')]).toEqual(['UNAUTHENTICATED', 'answered']);
    const reasons = (await Promise.all(ended)).map((error) => CallError.from(error).reason);
    expect(reasons).toEqual(['ROLE_MISSING', 'UNAUTHENTICATED']);
    writeFileSync(accessFile, 'tokens: [{}]');
    expect(reload).toThrow('tokens[0].name');
    expect([await outcome('observe'), await outcome('execute')]).toEqual(['UNAUTHENTICATED', 'answered']);
  });
});

test('without an access file, who can connect may do everything, and is called local', async () => {
  const open = await serveMemory();
  const anybody = connect(open.rpc.address, { timeoutMs: 5_000 });
  await anybody.installPlugin(Buffer.from('x'));
  expect(open.plugins.actors).toEqual(['local']);
  anybody.close();
  open.rpc.forceShutdown();
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOfToken, newToken } from '../../src/access/token.js';
import { CallError } from '../../src/client/call-error.js';
import { type Client, connect } from '../../src/client/client.js';
import { ROLES } from '../../src/config/access-file.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { packWat } from '../harness/wat-plugin.js';

/** Stands in every path that the server was given. */
const MARK = 'where-nobody-looks';

const folder = mkdtempSync(join(tmpdir(), `${MARK}-`));
const dataDir = join(folder, 'data');
const [token, weak] = [newToken(), newToken()];
let server: ServerProcess;
let client: Client;
/** What callers were told, by the reason. */
const told = new Map<string, string[]>();

beforeAll(async () => {
  const entry = (name: string, secret: string, roles: readonly string[]): object => ({
    name,
    sha256: hashOfToken(secret).toString('hex'),
    roles,
  });
  const accessFile = join(folder, 'access.yaml');
  writeFileSync(accessFile, JSON.stringify({ tokens: [entry('all', token, ROLES), entry('weak', weak, ['execute'])] }));
  server = await ServerProcess.start({ dataDir, flags: ['--access-file', accessFile, '--log-level', 'debug'] });
  client = connect(server.grpc, { token, timeoutMs: 20_000 });
});
afterAll(async () => {
  client.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes a call that is to be refused, and keeps all that it was answered with: message, details, and their bytes. */
async function refused(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => {
      throw new Error('expected a refusal');
    },
    (thrown: unknown) => CallError.from(thrown),
  );
  const reason = error.reason || error.code;
  const { metadata } = error.cause as Partial<ServiceError>;
  const raw = (metadata?.get('grpc-status-details-bin') ?? []).map((bytes) => bytes.toString('latin1')).join('');
  told.set(reason, [...(told.get(reason) ?? []), `${error.message} ${JSON.stringify(error.details)} ${raw}`]);
  return reason;
}

const manifestOnly = (text: string): Promise<Uint8Array> => zipFiles(new Map([['manifest.json', Buffer.from(text)]]));

describe('what a caller is told', () => {
  test('when packages are refused', async () => {
    const install = async (bytes: Uint8Array | Promise<Uint8Array>): Promise<string> =>
      refused(client.installPlugin(await bytes));
    expect(await install(Buffer.from('no package'))).toBe('PACKAGE_INVALID');
    expect(await install(manifestOnly('{'))).toBe('MANIFEST_INVALID');
    expect(await install(packWat({ name: 'empty', wat: '(module)' }))).toBe('MODULE_INVALID');
  });

  test('when it names what is not there, or is not allowed', async () => {
    await client.installPlugin(await packPuppet({ name: 'puppet' }));
    await client.activatePlugin('puppet');
    expect(await refused(client.getPlugin('../../etc/passwd'))).toBe('PLUGIN_NOT_FOUND');
    expect(await refused(client.getPlugin(''))).toBe('REQUEST_INVALID');
    expect(await refused(client.getPluginFile('puppet', '../../schema'))).toBe('FILE_NOT_FOUND');
    expect(await refused(client.invokeTool({ tool: 'nothing', parameters: '{}' }))).toBe('TOOL_NOT_FOUND');
    expect(await refused(client.invokeTool({ tool: 'obey', parameters: '{' }))).toBe('PARAMETERS_INVALID');
    expect(await refused(client.processSignal({ signal: { layer: 'L9', content: '' } }))).toBe('NOBODY_REGISTERED');
    expect(await refused(client.uninstallPlugin('puppet'))).toBe('PLUGIN_ACTIVE');
    expect(await refused(client.revokeKey('abcd'))).toBe('KEY_NOT_FOUND');
    const { id } = (await client.getPlugin('puppet')).plugin?.ref ?? { id: '' };
    expect(id).not.toBe('');
    const other = connect(server.grpc, { token: weak, timeoutMs: 10_000 });
    expect(await refused(other.listPlugins())).toBe('ROLE_MISSING');
    other.close();
    const stranger = connect(server.grpc, { timeoutMs: 10_000 });
    expect(await refused(stranger.listPlugins())).toBe('UNAUTHENTICATED');
    stranger.close();
  });

  test('over HTTP', async () => {
    const get = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
      const response = await fetch(`http://${server.http}${path}`, { headers });
      return `${JSON.stringify([...response.headers])} ${await response.text()}`;
    };
    const paths = ['/', '/metrics', '/healthz', '/readyz', '/data/schema', '/..%2f..%2fdata/schema'];
    told.set('HTTP', await Promise.all(paths.map((path) => get(path))));
    told.set('HTTP metrics', [
      await get('/metrics', { authorization: `Bearer ${weak}` }),
      await get('/metrics', { authorization: `Bearer ${token}` }),
    ]);
    expect(told.get('HTTP metrics')?.[1]).toContain('hal9_build_info');
  });

  test('when the disk fails under the server', async () => {
    // Where a directory was, a file is: every write into it is a fault that Node describes with the path.
    for (const name of ['packages', 'prepared', 'aside']) {
      rmSync(join(dataDir, name), { recursive: true });
      writeFileSync(join(dataDir, name), '');
    }
    expect(await refused(client.installPlugin(await packPuppet({ name: 'late', version: '2.0.0' })))).toBe('INTERNAL');
    expect(await refused(client.deactivatePlugin('puppet'))).toBe('INTERNAL');
    const logged = await server.logged(({ level, err }) => level === 'error' && JSON.stringify(err).includes(MARK));
    expect(logged.level, 'the log has what callers have not').toBe('error');
  });

  test('never names a path, a folder or a line of the host', () => {
    expect(told.size).toBeGreaterThan(14);
    const secrets = [MARK, folder, resolve('dist'), process.cwd(), '.js:', 'node:', 'ENOTDIR', 'ENOENT', token, weak];
    for (const [reason, answers] of told) {
      for (const secret of secrets) expect(answers.join('\n'), `${reason} tells of ${secret}`).not.toContain(secret);
    }
  });
});

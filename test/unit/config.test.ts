import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { guestVariable, loadConfig, type ServerFlags } from '../../src/config.js';
import { HostError } from '../../src/errors.js';
import { fileKey, flagName, SETTINGS, variableName } from '../../src/settings.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

function refusalOf(flags: ServerFlags, environment: NodeJS.ProcessEnv = {}): HostError {
  try {
    loadConfig(flags, environment);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

function yamlFile(text: string): string {
  const file = join(directory, `${Math.random()}.yaml`);
  writeFileSync(file, text);
  return file;
}

describe('loadConfig', () => {
  test('listens on loopback alone when nothing is said', () => {
    const config = loadConfig({}, {});
    expect(config.grpcListen).toEqual({ type: 'tcp', host: '127.0.0.1', port: 50051 });
    expect(config.httpListen).toEqual({ type: 'tcp', host: '127.0.0.1', port: 9469 });
    expect(config.dataDir).toBe(resolve('.hal9'));
    expect(config.memoryLimitBytes).toBeUndefined();
    expect(config.devDirs).toEqual([]);
  });

  test('prefers the flag to the variable, the variable to the file, the file to the default', () => {
    const config = yamlFile('queue_length: 3\nmax_streams: 4\nmax_threads: "5"\n');
    const environment = { HAL9_QUEUE_LENGTH: '30', HAL9_MAX_STREAMS: '40', HAL9_MAX_THREADS: '' };
    const loaded = loadConfig({ config, queueLength: '300' }, environment);
    expect([loaded.queueLength, loaded.maxStreams, loaded.maxThreads]).toEqual([300, 40, 5]);
  });

  test('reads the file that HAL9_CONFIG names', () => {
    expect(loadConfig({}, { HAL9_CONFIG: yamlFile('log_level: debug') }).logLevel).toBe('debug');
  });

  test('takes one development directory or several', () => {
    expect(loadConfig({}, { HAL9_DEV_DIR: '/a' }).devDirs).toEqual(['/a']);
    expect(loadConfig({ devDir: ['/a', '/b'] }, {}).devDirs).toEqual(['/a', '/b']);
    expect(loadConfig({ config: yamlFile('dev_dir: [/c, /d]') }, {}).devDirs).toEqual(['/c', '/d']);
  });

  test('is not in development mode unless told so', () => {
    expect(loadConfig({}, {}).development).toBe(false);
    expect(loadConfig({ development: true }, { HAL9_DEVELOPMENT: '0' }).development).toBe(true);
    expect(loadConfig({}, { HAL9_DEVELOPMENT: '1' }).development).toBe(true);
    expect(loadConfig({ config: yamlFile('development: true') }, {}).development).toBe(true);
    expect(loadConfig({ config: yamlFile('development: true') }, { HAL9_DEVELOPMENT: 'false' }).development).toBe(
      false,
    );
  });

  test('turns the memory limit into bytes', () => {
    expect(loadConfig({ memoryLimitMb: '512' }, {}).memoryLimitBytes).toBe(536_870_912);
  });

  test('reads what plugins are granted and denied', () => {
    const file = yamlFile(`grants:
  "*": { deny: [NetworkTcp] }
  0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10:
    grant:
      - SystemTime
      - SystemEnv: HOME
      - NetworkHttps: { hosts: ["*.example.com"], ports: [443] }
`);
    expect(loadConfig({ config: file }, {}).grants).toEqual({
      '*': { grant: [], deny: ['NetworkTcp'] },
      '0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10': {
        grant: ['SystemTime', { SystemEnv: 'HOME' }, { NetworkHttps: { hosts: ['*.example.com'], ports: [443] } }],
        deny: [],
      },
    });
    expect(loadConfig({ config: yamlFile('grants:') }, {}).grants).toEqual({});
    expect(loadConfig({}, {}).grants).toEqual({});
  });

  test('reads which directories plugins see', () => {
    const file = yamlFile(`roots:
  - {path: /data, directory: /srv/data}
  - {path: /data, directory: /srv/special, plugin: 0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10}
`);
    expect(loadConfig({ config: file }, {}).roots).toEqual([
      { path: '/data', directory: '/srv/data' },
      { path: '/data', directory: '/srv/special', plugin: '0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10' },
    ]);
    expect(loadConfig({}, {}).roots).toEqual([]);
  });

  test.each([
    ['roots: {path: /data}', 'roots: expected a list of roots'],
    ['roots: [{path: /data}]', 'roots[0].directory: expected a directory'],
    ['roots: [{path: /data, directory: srv}]', 'roots[0].directory: expected an absolute path'],
    ['roots: [{path: /data, directory: /srv, mode: ro}]', 'roots[0].mode: unknown key'],
    ['roots: [{path: data, directory: /srv}]', 'roots[0].path: expected an absolute path'],
    ['roots: [{path: /a/../b, directory: /srv}]', 'roots[0].path: expected an absolute path'],
    ['roots: [{path: /data/, directory: /srv}]', 'roots[0].path: expected an absolute path'],
    ['roots: [{path: /, directory: /srv}]', 'roots[0].path: expected an absolute path'],
    ['roots: [{path: /scratch/mine, directory: /srv}]', 'roots[0].path: expected another path than'],
    ['roots: [{path: /assets, directory: /srv}]', 'roots[0].path: expected another path than'],
    ['roots: [{path: /data, directory: /srv, plugin: notes}]', 'roots[0].plugin: expected the id of a plugin'],
    ['roots: [{path: /d, directory: /a}, {path: /d, directory: /b}]', 'roots[1].path: expected each only once'],
    ['grants: [SystemTime]', 'grants: expected plugin ids'],
    ['grants: {sentiment: {}}', 'grants.sentiment: expected the id of a plugin'],
    ['grants: {"*": {allow: []}}', 'grants.*.allow: unknown key'],
    ['grants: {"*": {grant: SystemTime}}', 'grants.*.grant: expected a list of permissions'],
    ['grants: {"*": {grant: [SystemTme]}}', 'grants.*.grant[0]: expected a permission, one of NetworkHttp, '],
    ['grants: {"*": {deny: [{NetworkHttp: {host: [a]}}]}}', 'grants.*.deny[0].NetworkHttp.host: unknown key'],
    ['grants: {"*": {grant: [{NetworkHttp: {hosts: []}}]}}', 'grants.*.grant[0].NetworkHttp.hosts: '],
  ])('refuses %s by its path', (text, message) => {
    const error = refusalOf({ config: yamlFile(text) });
    expect(error.reason).toBe('CONFIG_INVALID');
    expect(error.message).toContain(message);
  });

  test('takes every setting by each of its three names', () => {
    const values: Record<string, string> = {
      grpcListen: '127.0.0.2:7',
      httpListen: '[::1]:8',
      logFormat: 'pretty',
      callTimeoutMs: '6',
      development: 'true',
    };
    for (const { key, kind } of SETTINGS) {
      const value =
        values[key] ??
        (kind.type === 'integer' ? String(Math.min(5_000, kind.max)) : kind.type === 'choice' ? 'debug' : '/tmp/x');
      // The three of TLS need each other.
      const others = key.startsWith('tls') ? { tlsCert: '/tmp/c', tlsKey: '/tmp/k', [key]: undefined } : {};
      const byFlag = loadConfig({ ...others, [key]: value }, {});
      expect(byFlag, key).not.toEqual(loadConfig({}, {}));
      expect(loadConfig(others, { [variableName(key)]: value }), key).toEqual(byFlag);
      expect(loadConfig({ ...others, config: yamlFile(`${fileKey(key)}: "${value}"`) }, {}), key).toEqual(byFlag);
    }
    expect([flagName('grpcListen'), variableName('grpcListen'), fileKey('grpcListen')]).toEqual([
      '--grpc-listen',
      'HAL9_GRPC_LISTEN',
      'grpc_listen',
    ]);
  });

  test.each([
    [{ queueLength: '0' }, {}, '--queue-length: expected a whole number from 1 to'],
    [{}, { HAL9_QUEUE_LENGTH: '1e3' }, 'HAL9_QUEUE_LENGTH: expected a whole number'],
    [{}, { HAL9_QUEUE_LENGTH: '-5' }, 'found "-5"'],
    [{ logLevel: 'loud' }, {}, '--log-level: expected one of trace, debug, info, warn, error, found "loud"'],
    [{}, { HAL9_DEVELOPMENT: 'yes' }, 'HAL9_DEVELOPMENT: expected true, false, 1 or 0, found "yes"'],
    [{ grpcListen: '127.0.0.1' }, {}, '--grpc-listen: expected HOST:PORT'],
    [{ grpcListen: '127.0.0.1:65536' }, {}, 'a port of 0 to 65535'],
    [{ grpcListen: 'unix:' }, {}, 'no path after unix:'],
    [{ grpcListen: `unix:/${'a'.repeat(200)}` }, {}, 'use a shorter directory'],
    [{ httpListen: 'unix:/tmp/x' }, {}, '--http-listen: expected HOST:PORT'],
    [{ config: '/nonexistent/hal9.yaml' }, {}, 'cannot be read'],
  ] as [ServerFlags, NodeJS.ProcessEnv, string][])(
    'refuses %j %j, naming the source',
    (flags, environment, message) => {
      const refusal = refusalOf(flags, environment);
      expect(refusal.reason).toBe('CONFIG_INVALID');
      expect(refusal.message).toContain(message);
    },
  );

  test('reads the limits of plugins by the names that refusals give, a number for as much in a second as at once', () => {
    const id = '0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10';
    const rules = `limits:\n  "*": {memory-keys: 5, signals: 3}\n  ${id}: {http-requests: {per_second: 2, burst: 9}}`;
    expect(loadConfig({ config: yamlFile(rules) }, {}).limits).toEqual({
      '*': { rates: { signals: { perSecond: 3, burst: 3 } }, quotas: { 'memory keys': 5 } },
      [id]: { rates: { 'http requests': { perSecond: 2, burst: 9 } }, quotas: {} },
    });
    expect(loadConfig({ config: yamlFile('limits:') }, {}).limits).toEqual({});
  });

  test.each([
    ['{scraper: {}}', 'limits.scraper: expected the id of a plugin'],
    ['{"*": {memory keys: 1}}', 'limits.*.memory keys: unknown key'],
    ['{"*": {signals: 0}}', 'limits.*.signals: expected'],
    ['{"*": {signals: {burst: 3}}}', 'limits.*.signals: expected how many a second, or {per_second, burst}'],
    ['{"*": {memory-bytes: 1.5}}', 'limits.*.memory-bytes: expected a whole number from 0'],
    ['[1]', 'limits: expected plugin ids, or "*", each with limits'],
  ])('refuses the limits %j', (rules, message) => {
    const refusal = refusalOf({ config: yamlFile(`limits: ${rules}`) });
    expect([refusal.reason, refusal.message]).toEqual(['CONFIG_INVALID', expect.stringContaining(message)]);
  });

  test.each([
    ['qeue_length: 3', 'unknown keys: qeue_length'],
    ['queue_length: [1]', 'queue_length in the configuration file: expected a whole number'],
    ['queue_length: 1.5', 'queue_length in the configuration file'],
    ['- 1', 'keys and values'],
    ['a: &x [*x, *x]\nb: "', 'cannot be read'],
  ])('refuses the file %j', (yaml, message) => {
    const refusal = refusalOf({ config: yamlFile(yaml) });
    expect(refusal.reason).toBe('CONFIG_INVALID');
    expect(refusal.message).toContain(message);
  });

  test.each(['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '192.168.1.1:1', '[2001:db8::1]:1', '[::ffff:127.0.0.1]:1'])(
    'listens on %s with TLS and an access file alone, and says which is missing',
    (address) => {
      const tls = { tlsCert: '/tmp/c', tlsKey: '/tmp/k' };
      for (const key of ['grpcListen', 'httpListen']) {
        const flags = { [key]: address };
        expect(refusalOf(flags).reason).toBe('LISTEN_REFUSED');
        expect(refusalOf(flags).message).toMatch(/^--\w+-listen: .*loopback.*give TLS \(.*\) and an access file \(/);
        expect(refusalOf({ ...flags, ...tls }).message).toMatch(/give an access file \(--access-file\), or/);
        expect(refusalOf({ ...flags, accessFile: '/tmp/a' }).message).toMatch(/give TLS \([^)]*\), or/);
        expect(loadConfig({ ...flags, ...tls, accessFile: '/tmp/a' }, {})).toMatchObject({ [key]: { type: 'tcp' } });
      }
    },
  );

  test.each(['example.com:1', '127.1:1', '0x7f.0.0.1:1', '[fe80::1%lo]:1'])('looks up no name: %s', (address) => {
    const refusal = refusalOf({ grpcListen: address, tlsCert: '/c', tlsKey: '/k', accessFile: '/a' });
    expect(refusal.reason).toBe('LISTEN_REFUSED');
    expect(refusal.message).toContain('expected an address');
  });

  test.each([
    [{ tlsCert: '/c' }, '--tls-cert and --tls-key belong together'],
    [{ tlsKey: '/k' }, '--tls-cert and --tls-key belong together'],
    [{ tlsClientCa: '/ca' }, '--tls-client-ca needs --tls-cert'],
  ])('refuses half of TLS: %j', (flags, message) => {
    expect(refusalOf(flags)).toMatchObject({ reason: 'CONFIG_INVALID' });
    expect(refusalOf(flags).message).toContain(message);
  });

  test('tells all faults at once, each with where it comes from', () => {
    const config = yamlFile('queue_length: 0\nqeue_length: 3\nlog_level: loud\n');
    const { reason, message } = refusalOf({ config, maxThreads: 'x', httpListen: 'nowhere' }, { HAL9_CALL_FUEL: '-1' });
    expect(reason).toBe('CONFIG_INVALID');
    for (const part of [
      'the configuration file: unknown keys: qeue_length',
      'queue_length in the configuration file: expected',
      'log_level in the configuration file: expected',
      '--max-threads: expected',
      '--http-listen: expected',
      'HAL9_CALL_FUEL: expected',
    ]) {
      expect(message).toContain(part);
    }
  });

  test.each([
    ['127.0.0.1:0', { type: 'tcp', host: '127.0.0.1', port: 0 }],
    ['127.8.9.10:1', { type: 'tcp', host: '127.8.9.10', port: 1 }],
    ['localhost:1', { type: 'tcp', host: '127.0.0.1', port: 1 }],
    ['[::1]:1', { type: 'tcp', host: '::1', port: 1 }],
    ['[0:0:0:0:0:0:0:1]:1', { type: 'tcp', host: '::1', port: 1 }],
    ['unix:/run/x.sock', { type: 'unix', path: '/run/x.sock' }],
    ['unix:///run/x.sock', { type: 'unix', path: '/run/x.sock' }],
    ['unix:x.sock', { type: 'unix', path: resolve('x.sock') }],
  ])('listens on %s', (address, expected) => {
    expect(loadConfig({ grpcListen: address }, {}).grpcListen).toEqual(expected);
  });
});

describe('guestVariable', () => {
  test('is a variable that is set, and never one of the server', () => {
    const environment = { HOME: '/there', EMPTY: '', HAL9_TOKEN: 'secret', hal9_x: 'secret' };
    const names = ['HOME', 'EMPTY', 'UNSET', 'HAL9_TOKEN', 'hal9_x', 'constructor'];
    const values = names.map((name) => guestVariable(name, environment));
    expect(values).toEqual(['/there', '', undefined, undefined, undefined, undefined]);
  });
});

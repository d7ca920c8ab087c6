import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import type { Decisions } from '../../src/client/messages.js';
import { packGrants, tries } from '../harness/grants-plugin.js';
import { packPuppet } from '../harness/puppet.js';
import { refusalOf } from '../harness/refusal.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import { linesOf } from '../unit/sandbox/audit/a-log.js';

const TIME = '"SystemTime"';
const RANDOM = '"SystemRandom"';
const variable = (name: string): string => JSON.stringify({ SystemEnv: name });

const folder = mkdtempSync(join(tmpdir(), 'hal9-grants-'));
let server: ServerProcess;
let client: Client;

beforeAll(async () => {
  const dataDir = join(folder, 'data');
  const config = join(folder, 'hal9.yaml');
  const configured = [
    `"*": {deny: [{SystemEnv: FORBIDDEN}]}`,
    `${idOf('asks-nothing')}: {grant: [SystemTime, {SystemEnv: GIVEN}]}`,
    `${idOf('configured')}: {grant: [SystemTime, {SystemEnv: GIVEN}], deny: [SystemRandom]}`,
  ];
  writeFileSync(config, `grants:\n${configured.map((line) => `  ${line}\n`).join('')}`);
  const env = { GIVEN: 'a value', OTHER: 'another', FORBIDDEN: 'never', HAL9_SECRET: 'never' };
  server = await ServerProcess.start({ dataDir, flags: ['--config', config], env });
  client = server.connect();
});
afterAll(async () => {
  client.close();
  await server.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Installs and activates; returns the plugin's id. */
async function running(name: string, asks: readonly unknown[], decisions: Decisions): Promise<string> {
  await client.installPlugin(await packGrants({ name, asks }), { decisions });
  await client.activatePlugin(name);
  return idOf(name);
}

const used = async (name: string) => (await client.getPluginPermissions(name)).permissions?.used;

/** Every file below a folder, with what is in it. The audit log is written to by what was refused before, too. */
function contentOf(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(path, file)).isFile() && !file.startsWith('audit/'))
    .map(
      (file) =>
        `${file} ${createHash('sha256')
          .update(readFileSync(join(path, file)))
          .digest('hex')}`,
    )
    .sort();
}

describe('a plugin that was granted what it asks for', () => {
  const asks = [
    'SystemTime',
    'SystemRandom',
    { SystemEnv: 'GIVEN' },
    { SystemEnv: 'UNSET' },
    { SystemEnv: 'HAL9_SECRET' },
  ];

  test('sees time pass, draws random numbers, and has the variables that are set, none of the server', async () => {
    const id = await running('granted', asks, { rest: 'REST_GRANT' });
    expect([await tries(client, 'm', id), await tries(client, 'w', id)]).toEqual(['moves', 'moves']);
    expect(await tries(client, 'e', id)).toBe('GIVEN=a value;');
    expect(await tries(client, 'r', id)).not.toBe(await tries(client, 'r', id));
    await expect
      .poll(() => used('granted'))
      .toEqual(
        [
          { permission: TIME, allowed: '4', refused: '0' },
          { permission: RANDOM, allowed: '2', refused: '0' },
          ...['GIVEN', 'HAL9_SECRET', 'UNSET'].map((name) => ({
            permission: variable(name),
            allowed: '1',
            refused: '0',
          })),
        ].sort((a, b) => (a.permission < b.permission ? -1 : 1)),
      );
    expect(await server.metrics()).toContain(`hal9_host_calls_total{plugin="${id}",op="time",decision="allowed"} 4`);
  });
});

describe('a plugin that was denied what it asks for', () => {
  test('has a clock that stands, seeded numbers and no variables; its tries are counted', async () => {
    const id = await running('denied', ['SystemTime', 'SystemRandom', { SystemEnv: 'GIVEN' }], { rest: 'REST_DENY' });
    expect([await tries(client, 'm', id), await tries(client, 'w', id)]).toEqual(['stands', 'stands']);
    expect(await tries(client, 'e', id)).toBe('');
    expect(await tries(client, 's', id)).toMatch(/^[a-p]{16}$/);
    await expect
      .poll(() => used('denied'))
      .toEqual([
        { permission: RANDOM, allowed: '0', refused: '1' },
        { permission: TIME, allowed: '0', refused: '4' },
        { permission: variable('GIVEN'), allowed: '0', refused: '1' },
      ]);
    expect(await server.metrics()).toContain(`hal9_host_calls_total{plugin="${id}",op="time",decision="denied"} 4`);
  });

  test('gets nothing that it does not ask for, though it is granted', async () => {
    const id = await running('asks-nothing', [], {});
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['stands', '']);
    const { permissions } = await client.getPluginPermissions(id);
    expect(permissions).toMatchObject({ asked: [], effective: [] });
  });
});

describe('an installation', () => {
  test('stops at what nobody has decided about, and says what that is', async () => {
    const bytes = await packGrants({ name: 'undecided', asks: ['SystemTime', { SystemEnv: 'GIVEN' }] });
    const refusal = await refusalOf(client.installPlugin(bytes, { decisions: { deny: [TIME] } }));
    expect([refusal.code, refusal.reason]).toEqual(['FAILED_PRECONDITION', 'PERMISSION_UNDECIDED']);
    expect(JSON.parse(refusal.details['added'] ?? '')).toEqual([{ SystemEnv: 'GIVEN' }]);
    expect(refusal.message).toContain('hal9 plugin install PACKAGE --grant SystemEnv=GIVEN');
    expect((await client.listPlugins()).plugins.map(({ ref }) => ref?.name)).not.toContain('undecided');
  });

  test.each([
    [{ grant: ['SystemTime'] }, 'takes a name without quotes'],
    [{ grant: ['{"SystemEnv":"A"}'] }, 'takes an object'],
  ])('%j: %s', async (decisions) => {
    const bytes = await packGrants({ name: 'spelled', asks: ['SystemTime', { SystemEnv: 'A' }] });
    const all: Decisions = { ...decisions, rest: 'REST_DENY' };
    await expect(client.installPlugin(bytes, { decisions: all, dryRun: true })).resolves.toMatchObject({
      changed: true,
    });
  });

  test('refuses decisions that are no permissions', async () => {
    const bytes = await packGrants({ name: 'spelled', asks: [] });
    const refusal = await refusalOf(client.installPlugin(bytes, { decisions: { deny: ['{"FileRead":"../x"}'] } }));
    expect(refusal).toMatchObject({ reason: 'REQUEST_INVALID' });
    expect(refusal.message).toContain('decisions.deny[0]');
  });

  test('refuses a grant of what is not asked for, which a later version could ask for', async () => {
    const pack = (version: string, ...asks: unknown[]) => packGrants({ name: 'pregranted', version, asks });
    const first = await pack('1.0.0', 'SystemTime', { SystemEnv: 'GIVEN' });
    const decisions: Decisions = { grant: [TIME, RANDOM], deny: [variable('GIVEN')] };
    const refusal = await refusalOf(client.installPlugin(first, { decisions }));
    expect(refusal.reason).toBe('REQUEST_INVALID');
    expect(refusal.message).toContain('found SystemRandom; it asks for SystemTime, SystemEnv=GIVEN');
    // A denial may be of anything.
    await client.installPlugin(first, { decisions: { grant: [TIME], deny: [variable('GIVEN'), variable('OTHER')] } });
    for (const call of [
      () => client.setPluginGrants('pregranted', { grant: [RANDOM] }),
      () => client.installPlugin(first, { decisions: { grant: [RANDOM] } }),
      () => client.installPlugin(first, { decisions: { grant: [RANDOM] }, dryRun: true }),
    ])
      expect((await refusalOf(call())).reason).toBe('REQUEST_INVALID');
    const more = await refusalOf(client.installPlugin(await pack('1.1.0', 'SystemTime', 'SystemRandom')));
    expect(more.details['added']).toBe('["SystemRandom"]');
  });

  test.each<['REST_DENY' | 'REST_GRANT', string[], string[]]>([
    ['REST_DENY', [TIME], [variable('GIVEN'), RANDOM]],
    ['REST_GRANT', [TIME, RANDOM], [variable('GIVEN')]],
  ])('of an upgrade with %s decides about what is added only', async (rest, granted, denied) => {
    const pack = (version: string, ...asks: unknown[]) => packGrants({ name: 'rest', version, asks });
    const asks = ['SystemTime', { SystemEnv: 'GIVEN' }];
    await client.installPlugin(await pack('1.0.0', ...asks), {
      decisions: { grant: [TIME], deny: [variable('GIVEN')] },
    });
    const upgrade = await pack('1.1.0', ...asks, 'SystemRandom');
    const { permissions } = await client.installPlugin(upgrade, { decisions: { rest } });
    expect(permissions).toMatchObject({ granted, effective: granted, denied, undecided: [] });
    await client.uninstallPlugin('rest');
  });

  test('of an upgrade that asks for as much or less goes on; for more, stops with the difference', async () => {
    const pack = (version: string, ...asks: unknown[]) => packGrants({ name: 'upgraded', version, asks });
    const decisions: Decisions = { grant: [TIME], deny: [variable('GIVEN')] };
    await client.installPlugin(await pack('1.0.0', 'SystemTime', { SystemEnv: 'GIVEN' }), { decisions });
    await client.installPlugin(await pack('1.1.0', 'SystemTime', { SystemEnv: 'GIVEN' }));
    await client.installPlugin(await pack('1.2.0', 'SystemTime'));
    const more = await pack('1.3.0', 'SystemTime', 'SystemRandom');
    const refusal = await refusalOf(client.installPlugin(more));
    expect(refusal.details).toEqual({ plugin: 'upgraded 1.3.0', added: '["SystemRandom"]', new: '["SystemRandom"]' });
    const { permissions } = await client.installPlugin(more, { decisions: { grant: [RANDOM] } });
    expect(permissions).toMatchObject({ versionLine: '1', effective: [TIME, RANDOM], denied: [variable('GIVEN')] });
    const line2 = await refusalOf(client.installPlugin(await pack('2.0.0', 'SystemTime', { SystemEnv: 'OTHER' })));
    expect(JSON.parse(line2.details['added'] ?? '')).toEqual(['SystemTime', { SystemEnv: 'OTHER' }]);
    expect(JSON.parse(line2.details['new'] ?? '')).toEqual([{ SystemEnv: 'OTHER' }]);
    expect(line2.message).toContain('SystemTime (the version before has it), SystemEnv=OTHER; to grant');
    await client.installPlugin(await pack('2.0.0', 'SystemTime'), { decisions: { rest: 'REST_DENY' } });
    const back = await client.installPlugin(await pack('1.4.0', 'SystemTime'));
    expect(back.permissions).toMatchObject({ effective: [TIME], undecided: [] });
  });

  test('of another version counts anew what is tried', async () => {
    const id = await running('counted', ['SystemTime'], { rest: 'REST_GRANT' });
    await tries(client, 'm', id);
    await expect.poll(() => used('counted')).toHaveLength(1);
    await client.deactivatePlugin('counted');
    await client.installPlugin(await packGrants({ name: 'counted', version: '1.0.1', asks: ['SystemTime'] }));
    expect(await used('counted')).toEqual([]);
  });

  test('forgets with the plugin what was decided', async () => {
    const bytes = await packGrants({ name: 'forgotten', asks: ['SystemTime'] });
    await client.installPlugin(bytes, { decisions: { rest: 'REST_GRANT' } });
    await client.uninstallPlugin('forgotten');
    expect((await refusalOf(client.installPlugin(bytes))).reason).toBe('PERMISSION_UNDECIDED');
  });

  test('that is only tried changes nothing on the disk, and checks all the same', async () => {
    const before = contentOf(join(folder, 'data'));
    const bytes = await packGrants({ name: 'tried', version: '7.0.0', asks: ['SystemTime'] });
    expect((await refusalOf(client.installPlugin(bytes, { dryRun: true }))).reason).toBe('PERMISSION_UNDECIDED');
    const reply = await client.installPlugin(bytes, { dryRun: true, decisions: { rest: 'REST_GRANT' } });
    expect(reply).toMatchObject({ changed: true, permissions: { effective: [TIME] } });
    expect((await refusalOf(client.getPlugin('tried'))).reason).toBe('PLUGIN_NOT_FOUND');
    expect(contentOf(join(folder, 'data'))).toEqual(before);
    expect(readFileSync(join(folder, 'data/audit/000001.jsonl'), 'utf8')).not.toContain('"tried"');
  });
});

describe('the configuration file', () => {
  test('decides about a plugin: what it grants holds, what it denies does not', async () => {
    await client.installPlugin(
      await packGrants({ name: 'configured', asks: ['SystemTime', 'SystemRandom', { SystemEnv: 'GIVEN' }] }),
    );
    await client.activatePlugin('configured');
    const id = idOf('configured');
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['moves', 'GIVEN=a value;']);
    const { permissions } = await client.getPluginPermissions(id);
    expect(permissions).toMatchObject({ effective: [TIME, variable('GIVEN')], undecided: [] });
  });

  test('denies for all, whatever one is granted', async () => {
    const id = await running('denied-for-all', [{ SystemEnv: 'FORBIDDEN' }], { rest: 'REST_GRANT' });
    expect(await tries(client, 'e', id)).toBe('');
  });
});

describe('another configuration file', () => {
  test('takes effect on SIGHUP: what it no longer grants is gone, what it denies holds', async () => {
    const config = join(folder, 'reloaded.yaml');
    const write = (rule: string): void => writeFileSync(config, `grants:\n  ${idOf('reloaded')}: ${rule}\n`);
    write('{grant: [SystemTime, SystemRandom]}');
    const reloading = await ServerProcess.start({ dataDir: join(folder, 'reloading'), flags: ['--config', config] });
    const caller = reloading.connect();
    await caller.installPlugin(await packGrants({ name: 'reloaded', asks: ['SystemTime', 'SystemRandom'] }));
    await caller.activatePlugin('reloaded');
    expect(await tries(caller, 'm')).toBe('moves');
    write('{deny: [SystemTime], grant: [SystemRandom]}');
    reloading.child.kill('SIGHUP');
    await reloading.logged(({ msg }) => msg === 'settings have changed');
    // Its instances start afresh meanwhile, and nobody is registered for a moment.
    await expect.poll(() => tries(caller, 'm').catch(() => 'nobody')).toBe('stands');
    caller.close();
    await reloading.stop();
    const told = linesOf(join(reloading.dataDir, 'audit')).filter(({ plugin }) => plugin?.name === 'reloaded');
    const before = { granted: '"SystemTime" "SystemRandom"', denied: '', effective: '"SystemTime" "SystemRandom"' };
    const after = { granted: '"SystemRandom"', denied: '"SystemTime"', effective: '"SystemRandom"' };
    expect(told.at(-2)).toMatchObject({ event: 'plugin.load', details: before });
    expect(told.at(-1)).toMatchObject({ event: 'grants.change', actor: 'configuration', details: after });
  });
});

describe('SetPluginGrants', () => {
  test('takes effect on a plugin that runs, and is there after a restart of its instances', async () => {
    const id = await running('changed', ['SystemTime', { SystemEnv: 'OTHER' }], { rest: 'REST_DENY' });
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['stands', '']);
    const granted = await client.setPluginGrants('changed', { grant: [TIME] });
    expect(granted).toMatchObject({ plugin: { id }, permissions: { effective: [TIME], denied: [variable('OTHER')] } });
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['moves', '']);
    await client.setPluginGrants('changed', { grant: [variable('OTHER')], deny: [TIME] });
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['stands', 'OTHER=another;']);
    await client.deactivatePlugin('changed');
    await client.activatePlugin('changed');
    expect([await tries(client, 'm', id), await tries(client, 'e', id)]).toEqual(['stands', 'OTHER=another;']);
  });

  test('starts a stateful plugin afresh where what it may do changes, and else leaves it alone', async () => {
    const requirements = { required_permissions: ['SystemTime'] };
    const bytes = await packPuppet({ name: 'counting', requirements });
    await client.installPlugin(bytes, { decisions: { rest: 'REST_GRANT' } });
    await client.activatePlugin('counting');
    const count = () => tries(client, 'c', idOf('counting'));
    expect(await count()).toBe('1');
    await client.setPluginGrants('counting', { deny: [RANDOM] });
    await client.setPluginGrants('counting', { grant: [TIME] });
    expect(await count()).toBe('2');
    await client.setPluginGrants('counting', { deny: [TIME] });
    expect(await count()).toBe('1');
  });
});

describe('a second start', () => {
  test('has the decisions as they were', async () => {
    const dataDir = join(folder, 'second');
    const first = await ServerProcess.start({ dataDir });
    const installer = first.connect();
    const bytes = await packGrants({ name: 'kept', asks: ['SystemTime', 'SystemRandom'] });
    await installer.installPlugin(bytes, { decisions: { grant: [TIME], deny: [RANDOM] } });
    await installer.activatePlugin('kept');
    installer.close();
    await first.stop();
    const second = await ServerProcess.start({ dataDir });
    const caller = second.connect();
    expect(await tries(caller, 'm')).toBe('moves');
    const { permissions } = await caller.getPluginPermissions('kept');
    expect(permissions).toMatchObject({ granted: [TIME], denied: [RANDOM], effective: [TIME], undecided: [] });
    caller.close();
    await second.stop();
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { brokenPuppet, puppetNeeding } from '../harness/dependent-puppets.js';
import { refusalOf } from '../harness/refusal.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;
let folder: string;

const dataDir = (): string => join(folder, 'data');

async function start(): Promise<void> {
  server = await ServerProcess.start({ dataDir: dataDir() });
  client = server.connect(60_000);
}

async function restart(): Promise<void> {
  client.close();
  expect(await server.stop()).toBe(0);
  await start();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-data-'));
  await start();
});
afterEach(async () => {
  client.close();
  await server.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** `install('app 1.0.0', 'lib ^1.0.0')` */
async function install(ref: string, ...needed: readonly string[]): Promise<void> {
  await client.installPlugin(await puppetNeeding(ref, ...needed));
}

async function installDiamond(): Promise<void> {
  await install('bottom 1.0.0');
  await install('left 1.0.0', 'bottom ^1.0.0');
  await install('right 1.0.0', 'bottom ^1.0.0');
  await install('top 1.0.0', 'right ^1.0.0', 'left ^1.0.0');
}

async function active(): Promise<string[]> {
  const { plugins } = await client.listPlugins();
  return plugins.filter(({ state }) => state === 'ACTIVE').map(({ ref }) => ref?.name ?? '');
}

/** Which plugins the log says something of, in order, up to the line about the last one. */
async function told(what: string, last: string): Promise<unknown[]> {
  await server.logged(({ msg, plugin }) => msg === `plugin ${what}` && plugin === last);
  return server.log.filter(({ msg }) => msg === `plugin ${what}`).map(({ plugin }) => plugin);
}

/** Which plugins the audit log says something of, in order. What changes them is there before it happens. */
function audited(event: string): (string | undefined)[] {
  const lines = readFileSync(join(dataDir(), 'audit', '000001.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  return lines
    .map((line) => JSON.parse(line) as { event: string; plugin?: { name: string } })
    .filter((line) => line.event === event)
    .map(({ plugin }) => plugin?.name);
}

describe('an installation', () => {
  test('comes after that of what the plugin needs', async () => {
    const missing = await refusalOf(install('app 1.0.0', 'lib ^1.0.0'));
    expect(missing).toMatchObject({ code: 'FAILED_PRECONDITION', reason: 'DEPENDENCY_MISSING' });
    expect(missing.message).toContain(`app 1.0.0 needs the plugin ${idOf('lib')} ^1.0.0, which is not installed`);
    expect((await client.listPlugins()).plugins).toEqual([]);
    await install('lib 1.2.0');
    await install('app 1.0.0', 'lib ^1.0.0', 'extra ^1.0.0 optional');
    expect((await client.getPlugin('app')).plugin?.dependencies).toEqual([
      { pluginId: idOf('lib'), versionRange: '^1.0.0', optional: false, installedVersion: '1.2.0' },
      { pluginId: idOf('extra'), versionRange: '^1.0.0', optional: true, installedVersion: '' },
    ]);
  });

  test('is refused where what the plugin needs has another version, or is short of something itself', async () => {
    await install('lib 1.4.0');
    const conflict = await refusalOf(install('app 1.0.0', 'lib ^2.0.0'));
    expect(conflict.reason).toBe('DEPENDENCY_CONFLICT');
    expect(conflict.message).toContain('app 1.0.0 needs lib ^2.0.0, found lib 1.4.0');
    expect(conflict.details).toMatchObject({ dependency: idOf('lib'), found: '1.4.0', range: '^2.0.0' });
    await install('app 1.0.0', 'lib ^1.0.0');
    await client.uninstallPlugin('lib', { force: true });
    expect((await refusalOf(install('top 1.0.0', 'app *'))).message).toContain('app 1.0.0 is needed by top 1.0.0');
  });

  test('that would close a circle is refused', async () => {
    await install('a 1.0.0');
    await install('b 1.0.0', 'a ^1.0.0');
    const circle = await refusalOf(install('a 1.1.0', 'b ^1.0.0'));
    expect(circle.reason).toBe('DEPENDENCY_CYCLE');
    expect(circle.message).toContain('a 1.1.0 -> b 1.0.0 -> a 1.1.0');
    expect((await client.getPlugin('a')).plugin?.ref?.version).toBe('1.0.0');
    expect((await refusalOf(install('c 1.0.0', 'c *'))).reason).toBe('DEPENDENCY_CYCLE');
  });

  test('of another version is refused where an installed plugin would be left without', async () => {
    await install('lib 1.4.0');
    await install('app 1.0.0', 'lib ^1.4.0');
    await install('top 1.0.0', 'app *');
    for (const version of ['2.0.0', '1.3.9', '1.5.0-beta.1']) {
      const refused = await refusalOf(install(`lib ${version}`));
      expect(refused.reason).toBe('DEPENDENCY_CONFLICT');
      expect(refused.message).toContain(
        `app 1.0.0 needs lib ^1.4.0, found lib ${version} in the place of 1.4.0; app 1.0.0 is needed by top 1.0.0`,
      );
    }
    await install('lib 1.5.0');
    expect((await client.getPlugin('app')).plugin?.dependencies[0]?.installedVersion).toBe('1.5.0');
  });
});

describe('activation', () => {
  test('puts what is needed into service first, in order, and leaves what is there', async () => {
    await installDiamond();
    await client.activatePlugin('bottom');
    const { plugin, activatedFirst } = await client.activatePlugin('top');
    expect(plugin?.state).toBe('ACTIVE');
    expect(activatedFirst.map(({ name }) => name)).toEqual(['right', 'left']);
    expect(await told('activated', 'top')).toEqual(['bottom', 'right', 'left', 'top']);
    expect(await active()).toEqual(['bottom', 'left', 'right', 'top']);
    expect(audited('plugin.activate')).toEqual(['bottom', 'right', 'left', 'top']);
  });

  test('takes out again what it has started when one fails, and says which', async () => {
    await install('good 1.0.0');
    await client.installPlugin(await brokenPuppet('bad 1.0.0'));
    await install('middle 1.0.0', 'good *', 'bad *');
    await install('top 1.0.0', 'middle *');
    const failed = await refusalOf(client.activatePlugin('top'));
    expect(failed.reason).toBe('PLUGIN_LOAD_FAILED');
    expect(failed.message).toContain('top 1.0.0 -> middle 1.0.0 -> bad 1.0.0: ');
    expect(failed.details).toMatchObject({ failed: idOf('bad') });
    expect(await active()).toEqual([]);
    expect(audited('plugin.activate')).toEqual(['good', 'bad']);
    expect(audited('plugin.deactivate')).toEqual(['good']);
    await client.activatePlugin('good');
    await refusalOf(client.activatePlugin('top'));
    expect(await told('activated', 'good')).toEqual(['good']);
    expect(await active()).toEqual(['good']);
  });

  test('resolves anew: what was removed by force is missing, and shows in the chain', async () => {
    await installDiamond();
    await client.uninstallPlugin('bottom', { force: true });
    const missing = await refusalOf(client.activatePlugin('top'));
    expect(missing.reason).toBe('DEPENDENCY_MISSING');
    expect(missing.message).toContain('right 1.0.0 is needed by top 1.0.0');
    expect(await active()).toEqual([]);
  });

  test('leaves an optional dependency at rest, and lets it go', async () => {
    await install('extra 1.0.0');
    await install('app 1.0.0', 'extra * optional');
    expect((await client.activatePlugin('app')).activatedFirst).toEqual([]);
    await client.activatePlugin('extra');
    await client.deactivatePlugin('extra');
    await client.uninstallPlugin('extra');
    expect(await active()).toEqual(['app']);
  });
});

describe('what is needed', () => {
  test('stays in service, or by force goes last', async () => {
    await installDiamond();
    await client.activatePlugin('top');
    const inUse = await refusalOf(client.deactivatePlugin('bottom'));
    expect(inUse.reason).toBe('PLUGIN_IN_USE');
    expect(inUse.message).toContain(
      'bottom 1.0.0 is in use: active plugins need it: top 1.0.0, left 1.0.0, right 1.0.0',
    );
    expect(await active()).toHaveLength(4);
    const { plugin, deactivatedFirst } = await client.deactivatePlugin('bottom', { force: true });
    expect(plugin?.state).toBe('INSTALLED');
    expect(deactivatedFirst.map(({ name }) => name)).toEqual(['top', 'left', 'right']);
    expect(await told('deactivated', 'bottom')).toEqual(['top', 'left', 'right', 'bottom']);
    expect(await active()).toEqual([]);
    await restart();
    expect(await active()).toEqual([]);
  });

  test('goes by itself once nobody active needs it', async () => {
    await installDiamond();
    await client.activatePlugin('left');
    expect((await refusalOf(client.deactivatePlugin('bottom'))).message).toContain('need it: left 1.0.0');
    await client.deactivatePlugin('left');
    expect((await client.deactivatePlugin('bottom')).deactivatedFirst).toEqual([]);
  });

  test('stays installed, or by force goes with its dependents out of service', async () => {
    await installDiamond();
    const inUse = await refusalOf(client.uninstallPlugin('bottom'));
    expect(inUse.reason).toBe('PLUGIN_IN_USE');
    expect(inUse.message).toContain('installed plugins need it: left 1.0.0, right 1.0.0');
    await client.activatePlugin('top');
    expect((await refusalOf(client.uninstallPlugin('top'))).reason).toBe('PLUGIN_ACTIVE');
    await client.uninstallPlugin('bottom', { force: true });
    expect(await active()).toEqual([]);
    expect((await client.listPlugins()).plugins.map(({ ref }) => ref?.name)).toEqual(['left', 'right', 'top']);
    for (const name of ['top', 'left', 'right']) await client.uninstallPlugin(name);
  });
});

describe('a restart', () => {
  test('stops dependents first, and brings all back in order', async () => {
    await installDiamond();
    await client.activatePlugin('top');
    const first = server;
    await restart();
    const stopped = first.log.filter(({ msg }) => msg === 'plugin stopped').map(({ plugin }) => plugin);
    expect(stopped).toHaveLength(4);
    expect([stopped[0], stopped[3]]).toEqual(['top', 'bottom']);
    expect(await active()).toEqual(['bottom', 'left', 'right', 'top']);
    const back = await told('back in service', 'top');
    expect([back[0], back[3]]).toEqual(['bottom', 'top']);
    const { results } = await client.processSignal({ signal: { layer: 'L2', content: 'echo' } });
    expect(results.map(({ outcome }) => outcome)).toEqual(['OK', 'OK', 'OK', 'OK']);
  });
});

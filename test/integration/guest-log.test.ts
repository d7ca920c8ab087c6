import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packPuppet } from '../harness/puppet.js';
import { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';

let server: ServerProcess;
let client: Client;

async function install(options: Parameters<typeof packPuppet>[0]): Promise<string> {
  await client.installPlugin(await packPuppet(options));
  await client.activatePlugin(options.name);
  return idOf(options.name);
}

beforeAll(async () => {
  server = await ServerProcess.start({ flags: ['--log-level', 'debug'] });
  client = server.connect();
});

afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

describe('the log', () => {
  test("carries a guest's lines with plugin, version, request and trace", async () => {
    const pluginId = await install({ name: 'talkative' });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await client.processSignal(
      { signal: { layer: 'L2', content: 'log this' }, pluginId, requestId: 'logged' },
      { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    );
    const line = await server.logged(({ source, msg }) => source === 'guest' && msg === 'log this');
    expect(line).toMatchObject({ level: 'info', plugin: 'talkative', version: '1.0.0', requestId: 'logged', traceId });
  });
});

describe("the server's log", () => {
  test('says why an instance was ended, and for which request', async () => {
    const pluginId = await install({ name: 'ended' });
    await client.processSignal({ signal: { layer: 'L2', content: 'trap' }, pluginId, requestId: 'fatal' });
    const line = await server.logged(({ msg }) => msg === 'an instance was ended');
    expect(line).toMatchObject({ plugin: 'ended', pluginId, version: '1.0.0', reason: 'trap', requestId: 'fatal' });
    expect(line['detail']).toContain('unreachable');
  });

  test('says what became of plugins', async () => {
    await install({ name: 'followed' });
    await client.deactivatePlugin('followed');
    await client.uninstallPlugin('followed');
    for (const what of ['installed', 'activated', 'deactivated', 'uninstalled']) {
      await server.logged(({ msg, plugin }) => msg === `plugin ${what}` && plugin === 'followed');
    }
  });
});

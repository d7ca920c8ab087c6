import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { readPackage } from '../../src/package/read.js';
import { ServerProcess, type ServerProcessOptions } from '../harness/server-process.js';
import { packWat, type WatPluginOptions } from '../harness/wat-plugin.js';

const WAT = readFileSync('test/guests/asset-reader.wat', 'utf8');
const README = '# Reader\n\n\u001b[2J\u001b]0;title\u0007and \u202eback\r\n\tindented';

const servers: ServerProcess[] = [];
const folder = mkdtempSync(join(tmpdir(), 'hal9-files-'));

async function start(options: ServerProcessOptions = {}): Promise<{ server: ServerProcess; client: Client }> {
  const server = await ServerProcess.start(options);
  servers.push(server);
  return { server, client: server.connect() };
}

function reader(options: Partial<WatPluginOptions> = {}): Promise<Uint8Array> {
  return packWat({ name: 'reader', wat: WAT, assets: { 'answer.json': '{"from":"asset"}' }, ...options });
}

async function ask(client: Client): Promise<string | undefined> {
  return (await client.invokeTool({ tool: 'attack' })).result?.value;
}

async function hal9(server: ServerProcess, ...args: string[]): Promise<string> {
  const run = promisify(execFile);
  return (await run(process.execPath, ['dist/src/cli/hal9.js', 'plugin', ...args, '--server', server.grpc])).stdout;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop('SIGKILL');
});

describe('assets', () => {
  test('are read by the guest, after a restart and an upgrade too', async () => {
    const dataDir = join(folder, 'restart');
    const first = await start({ dataDir });
    await first.client.installPlugin(await reader());
    await first.client.activatePlugin('reader');
    expect(await ask(first.client)).toBe('{"from":"asset"}');
    await first.server.stop('SIGKILL');

    const second = await start({ dataDir });
    expect(await ask(second.client)).toBe('{"from":"asset"}');
    await second.client.deactivatePlugin('reader');
    await second.client.installPlugin(await reader({ version: '1.0.1', assets: { 'answer.json': '"upgraded"' } }));
    await second.client.activatePlugin('reader');
    expect(await ask(second.client)).toBe('"upgraded"');
  });

  test('are not there for a plugin that has none', async () => {
    const { client } = await start();
    await client.installPlugin(await reader({ assets: {} }));
    await client.activatePlugin('reader');
    expect(await ask(client)).toBe('0');
  });

  test('count as memory for as long as the plugin is active', async () => {
    // Of 190 MiB a fifth is nobody's, and 128 are the main thread's: 24 are left.
    const { client } = await start({ flags: ['--memory-limit-mb', '190', '--spare-workers', '0'] });
    const noise = randomBytes(8 * 2 ** 20);
    for (const name of ['reader', 'second']) {
      const assets = { 'answer.json': '1', noise };
      await client.installPlugin(await reader({ name, assets, requirements: { max_memory_mb: 2 } }));
    }
    await client.activatePlugin('reader');
    await expect(client.activatePlugin('second')).rejects.toMatchObject({ reason: 'CAPACITY' });
    await client.deactivatePlugin('reader');
    await client.activatePlugin('second');
  });

  test('come with a development directory', async () => {
    const directory = mkdtempSync(join(folder, 'dev-'));
    const { files } = await readPackage(await reader({ readme: README }));
    mkdirSync(join(directory, 'assets'));
    for (const [path, content] of files) writeFileSync(join(directory, path), content);
    const { client } = await start({ flags: ['--dev-dir', directory] });
    expect(await ask(client)).toBe('{"from":"asset"}');
    expect(Buffer.from(await client.getPluginFile('reader', 'README.md')).toString()).toBe(README);
  });
});

describe('hal9', () => {
  test('plugin info lists the files, and prints a README that cannot steer a terminal', async () => {
    const { server, client } = await start();
    await client.installPlugin(await reader({ readme: README }));
    const info = await hal9(server, 'info', 'reader');
    expect(info).toMatch(/^file +readme README.md \(\d+ B\)$/m);
    expect(info).toMatch(/^file +asset assets\/answer.json \(16 B, read as \/assets\/answer.json\)$/m);
    const readme = await hal9(server, 'info', 'reader', '--readme');
    expect(readme).toBe('# Reader\n\n\\u001b[2J\\u001b]0;title\\u0007and \\u202eback\n\tindented\n');
  });

  test('plugin file gives the bytes to a pipe or a file', async () => {
    const { server, client } = await start();
    await client.installPlugin(await reader({ readme: README }));
    expect(await hal9(server, 'file', 'reader', 'README.md')).toBe(README);
    const out = join(folder, 'out.json');
    expect(await hal9(server, 'file', 'reader', 'assets/answer.json', '--out', out)).toContain('wrote');
    expect(readFileSync(out, 'utf8')).toBe('{"from":"asset"}');
    const json = await hal9(server, 'file', 'reader', 'README.md', '--json');
    expect(JSON.parse(json)).toEqual({
      path: 'README.md',
      sizeBytes: String(Buffer.byteLength(README)),
      chunk: Buffer.from(README).toString('base64'),
    });
  });

  test('plugin file refuses what is no file to show', async () => {
    const { server, client } = await start();
    await client.installPlugin(await reader());
    await expect(hal9(server, 'file', 'reader', '../README.md')).rejects.toMatchObject({ code: 6 });
    for (const path of ['manifest.json', 'plugin.wasm', '../README.md', '/etc/passwd', '']) {
      await expect(client.getPluginFile('reader', path)).rejects.toMatchObject({ reason: 'FILE_NOT_FOUND' });
    }
    await expect(client.getPluginFile('nobody', 'README.md')).rejects.toMatchObject({ reason: 'PLUGIN_NOT_FOUND' });
  });
});

process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

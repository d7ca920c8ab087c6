import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallSettings, Client } from '../../src/client/client.js';
import { packBytes } from '../../src/package/pack.js';
import { readFiles } from '../../src/package/read.js';
import { readEntries } from '../../src/package/zip-entries.js';
import { zipFiles } from '../../src/package/zip-write.js';
import { LocalWeb } from '../harness/local-web.js';
import { ServerProcess } from '../harness/server-process.js';

const DIRECTORY = 'examples/web-scraper';

const POND = `<!doctype html><title>The pond</title><base href="/docs/">
<h2>Heron</h2><h2>Frog</h2><a href="heron.html">more</a><img src="frog.png" alt="a frog">
<p>Ask <a href="mailto:ada@example.com">ada@example.com</a></p>`;

const PAGES: Readonly<Record<string, { type?: string; body: string | Buffer }>> = {
  '/pond': { type: 'text/html; charset=utf-8', body: POND },
  // Says UTF-8, and is not.
  '/liar': { type: 'text/html; charset=utf-8', body: Buffer.from('<h2>caf\xe9</h2>', 'latin1') },
  '/cyrillic': {
    type: 'text/html',
    body: Buffer.concat([Buffer.from('<meta charset=windows-1251><h2>'), Buffer.from([0xcf, 0xf0, 0xf3, 0xe4])]),
  },
  '/nonsense': { type: 'text/html; charset=x-none', body: '<h2>é</h2>' },
  '/large': { type: 'text/html', body: `<h2>first</h2>${'<p>filler of a page</p>'.repeat(150_000)}<h2>last</h2>` },
  '/deep': { type: 'text/html', body: `${'<div>'.repeat(2_000)}<h2>bottom</h2>` },
};

let server: ServerProcess;
let client: Client;
let web: LocalWeb;
let here = '';

beforeAll(async () => {
  web = await LocalWeb.start((request, response) => {
    const path = request.url ?? '';
    const page = PAGES[path];
    if (page !== undefined)
      response.writeHead(200, page.type === undefined ? {} : { 'content-type': page.type }).end(page.body);
    else if (path === '/moved') response.writeHead(301, { location: '/pond' }).end();
    else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (path === '/away') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    // The slow one begins, and never ends.
    else if (path === '/slow') response.writeHead(200, { 'content-type': 'text/html' }).write('<h2>begun');
    else response.writeHead(404, { 'content-type': 'text/html' }).end('<h2>Not here</h2>');
  });
  here = web.url;
  server = await ServerProcess.start();
  client = server.connect(60_000);
  await client.installPlugin(await askingFor([web.permission]), { decisions: { rest: 'REST_GRANT' } });
  await client.activatePlugin('web-scraper');
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
  web.stop();
});

/** The example, with other permissions: it asks for the standard ports, which a test cannot have. */
async function askingFor(permissions: readonly object[]): Promise<Uint8Array> {
  const { bytes } = await packBytes({ directory: DIRECTORY, wasmPath: `${DIRECTORY}/web-scraper.wasm` });
  const files = await readFiles(
    bytes,
    (await readEntries(bytes)).map(({ path }) => path),
  );
  const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json'))) as {
    metadata: { requirements: { required_permissions: readonly object[] } };
  };
  manifest.metadata.requirements.required_permissions = permissions;
  return zipFiles(files.set('manifest.json', new TextEncoder().encode(JSON.stringify(manifest))));
}

async function invoke(tool: string, parameters: object, settings: CallSettings = {}): Promise<Record<string, unknown>> {
  const { result } = await client.invokeTool({ tool, parameters: JSON.stringify(parameters) }, settings);
  if (result?.outcome !== 'OK') throw new Error(`${result?.outcome} ${result?.error?.code}: ${result?.error?.message}`);
  return JSON.parse(result.value) as Record<string, unknown>;
}

const headings = (path: string): Promise<Record<string, unknown>> =>
  invoke('scrape_url', { url: `${here}${path}`, selector: 'h2' });

describe('the web scraper', () => {
  test('takes out what the selector finds, links and images', async () => {
    const all = { url: `${here}/pond`, selector: 'h2', extract_links: true, extract_images: true };
    expect(await invoke('scrape_url', all)).toEqual({
      url: `${here}/pond`,
      status: 200,
      title: 'The pond',
      matches: ['Heron', 'Frog'],
      links: [{ url: `${here}/docs/heron.html`, text: 'more' }],
      images: [{ url: `${here}/docs/frog.png`, alt: 'a frog' }],
      cut: false,
    });
    expect(await headings('/missing')).toMatchObject({ status: 404, matches: ['Not here'] });
    expect(await invoke('extract_emails', { text: POND })).toEqual({ emails: ['ada@example.com'] });
  });

  test('follows redirects to where it may go, and no further', async () => {
    expect(await headings('/moved')).toMatchObject({ url: `${here}/pond`, matches: ['Heron', 'Frog'] });
    await expect(headings('/loop')).rejects.toThrow('NETWORK_ERROR: ');
    await expect(headings('/away')).rejects.toThrow(/PERMISSION_DENIED: .*169\.254\.169\.254/);
    const denied = invoke('scrape_url', { url: 'http://example.com/' });
    await expect(denied).rejects.toThrow(/PERMISSION_DENIED: .*example\.com/);
  });

  test('reads pages in the encoding that they are written in', async () => {
    expect(await headings('/liar')).toMatchObject({ matches: ['caf\ufffd'] });
    expect(await headings('/cyrillic')).toMatchObject({ matches: ['Пруд'] });
    expect(await headings('/nonsense')).toMatchObject({ matches: ['é'] });
  });

  test('reads the beginning of a page that is too large, and says so', async () => {
    expect(await headings('/large')).toMatchObject({ matches: ['first'], cut: true });
  });

  test('survives a page that is as deep as no author writes', async () => {
    expect(await headings('/deep')).toMatchObject({ matches: ['bottom'] });
  });

  test('gives up a slow server when its caller does, or by its own setting', async () => {
    const slow = { url: `${here}/slow` };
    await expect(invoke('scrape_url', slow, { timeoutMs: 500 })).rejects.toThrow(/deadline/i);
    await client.deactivatePlugin('web-scraper');
    await client.activatePlugin('web-scraper', '{"timeout_ms": 500}');
    await expect(invoke('scrape_url', slow)).rejects.toThrow('PLUGIN_ERROR TIMEOUT: ');
    await client.deactivatePlugin('web-scraper');
    await client.activatePlugin('web-scraper');
    expect(await headings('/pond')).toMatchObject({ status: 200 });
  });

  test('says what is no selector', async () => {
    await expect(invoke('scrape_url', { url: `${here}/pond`, selector: 'h2[' })).rejects.toThrow(
      'INVALID_INPUT: selector: expected CSS',
    );
  });
});

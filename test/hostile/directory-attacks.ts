import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { readPackage } from '../../src/package/read.js';
import { packPuppet } from '../harness/puppet.js';
import type { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

const NAME = 'borrowed';
const SECRET = 'what lies beside the directory';

/** A directory of a stranger that an operator installs as it is, with a file of the operator's beside it. */
interface Places {
  directory: string;
  outside: string;
}

const DIRECTORIES: readonly { title: string; readme: string; make?: (places: Places) => void }[] = [
  {
    title: 'link-to-a-file-outside',
    readme: 'README.md',
    make: ({ directory, outside }) => symlinkSync(join(outside, 'secret.md'), join(directory, 'README.md')),
  },
  {
    title: 'link-on-the-way',
    readme: 'docs/secret.md',
    make: ({ directory, outside }) => symlinkSync(outside, join(directory, 'docs')),
  },
  { title: 'path-out-of-it', readme: '../outside/secret.md' },
];

/** The command refuses the directory, and the server gets nothing of what is not in it. */
async function install(
  server: ServerProcess,
  readme: string,
  make: (places: Places) => void,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'hal9-directory-'));
  const places = { directory: join(folder, 'plugin'), outside: join(folder, 'outside') };
  const client = server.connect();
  try {
    for (const place of Object.values(places)) mkdirSync(place);
    writeFileSync(join(places.outside, 'secret.md'), SECRET);
    const { files } = await readPackage(await packPuppet({ name: NAME, tool: NAME }));
    for (const [path, bytes] of files) writeFileSync(join(places.directory, path), bytes);
    const manifest = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString()) as { files: object };
    const named = { ...manifest, files: { ...manifest.files, readme } };
    writeFileSync(join(places.directory, 'manifest.json'), JSON.stringify(named));
    make(places);
    const command = [join(server.dist, 'src/cli/hal9.js'), 'plugin', 'install', places.directory];
    const { stdout } = await promisify(execFile)(process.execPath, [...command, '--server', server.grpc]).catch(
      (error: unknown) => error as { stdout: string },
    );
    const taken = (await client.listPlugins()).plugins.some(({ ref }) => ref?.name === NAME);
    if (!taken && stdout === '') return await peekInto(server.dist, places.directory);
    const told = Buffer.from(await client.getPluginFile(NAME, readme)).toString();
    await client.uninstallPlugin(idOf(NAME));
    return `the server was given ${JSON.stringify(told)}`;
  } finally {
    client.close();
    rmSync(folder, { recursive: true });
  }
}

/** What the command packs is what the directory's reader has read: it, too, must have stopped. */
async function peekInto(dist: string, directory: string): Promise<string | undefined> {
  const reader = pathToFileURL(resolve(dist, 'src/package/directory.js')).href;
  const { readDirectory } = (await import(reader)) as typeof import('../../src/package/directory.js');
  const files = await readDirectory(directory).then(
    (contents) => [...contents.files],
    () => [],
  );
  const [path] = files.find(([, bytes]) => Buffer.from(bytes).includes(SECRET)) ?? [];
  return path === undefined ? undefined : `what lies beside the directory was read as ${path}`;
}

export const directoryAttacks: readonly Attack[] = DIRECTORIES.map(({ title, readme, make = () => undefined }) => ({
  id: `directory/${title}`,
  defence: title.startsWith('link') ? 'package-links' : 'package-paths',
  run: (server) => install(server, readme, make),
}));

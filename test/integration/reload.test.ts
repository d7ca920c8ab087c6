import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashOfToken, newToken } from '../../src/access/token.js';
import { connect } from '../../src/client/client.js';
import { type LogEntry, ServerProcess } from '../harness/server-process.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-reload-'));
const [config, access] = [join(directory, 'hal9.yaml'), join(directory, 'access.yaml')];
const [early, late] = [newToken(), newToken()];
let server: ServerProcess;

const accessOf = (token: string): string =>
  `tokens: [{ name: one, sha256: ${hashOfToken(token).toString('hex')}, roles: [observe] }]\n`;

beforeAll(async () => {
  writeFileSync(config, `log_level: info\nqueue_length: 7\nmax_threads: 20\naccess_file: ${access}\n`);
  writeFileSync(access, accessOf(early));
  server = await ServerProcess.start({ flags: ['--config', config], dataDir: join(directory, 'data') });
});
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** Sends SIGHUP, and gives the lines of the log up to the first one that fits. */
async function reload(fits: (entry: LogEntry) => boolean): Promise<LogEntry> {
  server.log.length = 0;
  server.child.kill('SIGHUP');
  return server.logged(fits);
}

async function knows(token: string): Promise<boolean> {
  const client = connect(server.grpc, { token, timeoutMs: 10_000 });
  const answered = client.listPlugins().then(
    () => true,
    () => false,
  );
  return answered.finally(() => client.close());
}

/** Details of the events about the configuration, oldest first. */
function audited(): unknown[] {
  const lines = readFileSync(join(directory, 'data/audit/000001.jsonl'), 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { event: string; details: unknown });
  return events.filter(({ event }) => event === 'config.change').map(({ details }) => details);
}

describe('SIGHUP', () => {
  test('takes on what may change, and names what needs a restart', async () => {
    writeFileSync(config, `log_level: debug\nqueue_length: 8\nmax_threads: 21\naccess_file: ${access}\n`);
    const changed = await reload(({ msg }) => msg === 'settings have changed');
    expect(changed).toMatchObject({ settings: ['log_level', 'queue_length'] });
    const waiting = await server.logged(({ msg }) => msg.includes('need a restart'));
    expect(waiting).toMatchObject({ level: 'warn', settings: ['max_threads'] });
    expect(audited()).toEqual([{ of: 'configuration', changed: 'log_level, queue_length' }]);
    // The level has changed: a refusal is logged at debug.
    await knows('nobody');
    expect(await server.logged(({ level }) => level === 'debug')).toMatchObject({ reason: 'UNAUTHENTICATED' });
  });

  test('puts another access file in force', async () => {
    expect([await knows(early), await knows(late)]).toEqual([true, false]);
    writeFileSync(access, accessOf(late));
    await reload(({ msg }) => msg === 'another access file is in force');
    expect([await knows(early), await knows(late)]).toEqual([false, true]);
    expect(audited().at(-1)).toMatchObject({ of: 'access_file', tokens: '1', certificates: '0' });
  });

  test('changes nothing by a broken file, and says so; the other file is read all the same', async () => {
    writeFileSync(config, 'log_level: loud\nqeue_length: 3\n');
    writeFileSync(access, accessOf(early));
    await reload(({ msg }) => msg === 'another access file is in force');
    const broken = await server.logged(({ level }) => level === 'error');
    expect(broken).toMatchObject({ of: 'configuration', detail: expect.stringContaining('qeue_length') });
    expect(broken['detail']).toContain('log_level in the configuration file');
    expect(await knows(early)).toBe(true);

    writeFileSync(access, 'tokens: [{}]');
    const refused = await reload(({ of, level }) => level === 'error' && of === 'access_file');
    expect(refused['detail']).toContain('tokens[0].name');
    expect(await knows(early)).toBe(true);
    expect(audited()).toContainEqual({ of: 'configuration', refused: 'CONFIG_INVALID' });
    await expect.poll(() => audited().at(-1)).toEqual({ of: 'access_file', refused: 'CONFIG_INVALID' });
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packBytes } from '../../src/package/pack.js';
import { ServerProcess } from '../harness/server-process.js';
import { hal9, type Ran } from '../unit/cli/command.js';

const DIRECTORY = 'examples/notes';

let server: ServerProcess;
let client: Client;

beforeAll(async () => {
  server = await ServerProcess.start();
  client = server.connect();
  const { bytes } = await packBytes({ directory: DIRECTORY, wasmPath: `${DIRECTORY}/notes.wasm` });
  await client.installPlugin(bytes, { decisions: { rest: 'REST_GRANT' } });
  await client.activatePlugin('notes');
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

const against = (...args: string[]): Promise<Ran> => hal9(args, { env: { HAL9_SERVER: server.grpc } });

async function invoke(tool: string, parameters: object): Promise<Record<string, unknown>> {
  const { result } = await client.invokeTool({ tool, parameters: JSON.stringify(parameters) });
  if (result?.outcome !== 'OK') throw new Error(`${result?.error?.code}: ${result?.error?.message}`);
  return JSON.parse(result.value) as Record<string, unknown>;
}

async function add(title: string, text: string, shared = false): Promise<string> {
  return (await invoke('add_note', { title, text, shared }))['id'] as string;
}

describe('the notes plugin', () => {
  test('keeps notes, finds them by their words, and forgets them', async () => {
    const heron = await add('Heron', 'Stands in the pond and waits for frogs.');
    const pond = await add('Pond', 'Pond, frogs, frogs and a heron.');
    expect(await invoke('get_note', { id: heron })).toMatchObject({ id: heron, title: 'Heron' });
    expect(await invoke('search_notes', { query: 'FROGS' })).toMatchObject({ notes: [{ id: pond }, { id: heron }] });
    expect(await invoke('search_notes', { query: 'waits frogs' })).toMatchObject({ notes: [{ id: heron }] });
    expect(await invoke('list_notes', {})).toMatchObject({ notes: [{ id: heron }, { id: pond }] });
    expect(await invoke('delete_note', { id: pond })).toEqual({ deleted: true });
    expect(await invoke('search_notes', { query: 'frogs' })).toMatchObject({ notes: [{ id: heron }] });
    await expect(invoke('get_note', { id: pond })).rejects.toThrow('INVALID_INPUT: there is no note');
  });

  test('has notes that are shared beside its own', async () => {
    const id = await add('Ours', 'otters', true);
    expect(await invoke('search_notes', { query: 'otters' })).toEqual({ notes: [] });
    expect(await invoke('search_notes', { query: 'otters', shared: true })).toMatchObject({ notes: [{ id }] });
    expect((await client.memory.keys({ memory: 'shared:notes' })).keys).toMatchObject([{ key: `note/${id}` }]);
  });

  test('runs without a server, in a memory of its own', async () => {
    const call = ['--tool', 'add_note', '--params', 'title=Alone'];
    const { status, json } = await hal9(['plugin', 'test', DIRECTORY, ...call, '--json']);
    expect([status, json()]).toMatchObject([0, { passed: true, results: [{ outcome: 'OK' }] }]);
  });
});

describe('hal9 memory', () => {
  test('shows memories, keys, a value, and all of it', async () => {
    const id = await add('Seen', 'by the operator\u001b[2J');
    const all = await against('memory', 'ls');
    expect(all.stdout).toMatch(/^plugin:6f1d7a52-\S+ +notes +\d+ of 10000 +[\d.]+ \w+ of 16\.0 MiB$/m);
    const keys = await against('memory', 'ls', 'notes', '--prefix', 'note/');
    expect(keys.stdout).toContain(`note/${id}`);
    const limited = await against('memory', 'ls', 'notes', '--limit', '1', '--json');
    expect(limited.json()).toMatchObject({ keys: [{ key: expect.stringMatching(/^note\//) }], more: true });
    const value = await against('memory', 'get', 'notes', `note/${id}`);
    expect(JSON.parse(value.stdout)).toMatchObject({ title: 'Seen' });
    const lines = (await against('memory', 'export', 'notes')).stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toContain(`note/${id}`);
    expect(lines.join()).not.toContain('\u001b');
  });

  test('exports more than a message holds', async () => {
    for (let i = 0; i < 20; i++) await add(`large ${i}`, 'x'.repeat(90_000), true);
    const lines = (await against('memory', 'export', 'shared:notes', '--prefix', 'note/')).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(21);
    expect(new Set(lines.map((line) => (JSON.parse(line) as { key: string }).key)).size).toBe(21);
  });

  test.each([
    [['get', 'notes', 'nothing'], 6, 'ENTRY_NOT_FOUND'],
    [['get', 'nobody', 'k'], 6, 'PLUGIN_NOT_FOUND'],
    [['ls', 'shared:../x'], 4, 'REQUEST_INVALID'],
  ])('answers %j with exit status %i', async (args, expected, reason) => {
    const { status, stderr } = await against('memory', ...args);
    expect([status, stderr]).toEqual([expected, expect.stringContaining(`hal9: ${reason}: `)]);
  });
});

/**
 * Kills a server behind every named step of each change, starts another on what is left, and looks at all of it.
 * `npm test -- crash` runs this and ends with a line that says what was found.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { publicKeyBytes } from '../../src/package/signature/public-key.js';
import type { IndexEntry } from '../../src/package/store.js';
import { listAuditFiles } from '../../src/sandbox/audit/audit-files.js';
import { verifyChain } from '../../src/sandbox/audit/verify.js';
import { buildThatCrashes, CrashingServer, NEVER, type PassedStep } from '../harness/crashing-server.js';
import { sayLast } from '../harness/last-words.js';
import { packWat } from '../harness/wat-plugin.js';

const NAME = 'crashing';
/** Permissions are JSON texts. */
const TIME = '"SystemTime"';
const RANDOM = '"SystemRandom"';
const PUBLIC_KEY = publicKeyBytes(generateKeyPairSync('ed25519').publicKey);
/** Servers at a time. */
const LANES = 3;

/** A tool that answers with the plugin's major version. */
function packed(version: string): Promise<Uint8Array> {
  const wat = `(module (memory (export "memory") 17)
    (data (i32.const 16) "${version.slice(0, 1)}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
    (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32)
      (i32.store (i32.const 2052) (i32.const 16)) (i32.store (i32.const 2056) (i32.const 1))
      (i32.const 2048)))`;
  const requirements = { required_permissions: ['SystemTime', 'SystemRandom'] };
  return packWat({ name: NAME, version, wat, assets: { word: version }, readme: version, requirements });
}

/** A change: what it begins with, and what it does. */
interface Change {
  name: string;
  /** Cannot be undone: each time it begins with another data directory. */
  isForGood?: boolean;
  before(client: Client): Promise<unknown>;
  change(client: Client): Promise<unknown>;
}

const nothing = (): Promise<void> => Promise.resolve();
const install = async (client: Client, version = '1.0.0') =>
  client.installPlugin(await packed(version), { decisions: { grant: [TIME], rest: 'REST_DENY' } });
const trust = (client: Client) => client.trustKey({ name: 'publisher', publicKey: PUBLIC_KEY });
const revoke = (client: Client) => client.revokeKey('publisher');

async function configured(client: Client): Promise<void> {
  await install(client);
  await client.activatePlugin(NAME, '{"from":"before"}');
}

async function resting(client: Client): Promise<void> {
  await configured(client);
  await client.deactivatePlugin(NAME);
}

const CHANGES: readonly Change[] = [
  { name: 'install', before: nothing, change: install },
  { name: 'upgrade', before: resting, change: (client) => install(client, '2.0.0') },
  { name: 'uninstall', before: resting, change: (client) => client.uninstallPlugin(NAME) },
  { name: 'activate', before: resting, change: (client) => client.activatePlugin(NAME, '{"from":"after"}') },
  { name: 'deactivate', before: configured, change: (client) => client.deactivatePlugin(NAME) },
  {
    name: 'grant',
    before: configured,
    change: (client) => client.setPluginGrants(NAME, { grant: [RANDOM], deny: [TIME] }),
  },
  { name: 'trust', isForGood: true, before: nothing, change: trust },
  { name: 'revoke', isForGood: true, before: trust, change: revoke },
  { name: 'uninstall by force', before: configured, change: (client) => client.uninstallPlugin(NAME, { force: true }) },
];

/** All that a server says of itself, and all that is in its data directory. Times are left out. */
interface State {
  plugins: object[];
  permissions: object | null;
  keys: object[];
  answer: string;
  readme: string;
  index: object[];
  files: string[];
  audit: string;
}

let folder: string;
let crashing: string;
const tally = { points: 0, lost: 0, mixed: 0 };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hal9-crash-'));
  crashing = buildThatCrashes(join('dist', 'crashing'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  sayLast(`${tally.points} points, ${tally.lost} lost, ${tally.mixed} mixed`);
});

/** What a server that has just started says and has. */
async function stateOf(client: Client, dataDir: string): Promise<State> {
  const { plugins } = await client.listPlugins();
  const index = JSON.parse(readFileSync(join(dataDir, 'plugins.json'), 'utf8')) as { plugins: IndexEntry[] };
  const files = ['aside', 'packages', 'prepared'].flatMap((place) =>
    readdirSync(join(dataDir, place)).map((file) => `${place}/${file}`),
  );
  const chain = await verifyChain(await listAuditFiles(join(dataDir, 'audit')));
  const [plugin] = plugins;
  return {
    plugins: plugins.map((each) => ({ ...each, installedAtMs: '', instances: 0 })),
    permissions: plugin === undefined ? null : (await client.getPluginPermissions(NAME)).permissions,
    keys: (await client.listKeys()).keys.map(({ name, revokedAtMs }) => ({ name, trusted: revokedAtMs === '0' })),
    answer: plugin === undefined ? '' : await answerOf(client, plugin.state === 'ACTIVE'),
    readme: plugin === undefined ? '' : Buffer.from(await client.getPluginFile(NAME, 'README.md')).toString(),
    index: index.plugins.map((entry) => ({ ...entry, installedAtMs: 0 })),
    files: files.sort(),
    audit: chain.damage?.why ?? 'whole',
  };
}

async function answerOf(client: Client, active: boolean): Promise<string> {
  if (!active) {
    // It must not answer before it is in service, and must be able to be put there.
    const early = await client.invokeTool({ tool: 'attack' }).catch(() => undefined);
    if (early !== undefined) return 'answered while it was out of service';
    await client.activatePlugin(NAME);
  }
  return (await client.invokeTool({ tool: 'attack' })).result?.value ?? '';
}

/** One data directory, and the server on it: each start looks at what the last crash left, and makes the next one. */
class Lane {
  readonly #change: Change;
  readonly #dataDir: string;
  #server: CrashingServer;

  private constructor(change: Change, dataDir: string, server: CrashingServer) {
    this.#change = change;
    this.#dataDir = dataDir;
    this.#server = server;
  }

  static async open(change: Change): Promise<Lane> {
    const dataDir = join(mkdtempSync(join(folder, 'lane-')), 'data');
    return new Lane(change, dataDir, await CrashingServer.start(crashing, dataDir));
  }

  /** Dies behind a step of the change, starts again, and looks. */
  async crash(at: number): Promise<{ state: string; answered: boolean; steps: PassedStep[] }> {
    await this.begin();
    const server = this.#server;
    const answered = await server.dieIn(this.#change.change, at);
    return { state: await this.restart(), answered, steps: server.steps };
  }

  /** What the change begins with, from whatever there is. Modules are prepared anew: that belongs to the change. */
  async begin(): Promise<void> {
    if (this.#change.isForGood) {
      await this.#server.stop('SIGKILL');
      rmSync(this.#dataDir, { recursive: true });
      this.#server = await CrashingServer.start(crashing, this.#dataDir);
    }
    const { client } = this.#server;
    if ((await client.listPlugins()).plugins.length > 0) await client.uninstallPlugin(NAME, { force: true });
    const prepared = join(this.#dataDir, 'prepared');
    for (const file of readdirSync(prepared)) rmSync(join(prepared, file));
    await this.#change.before(client);
  }

  async restart(): Promise<string> {
    await this.#server.stop('SIGKILL');
    this.#server = await CrashingServer.start(crashing, this.#dataDir);
    return JSON.stringify(await stateOf(this.#server.client, this.#dataDir));
  }

  async close(): Promise<void> {
    await this.#server.stop('SIGKILL');
  }
}

/** Counts one crash; undefined where the old state or the new one was found, as it must be, else what was. */
function judge(found: string, states: { old: string; new: string }, answered: boolean): string | undefined {
  tally.points++;
  if (found === states.new || (found === states.old && !answered)) return undefined;
  // Lost: it was answered, or was there before, and is gone. Mixed: something of both, or what belongs to neither.
  if (found === states.old || found.includes('"plugins":[]')) tally.lost++;
  else tally.mixed++;
  return found;
}

/** What must be on the disk before what: a file before its name, a name before the index that needs it. */
function orderFaults(steps: readonly PassedStep[]): string[] {
  const faults: string[] = [];
  const position = (step: string, path: (path: string) => boolean) =>
    steps.findIndex((each) => each.step === step && path(each.path));
  const isIndex = (path: string): boolean => path.endsWith('plugins.json');
  const isPackage = (path: string): boolean => path.endsWith('.hal9');
  const indexNamed = position('renamed', isIndex);
  for (const is of [isIndex, isPackage]) {
    const named = position('renamed', is);
    if (named < 0) continue;
    if (!(position('aside-synced', is) < named && position('aside-synced', is) >= 0))
      faults.push('renamed before it was flushed');
  }
  const packageNamed = position('renamed', isPackage);
  const folderSynced = steps.findIndex(
    ({ step, path }, index) => index > packageNamed && step === 'directory-synced' && basename(path) === 'packages',
  );
  if (packageNamed >= 0 && !(folderSynced > packageNamed && folderSynced < indexNamed))
    faults.push('the index is written before the disk knows the package');
  const removed = position('package-removed', isPackage);
  const indexSynced = steps.findIndex(
    ({ step, path }, index) => index > indexNamed && step === 'directory-synced' && basename(path) !== 'packages',
  );
  if (removed >= 0 && !(indexSynced >= 0 && indexSynced < removed))
    faults.push('a package is removed before the disk knows the index');
  return faults;
}

describe('a crash', () => {
  test.each(CHANGES)(
    'behind any step of $name leaves what was there or what was to be',
    { timeout: 300_000 },
    async (change) => {
      const first = await Lane.open(change);
      await first.begin();
      const old = await first.restart();
      const { state, steps } = await first.crash(NEVER);
      expect(state).not.toBe(old);
      expect(steps.length).toBeGreaterThan(3);
      expect(orderFaults(steps)).toEqual([]);
      const lanes = [first, ...(await Promise.all(Array.from({ length: LANES - 1 }, () => Lane.open(change))))];
      const pending = steps.keys();
      const faults: string[] = [];
      const work = async (lane: Lane): Promise<void> => {
        for (const at of pending) {
          const found = await lane.crash(at);
          const fault = judge(found.state, { old, new: state }, found.answered);
          if (fault !== undefined) faults.push(`step ${at}, ${steps[at]?.step}: ${fault}`);
        }
        await lane.close();
      };
      await Promise.all(lanes.map(work));
      expect(faults).toEqual([]);
    },
  );
});

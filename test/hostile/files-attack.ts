import { execFileSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QUOTAS } from '../../src/limits/quotas.js';
import type { Defence } from '../../src/protocol/defences.js';
import { everything, Filer, MappedFolder, SERVES_FILES, type Step } from '../harness/filer.js';
import type { ServerProcess } from '../harness/server-process.js';
import { idOf } from '../harness/wat-plugin.js';
import type { Attack } from './guest-attacks.js';

const SECRET = 'what lies outside of every root';
const OWN = 'what the plugin may read';
const SWAPS = 200;

/** Below `/top` guests find the directory of that name; beside it lies what is nobody's business. */
let folder: MappedFolder | undefined;

/** Flags for a server that maps it. */
export function filesFlags(): readonly string[] {
  folder = new MappedFolder((path) => [{ path: '/top', directory: join(path, 'root') }]);
  process.once('exit', folder.remove.bind(folder));
  return folder.flags;
}

const path = (...parts: string[]): string => folder?.join(...parts) ?? '';
const root = (...parts: string[]): string => path('root', ...parts);

function makeAnew(): void {
  for (const name of ['root', 'outside']) rmSync(path(name), { recursive: true, force: true });
  for (const name of ['root/dir', 'root/empty', 'root/denied', 'outside']) mkdirSync(path(name), { recursive: true });
  for (const name of ['outside/file', 'root/denied/file']) writeFileSync(path(name), SECRET);
  for (const name of ['root/file', 'root/dir/file']) writeFileSync(path(name), OWN);
}

interface Try {
  asks?: readonly object[];
  denies?: readonly object[];
  /** What the host's own programs have done before. */
  before?: (server: ServerProcess) => void;
  steps: readonly Step[];
  /** Undefined where it was held. By default it must not have seen the secret, nor changed anything outside. */
  fault?: (answers: readonly unknown[]) => string | undefined;
}

function attack(name: string, defence: Defence | undefined, { before, steps, fault, ...asked }: Try): Attack {
  return {
    id: `files/${name}`,
    defence,
    run: (server) =>
      attacking(server, asked, async (filer) => {
        before?.(server);
        const answers = await filer.run(...steps);
        return fault?.(answers) ?? leaked(answers);
      }),
  };
}

async function attacking(
  server: ServerProcess,
  { asks = everything('/top'), denies = [] }: Pick<Try, 'asks' | 'denies'>,
  run: (filer: Filer) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (!SERVES_FILES) return undefined;
  makeAnew();
  const client = server.connect();
  try {
    const filer = await Filer.install(client, { name: 'intruder', asks, denies });
    try {
      return await run(filer);
    } finally {
      await filer.remove();
    }
  } finally {
    client.close();
  }
}

function leaked(answers: readonly unknown[]): string | undefined {
  if (JSON.stringify(answers).includes(SECRET)) return 'it read what lies outside';
  return readFileSync(path('outside/file'), 'utf8') === SECRET ? undefined : 'it changed what lies outside';
}

/** All of them must have been refused. */
function refused(answers: readonly unknown[]): string | undefined {
  const done = answers.findIndex((answer) => typeof answer !== 'string' || !/^\w+ \d+$/.test(answer));
  return done < 0 ? undefined : `step ${done} was done: ${JSON.stringify(answers[done])}`;
}

const reads = (at: string): readonly Step[] => [
  ['read', at],
  ['write', at, 'overwritten'],
  ['append', at, 'overwritten'],
];

/** What no plugin can do that may only read. */
const CHANGES: Readonly<Record<string, readonly Step[]>> = {
  'open-to-write': [['open', 'f', '/top/file', 'w']],
  'open-to-append': [['open', 'f', '/top/file', 'a']],
  truncate: [['open_at', 'd', 'file', 'f', 8, 0]],
  create: [['create_new', '/top/new', '']],
  'create-over': [['open', 'f', '/top/file', 'wc']],
  'set-times': [['touch', 'd', 'file', 5]],
  rename: [['rename', '/top/file', '/top/dir/moved']],
  'rename-over': [['rename', '/top/dir/file', '/top/file']],
  'rename-in-directory': [['rename_at', 'd', 'file', 'moved']],
  unlink: [['rm', '/top/file']],
  'unlink-in-directory': [['rm_at', 'd', 'file']],
  'remove-directory': [['rmdir', '/top/empty']],
  'make-directory': [['mkdir', '/top/new']],
  link: [['link', '/top/file', '/top/new']],
  symlink: [['symlink_at', 'd', '../outside', 'new']],
};

const readOnly = Object.entries(CHANGES).map(([name, steps]) =>
  attack(`read-only-${name}`, name.endsWith('link') ? undefined : 'file-rights', {
    asks: [{ FileRead: '/top' }],
    steps: [['open', 'd', '/top/dir', 'r'], ...steps],
    fault: (answers) => refused(answers.slice(1)),
  }),
);

const links = Object.entries({
  'symlink-relative': () => symlinkSync('../outside/file', root('way')),
  'symlink-absolute': () => symlinkSync(path('outside/file'), root('way')),
  'hard-link': () => linkSync(path('outside/file'), root('way')),
}).map(([name, before]) => attack(name, 'file-walk', { before, steps: reads('/top/way') }));

/** Somebody exchanges a directory for a link that leads out, again and again, while the guest opens what is below. */
const swapRace: Attack = {
  id: 'files/swap-race',
  defence: 'file-walk',
  byChance: true,
  run: (server) =>
    attacking(server, {}, async (filer) => {
      symlinkSync('../outside', root('link'));
      let over = false;
      const swapping = (async () => {
        for (let swaps = 0; !over; swaps++) {
          renameSync(root('dir'), root('aside'));
          renameSync(root('link'), root('dir'));
          if (swaps % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
          renameSync(root('dir'), root('link'));
          renameSync(root('aside'), root('dir'));
        }
      })();
      try {
        for (let tries = 0; tries < SWAPS; tries += 5) {
          const steps = Array.from({ length: 5 }, () => reads('/top/dir/file').slice(0, 2)).flat();
          const fault = leaked(await filer.run(...steps));
          if (fault !== undefined) return fault;
        }
        return undefined;
      } finally {
        over = true;
        await swapping;
      }
    }),
};

const walks: readonly Attack[] = [
  ...links,
  attack('symlink-directory', 'file-walk', {
    before: () => symlinkSync('../outside', root('way')),
    steps: [...reads('/top/way/file'), ['create_new', '/top/way/new', ''], ['rename', '/top/file', '/top/way/moved']],
    fault: () =>
      existsSync(path('outside/new')) || existsSync(path('outside/moved')) ? 'it wrote outside' : undefined,
  }),
  // What a host of components is known to have let through: the descriptor outlives the directory's name.
  attack('rename-and-symlink', undefined, {
    steps: [
      ['open', 'd', '/top/dir', 'r'],
      ['open', 'top', '/top', 'r'],
      ['rename', '/top/dir', '/top/moved'],
      ['symlink_at', 'top', '../outside', 'dir'],
      ['open_at', 'd', 'file', 'f', 0, 0],
      ['get', 'f', 100],
      ['open_at', 'd', '../../outside/file', 'g', 0, 1],
      ['get', 'g', 100],
    ],
    fault: (answers) => refused([answers[3], answers[6]]),
  }),
  attack('rename-and-symlink-by-the-host', undefined, {
    before: () => {
      renameSync(root('dir'), root('moved'));
      symlinkSync('../outside', root('dir'));
    },
    steps: [
      ['open', 'd', '/top/moved', 'r'],
      ['open_at', 'd', 'file', 'f', 0, 0],
      ['get', 'f', 100],
      ['open', 'e', '/top/dir', 'r'],
      ['open_at', 'e', 'file', 'g', 0, 1],
      ['get', 'g', 100],
    ],
  }),
  attack('dot-dot', undefined, {
    steps: [
      ['open', 'd', '/top/dir', 'r'],
      ...[
        '../../outside/file',
        '../../../../../etc/passwd',
        './/.././../outside/file',
        'x/../../../outside/file',
      ].flatMap((way): Step[] => [
        ['open_at', 'd', way, 'f', 0, 0],
        ['read', `/top/dir/${way}`],
      ]),
      ['open_at', 'd', path('outside/file'), 'f', 0, 0],
    ],
    fault: (answers) => refused(answers.slice(1)),
  }),
  attack('pipe', 'file-walk', {
    before: () => void execFileSync('mkfifo', [root('pipe')]),
    steps: [['open', 'r', '/top/pipe', 'r'], ...reads('/top/pipe')],
    fault: refused,
  }),
  swapRace,
];

const rights: readonly Attack[] = [
  ...readOnly,
  attack('denied-inside', 'file-rights', {
    denies: [{ FileRead: '/top/denied' }, { FileWrite: '/top/denied' }, { FileCreate: '/top/denied' }],
    steps: [
      ...reads('/top/denied/file'),
      ['read', '/top/dir/../denied/file'],
      ['read', '/top//denied/./file'],
      ['read', '/top/DENIED/file'],
      ['list', '/top/denied'],
      ['rename', '/top/denied', '/top/open'],
      ['rename', '/top/denied/file', '/top/open'],
      ['create_new', '/top/denied/new', ''],
    ],
    fault: refused,
  }),
  attack('denied-below-what-is-moved', 'file-rights', {
    denies: [{ FileRead: '/top/dir/denied' }],
    before: () => renameSync(root('denied'), root('dir/denied')),
    steps: [
      ['rename', '/top/dir', '/top/open'],
      ['read', '/top/open/denied/file'],
    ],
  }),
  ...(['FileCreate', 'FileWrite'] as const).map((kind) =>
    attack(`denied-below-where-it-comes-to-${kind}`, 'file-rights', {
      denies: [{ [kind]: '/top/target/denied' }],
      steps: [
        ['mkdirs', '/top/made/denied/deep'],
        ['create_new', '/top/made/denied/deep/file', 'planted'],
        ['rename', '/top/made', '/top/target'],
      ],
      fault: (answers) => refused(answers.slice(2)),
    }),
  ),
];

const quotas: readonly Attack[] = [
  attack('scratch-bytes', 'file-quota', {
    asks: everything('/scratch'),
    steps: [
      ['open', 'f', '/scratch/f', 'wc'],
      ['set_len', 'f', 10 * 2 ** 30],
      ['seek', 'f', 10 * 2 ** 30],
      ['put', 'f', 'x'],
    ],
    fault: (answers) => refused([answers[1], answers[3]]),
  }),
  attack('root-bytes', 'file-quota', {
    steps: [
      ['open', 'f', '/top/f', 'wc'],
      ['set_len', 'f', 10 * 2 ** 30],
    ],
    fault: (answers) => refused(answers.slice(1)),
  }),
  attack('scratch-files', 'file-quota', {
    asks: everything('/scratch'),
    before: (server) => {
      const directory = join(server.dataDir, 'scratch', idOf('intruder'));
      mkdirSync(directory, { recursive: true });
      for (let index = 0; index < QUOTAS['scratch entries'] - 5; index++)
        writeFileSync(join(directory, `before-${index}`), '');
    },
    steps: [['make_many', '/scratch', 10]],
    fault: ([made]) => (made === 5 ? undefined : `it made ${String(made)} files more`),
  }),
  attack('handles', undefined, {
    steps: [['open_many', '/top/file', 1_000]],
    fault: ([answer]) => (Number((answer as number[])[0]) <= 64 ? undefined : `it had ${String(answer)} open`),
  }),
];

export const filesAttacks: readonly Attack[] = [...walks, ...rights, ...quotas];

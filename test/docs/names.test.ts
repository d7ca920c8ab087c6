import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { addAuditCommands } from '../../src/cli/audit-commands.js';
import { EXIT } from '../../src/cli/exit-status.js';
import { addKeyCommands } from '../../src/cli/key-commands.js';
import { addMemoryCommands } from '../../src/cli/memory-commands.js';
import { addPluginCommands } from '../../src/cli/plugin-commands.js';
import { addServeCommand } from '../../src/cli/serve-command.js';
import { addSignalCommands } from '../../src/cli/signal-commands.js';
import { addTokenCommands } from '../../src/cli/token-commands.js';
import { addToolCommands } from '../../src/cli/tool-commands.js';
import { SECTIONS } from '../../src/config/sections.js';
import { REASONS } from '../../src/errors.js';
import { HOST_RATES } from '../../src/limits/host-rates.js';
import { limitName } from '../../src/limits/plugin-limits.js';
import { QUOTAS } from '../../src/limits/quotas.js';
import { GUEST_LIMITS, MANIFEST_LIMITS, PACKAGE_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from '../../src/limits.js';
import { Metrics } from '../../src/observe/metrics.js';
import { parseManifest } from '../../src/package/manifest.js';
import { checkCapabilitiesImplemented } from '../../src/prepare/capabilities.js';
import { IMPLEMENTED } from '../../src/prepare/implemented.js';
import { CONTRACT_VERSION, INTERFACES } from '../../src/protocol/contract.js';
import { PREVIEW1 } from '../../src/protocol/preview1.js';
import { fileKey, flagName, SETTINGS, variableName } from '../../src/settings.js';
import { codeBlocks, readPage, readPages, section, tableRows } from './pages.js';

/** Pages for readers; the reference is printed from the code and compared with it. */
const pages = readPages().filter(({ path }) => path !== 'deploy/docs/reference.md');
const rust = readPage('sdk/docs/rust.md');
const contract = readPage('sdk/docs/contract.md');
const operating = readPage('deploy/docs/operating.md');
const proto = readPage('proto/README.md');

/** What a pattern finds in the pages and the code does not have, each with its page. */
function unknown(pattern: RegExp, known: (name: string) => boolean, among = pages): string[] {
  return among.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].flatMap(([, name = '']) => (known(name) ? [] : [`${path}: ${name}`])),
  );
}

describe('names in the pages', () => {
  test('of metrics are those of /metrics', async () => {
    const registry = new Metrics({ version: '0', contractVersions: ['0'] });
    const names = [...(await registry.text()).matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
    const metric = /\b((?:hal9|nodejs)_[a-z0-9_]+|process_(?:cpu|resident|open)_[a-z_]+)\b/g;
    // A macro and a crate of the Rust SDK.
    const isRust = (name: string): boolean => name === 'hal9_plugin' || name === 'hal9_plugin_sdk';
    expect(unknown(metric, (name) => names.includes(name) || isRust(name))).toEqual([]);
  });

  test('of flags of hal9 are those of its commands', () => {
    const program = new Command('hal9');
    for (const add of [
      addPluginCommands,
      addSignalCommands,
      addToolCommands,
      addTokenCommands,
      addAuditCommands,
      addKeyCommands,
      addMemoryCommands,
      addServeCommand,
    ])
      add(program);
    const all = (command: Command): string[] => [
      ...command.options.map((option) => option.long ?? ''),
      ...command.commands.flatMap(all),
    ];
    const known = new Set([...all(program), ...SETTINGS.map(({ key }) => flagName(key))]);
    const lines = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/(?:^|`)[^`\n]*\bhal9(?:\.js)? [^`\n]*|`--[^`]+`/gm)].map(([line]) => ({ path, text: line })),
    );
    const others = ['--release', '--target', '--verify', '--accuracy', '--bite', '--disable', '--open'];
    expect(unknown(/(--[a-z][a-z-]+)/g, (flag) => known.has(flag) || others.includes(flag), lines)).toEqual([]);
  });

  test('of variables and keys of the configuration file are those of settings', () => {
    const variables = [...SETTINGS.map(({ key }) => variableName(key)), 'HAL9_CONFIG', 'HAL9_SERVER', 'HAL9_TOKEN'];
    expect(unknown(/\b(HAL9_[A-Z_]+[A-Z])\b/g, (name) => variables.includes(name))).toEqual([]);
    const keys = codeBlocks(operating, 'yaml').flatMap((block) =>
      [...block.matchAll(/^(\w+):/gm)].map(([, key]) => key),
    );
    // The second two are of the access file.
    const known = [...SETTINGS.map(({ key }) => fileKey(key)), ...Object.keys(SECTIONS), 'tokens', 'certificates'];
    expect(keys.filter((key) => !known.includes(key ?? ''))).toEqual([]);
    expect(keys.length).toBeGreaterThan(0);
  });

  test('of limits of plugins are those that there are', () => {
    const limits = readPage('deploy/docs/limits.md');
    const known = [...Object.keys(HOST_RATES), ...Object.keys(QUOTAS)].map(limitName);
    const named = codeBlocks(limits, 'yaml').flatMap((block) =>
      [...block.matchAll(/^ {4}([a-z-]+):/gm)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('in capitals are reasons, statuses, outcomes, limits, codes or states', () => {
    const enums = ['signal', 'management']
      .map((file) => readFileSync(`proto/hal9/plugin/v1/${file}.proto`, 'utf8'))
      .join('');
    const statuses = Object.values(REASONS).map(({ status }) => status as string);
    const known = new Set([
      ...Object.keys(REASONS),
      ...statuses,
      ...[...enums.matchAll(/^\s*([A-Z0-9_]+) = \d+;/gm)].map(([, name = '']) => name),
    ]);
    const others = [
      'SERVING',
      'NOT_SERVING',
      'EBADF',
      'ECONNREFUSED',
      'ESPIPE',
      'EINVAL',
      'EISDIR',
      'EMFILE',
      'EPERM',
      'EROFS',
      'ENOTCAPABLE',
      'EACCES',
      'ELOOP',
      'EDQUOT',
      'ENFILE',
      'EXDEV',
      'ENOMEM',
      'ENOTSUP',
      'EIO',
      'O_NONBLOCK',
      'O_SYNC',
      'CAP_SYS_NICE',
      'SIZE',
      'PATH',
      'FILE',
      'LICENSE',
      'LICENCE',
      'README',
      'JSON',
      'UNSIGNED',
    ];
    expect(
      unknown(/`([A-Z][A-Z_]{2,})`/g, (name) => known.has(name) || others.includes(name) || name.endsWith('_DIR')),
    ).toEqual([]);
  });

  test('of every reason that a caller of plugins can get stand in the page for callers', () => {
    const operators =
      /^(DATA_DIR_|CONFIG_INVALID|LISTEN_REFUSED|PACKAGE_INVALID|MANIFEST_INVALID|MODULE_|DEADLINE$|CALL_)/;
    const missing = Object.keys(REASONS).filter(
      (reason) => !operators.test(reason) && !proto.text.includes(`\`${reason}\``),
    );
    expect(missing).toEqual([]);
  });

  test('of exit statuses are all there', () => {
    const rows = tableRows(section(operating, '## Exit statuses'));
    expect(rows.map(([status]) => Number(status))).toEqual(
      [...new Set<number>(Object.values(EXIT))].sort((a, b) => a - b),
    );
  });
});

describe('the page on the contract', () => {
  test('has the signature of every function that this server implements', () => {
    const rows = tableRows(section(contract, '## Names and signatures')).map(
      ([what = '', params = '', results = '']) => ({
        names: [...what.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
        signature: `${params} -> ${results}`,
      }),
    );
    // A row says `lifecycle#activate`, `#deactivate`, or `clock` `now`, `monotonic`.
    const isAbout = (names: readonly string[], direction: string, name: string, field: string): boolean =>
      direction === 'export'
        ? names.includes(`${name}#${field}`) ||
          (names[0]?.startsWith(`${name}#`) === true && names.includes(`#${field}`))
        : names[0] === name && names.slice(1).includes(field);
    const implemented = INTERFACES.filter(({ direction, name }) =>
      (direction === 'export' ? IMPLEMENTED.exports : IMPLEMENTED.imports).has(name),
    );
    const functions = implemented.flatMap(({ direction, name, functions }) =>
      functions.map(({ name: field, params, results }) => ({ direction, name, field, params, results })),
    );
    const signatureOf = ({ direction, name, field }: (typeof functions)[number]): string | undefined =>
      rows.find(({ names }) => isAbout(names, direction, name, field))?.signature;
    expect(functions.map((each) => [each.name, each.field, signatureOf(each)])).toEqual(
      functions.map(({ name, field, params, results }) => [name, field, `${params.join(' ')} -> ${results.join(' ')}`]),
    );
    expect(contract.text).toContain(`\`hal9:plugin@${CONTRACT_VERSION}\``);
  });

  test('says of each interface whether it works today', () => {
    const rows = tableRows(section(contract, '## The WIT package')).flatMap(([names = '', direction, , today = '']) =>
      [...names.matchAll(/`([a-z-]+)`/g)].map(([, name]) => ({ name, direction, works: /^works?\b/.test(today) })),
    );
    const expected = INTERFACES.map(({ direction, name }) => {
      const works = (direction === 'export' ? IMPLEMENTED.exports : IMPLEMENTED.imports).has(name);
      return { name, direction, works };
    });
    const byName = (all: typeof rows): string[] => all.map((row) => JSON.stringify(row)).sort();
    expect(byName(rows)).toEqual(byName(expected));
  });

  test('names functions of WASI preview 1 alone', () => {
    const named = tableRows(section(contract, '## WASI preview 1')).flatMap(([what = '']) =>
      [...what.matchAll(/`([a-z_]+)`/g)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !PREVIEW1.has(name))).toEqual([]);
  });
});

describe('the manifest that authors are shown', () => {
  const manifest = /<<'JSON'\n([\s\S]*?)\nJSON/.exec(rust.text)?.[1] ?? '';

  test('is valid, and of a plugin that this server runs', () => {
    expect(() => checkCapabilitiesImplemented(parseManifest(Buffer.from(manifest)))).not.toThrow();
  });
});

describe('numbers in the pages', () => {
  const MIB = 1_048_576;
  const text = (value: number): string => value.toLocaleString('en');
  test.each([
    [
      'sdk/docs/rust.md',
      `1 to ${text(GUEST_LIMITS.maxMemoryBytes / MIB)}, default ${GUEST_LIMITS.defaultMemoryBytes / MIB}`,
    ],
    ['sdk/docs/rust.md', `call timeout (default ${text(GUEST_LIMITS.defaultCallMs)} ms)`],
    [
      'sdk/docs/rust.md',
      `${GUEST_LIMITS.maxOutputBytes / MIB} MiB, ${text(GUEST_LIMITS.maxOutputElements)} list elements`,
    ],
    ['sdk/docs/rust.md', `| ${text(SERVER_LIMITS.maxQueueLength)}, set by the operator |`],
    ['sdk/docs/rust.md', `gone after ${SERVER_LIMITS.idleInstanceMs / 1_000} s without a call`],
    [
      'sdk/docs/contract.md',
      `At most ${PACKAGE_LIMITS.maxFileBytes / MIB} MiB, ${text(PACKAGE_LIMITS.maxEntries)} entries`,
    ],
    ['sdk/docs/contract.md', `names up to ${MANIFEST_LIMITS.maxFaults} faults`],
    ['sdk/docs/contract.md', `at most ${PACKAGE_LIMITS.maxPathBytes} bytes`],
    ['deploy/docs/operating.md', `\`--drain-timeout-ms\` (${SERVER_LIMITS.drainTimeoutMs / 1_000} s)`],
    ['deploy/docs/operating.md', `\`--max-threads\` (${SERVER_LIMITS.maxThreads})`],
    ['deploy/docs/operating.md', `\`--spare-workers\` (${SERVER_LIMITS.spareWorkers})`],
    [
      'deploy/docs/operating.md',
      `There is: ${SERVER_LIMITS.guestShare} of the limit, less ${SERVER_LIMITS.mainThreadBytes / MIB} MiB`,
    ],
    ['deploy/docs/operating.md', `An instance takes ${SERVER_LIMITS.threadBytes / MIB} MiB for its thread`],
    ['deploy/docs/operating.md', `At most ${SERVER_LIMITS.maxSocketPathBytes} bytes of path`],
    ['proto/README.md', `has ${text(REQUEST_LIMITS.maxStreamSignals)} signals under way`],
    ['proto/README.md', `| signals in a batch | ${text(REQUEST_LIMITS.maxBatchSignals)} |`],
    [
      'proto/README.md',
      `| a request; a reply of \`ProcessSignal\`, \`StreamSignals\`, \`InvokeTool\` | ${REQUEST_LIMITS.maxMessageBytes / MIB} MiB`,
    ],
  ])('%s says %j', (path, words) => {
    expect(readPage(path).text.replace(/\s+/g, ' ')).toContain(words);
  });
});

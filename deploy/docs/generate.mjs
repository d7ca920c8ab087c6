/**
 * Writes deploy/docs/reference.md: settings, commands, reasons, limits and metrics, read from the code that has them.
 * `npm run docs` writes it, `npm run docs -- --verify` fails when it is not what the code says.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { parseSync } from 'oxc-parser';
import { addAuditCommands } from '../../dist/src/cli/audit-commands.js';
import { addKeyCommands } from '../../dist/src/cli/key-commands.js';
import { addMemoryCommands } from '../../dist/src/cli/memory-commands.js';
import { addPluginCommands } from '../../dist/src/cli/plugin-commands.js';
import { addServeCommand } from '../../dist/src/cli/serve-command.js';
import { addSignalCommands } from '../../dist/src/cli/signal-commands.js';
import { addTokenCommands } from '../../dist/src/cli/token-commands.js';
import { addToolCommands } from '../../dist/src/cli/tool-commands.js';
import { ERROR_DOMAIN, REASONS } from '../../dist/src/errors.js';
import * as clientLimits from '../../dist/src/limits/clients.js';
import * as fileLimits from '../../dist/src/limits/files.js';
import * as hostRates from '../../dist/src/limits/host-rates.js';
import * as httpLimits from '../../dist/src/limits/http.js';
import * as messageLimits from '../../dist/src/limits/messages.js';
import { limitName } from '../../dist/src/limits/plugin-limits.js';
import * as quotas from '../../dist/src/limits/quotas.js';
import * as serverLimits from '../../dist/src/limits.js';
import { Metrics } from '../../dist/src/observe/metrics.js';
import { fileKey, flagName, SETTINGS, variableName } from '../../dist/src/settings.js';

const TARGET = fileURLToPath(new URL('reference.md', import.meta.url));
const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));
const LIMITS = [
  [fileOf('../../src/limits.ts'), serverLimits],
  [fileOf('../../src/limits/clients.ts'), clientLimits],
  [fileOf('../../src/limits/files.ts'), fileLimits],
  [fileOf('../../src/limits/http.ts'), httpLimits],
  [fileOf('../../src/limits/messages.ts'), messageLimits],
];
/** What an operator may change for each plugin. */
const PLUGIN_LIMITS = [
  [fileOf('../../src/limits/host-rates.ts'), hostRates],
  [fileOf('../../src/limits/quotas.ts'), quotas],
];

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text) => `\`${cell(text)}\``;

function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}

function settings() {
  const rows = SETTINGS.map((s) => [
    code(`${flagName(s.key)} ${s.placeholder}`.trim()),
    code(variableName(s.key)),
    code(fileKey(s.key)),
    s.default === undefined ? '' : code(s.default),
    cell(s.live ? `${s.meaning}; taken on SIGHUP` : s.meaning),
  ]);
  return table(['flag of `hal9 serve`', 'variable', 'key of the file', 'default', 'meaning'], rows);
}

/** Every command that does something, with the words that lead to it. */
function leaves(command, words = []) {
  const path = [...words, command.name()];
  return command.commands.length === 0 ? [{ command, path }] : command.commands.flatMap((c) => leaves(c, path));
}

function commands() {
  const program = new Command('hal9');
  for (const add of [
    addPluginCommands,
    addSignalCommands,
    addToolCommands,
    addAuditCommands,
    addKeyCommands,
    addMemoryCommands,
    addTokenCommands,
    addServeCommand,
  ])
    add(program);
  return leaves(program)
    .map(({ command, path }) => {
      const title = `### \`${path.join(' ')} ${command.usage()}\`\n\n${command.description()}\n`;
      if (command.name() === 'serve') return `${title}\nIts flags are the settings above, and \`--config FILE\`.\n`;
      const rows = [
        ...command.registeredArguments.map((a) => [code(a.name()), cell(a.description)]),
        ...command.options.filter((o) => !o.hidden).map((o) => [code(o.flags), cell(o.description)]),
      ];
      return rows.length === 0 ? title : `${title}\n${table(['argument or flag', 'meaning'], rows)}`;
    })
    .join('\n');
}

function reasons() {
  const rows = Object.entries(REASONS).map(([reason, { status, meaning }]) => [
    code(reason),
    code(status),
    cell(meaning),
  ]);
  return table(['reason', 'gRPC status', 'meaning'], rows);
}

/** The unit that a limit's name ends with, for its value. */
function withUnit(name, value) {
  if (/Bytes(PerSecond)?$/.test(name)) {
    for (const [unit, size] of [
      ['MiB', 1_048_576],
      ['KiB', 1_024],
    ]) {
      if (value >= size && value % size === 0) return `${(value / size).toLocaleString('en')} ${unit}`;
    }
    return `${value.toLocaleString('en')} B`;
  }
  if (/Ms$/.test(name)) return `${value.toLocaleString('en')} ms`;
  return /Mb$/.test(name) ? `${value.toLocaleString('en')} MiB` : value.toLocaleString('en');
}

/** The documentation comment that ends right before `offset`, as one line. */
function commentBefore(text, comments, offset) {
  const comment = comments.findLast((c) => c.end <= offset && /^\s*(export\s*)?$/.test(text.slice(c.end, offset)));
  if (comment === undefined || !comment.value.startsWith('*')) return '';
  return comment.value
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s*/, '').trim())
    .join(' ')
    .trim();
}

/** What stands within `as const` and `satisfies`. */
function plainObject(node) {
  return node.type === 'TSAsExpression' || node.type === 'TSSatisfiesExpression' ? plainObject(node.expression) : node;
}

const unitOf = (name) => (/ bytes/.test(name) ? 'Bytes' : name);

/** A bound, or how much there is of something in a second. */
function valueText(name, value) {
  if (typeof value !== 'object') return withUnit(unitOf(name), value);
  const unit = unitOf(name);
  const { perSecond, burst } = value;
  return `${withUnit(unit, perSecond)} a second${burst === undefined ? '' : `, ${withUnit(unit, burst)} at once`}`;
}

/** The objects of bounds that a file exports, each with its comment and its rows: name, value, reason. */
function boundsIn([file, limits]) {
  const text = readFileSync(file, 'utf8');
  const { program, comments } = parseSync(file, text);
  return program.body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration' || statement.declaration?.type !== 'VariableDeclaration') return [];
    const [{ id, init }] = statement.declaration.declarations;
    const object = plainObject(init);
    if (object.type !== 'ObjectExpression') return [];
    const rows = object.properties.map(({ key, start }) => {
      const name = key.name ?? key.value;
      return [name, valueText(name, limits[id.name][name]), cell(commentBefore(text, comments, start))];
    });
    return [{ comment: commentBefore(text, comments, statement.start), rows }];
  });
}

function limitTables(file) {
  const sections = boundsIn(file).map(({ comment, rows }) => {
    const [, title, more] = /^(.*?)[.;](?: (.*))?$/.exec(comment);
    const note = more === undefined ? '' : `${more[0].toUpperCase()}${more.slice(1)}\n\n`;
    const shown = rows.map(([name, value, why]) => [code(name), value, why]);
    return `### ${title}\n\n${note}${table(['limit', 'value', 'why'], shown)}`;
  });
  return sections.join('\n');
}

/** Under the names that refusals give. */
function pluginLimits() {
  const rows = PLUGIN_LIMITS.flatMap(boundsIn).flatMap((bounds) => bounds.rows);
  return table(
    ['limit', 'default', 'of what, and why'],
    rows.map(([name, value, why]) => [code(limitName(name)), value, why]),
  );
}

/** The metrics as a scrape shows them, one plugin being known. */
async function metrics() {
  const registry = new Metrics({ version: '0', contractVersions: ['0'] });
  const plugin = registry.plugin({ id: 'p', name: 'p', version: '0' });
  registry.refused('INTERNAL');
  registry.denied('role_missing');
  registry.watchTls(() => ({ expirySeconds: 0, reloads: { taken: 0, refused: 0 } }));
  exercise(plugin);
  const lines = (await registry.text()).split('\n');
  const rows = lines.flatMap((line) => {
    const [, name, help] = /^# HELP (hal9_\S+) (.*)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const type = lines.find((l) => l.startsWith(`# TYPE ${name} `))?.split(' ')[3];
    const sample = lines.find((l) => new RegExp(`^${name}(_bucket)?\\{`).test(l)) ?? '';
    const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
    return [[code(name), type, labels.map(code).join(', '), cell(help)]];
  });
  return table(['metric', 'type', 'labels', 'meaning'], rows);
}

/** Touches everything that a plugin counts, so that each metric shows its labels. */
function exercise(plugin) {
  plugin.called('signal', 'ok', 1, 1, 1);
  plugin.killed('deadline');
  plugin.hostCall('log', 'allowed');
  plugin.limited('log-lines');
  plugin.signalEmitted('delivered');
  const sample = { name: 'n', value: 1, labels: [] };
  const samples = ['counter', 'gauge', 'histogram'].map((kind) => ({ ...sample, kind }));
  plugin.report({ type: 'metrics', samples, dropped: 0 });
  plugin.watch({ queueLength: () => 0, instances: () => ({ busy: 1 }) });
}

const text = `<!-- Generated by \`npm run docs\` from src/. Do not edit: change the code, and run it again. -->
# Reference

## Settings

A flag beats its variable, which beats the file that \`--config\` or \`HAL9_CONFIG\` names (YAML).

${settings()}
## Commands

${commands()}
## Reasons

Why something was refused: \`google.rpc.ErrorInfo.reason\` (domain \`${ERROR_DOMAIN}\`) in the gRPC status, \`error.reason\` with \`--json\`.
Where waiting helps, \`google.rpc.RetryInfo\` says how long.

${reasons()}
## Limits of one plugin

What each plugin may use, all its instances together, until the [configuration file](limits.md) says otherwise.

${pluginLimits()}
## Limits

Bounds that have a setting are its default; all others are fixed.

${LIMITS.map(limitTables).join('\n')}
## Metrics

On \`/metrics\`, beside prom-client's \`process_…\` and \`nodejs_…\`.

${await metrics()}`;

if (process.argv.includes('--verify')) {
  if (!existsSync(TARGET) || readFileSync(TARGET, 'utf8') !== text) {
    console.error('deploy/docs/reference.md is not what the code says: run `npm run docs` and commit the result');
    process.exitCode = 1;
  } else console.log('deploy/docs/reference.md is up to date');
} else {
  writeFileSync(TARGET, text);
  console.log('wrote deploy/docs/reference.md');
}

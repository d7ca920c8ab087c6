import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { PluginResult } from '../client/messages.js';
import { HostError } from '../errors.js';
import type { Profile } from '../local/profile.js';
import { printable } from '../observe/printable.js';
import type { Outcome } from '../protocol/outcomes.js';
import { VERSION } from '../version.js';
import { FUEL_VERSION } from '../wasm/fuel/weights.js';
import { positiveInteger, reporting } from './client-command.js';
import { exitOfOutcomes } from './exit-status.js';
import { UsageError } from './fail.js';
import { addLocalOptions, type LocalFlags, openForCalls } from './local-call.js';
import { printLogLine, resultOf } from './local-result.js';
import { grouped } from './output.js';
import { profileTable } from './profile-table.js';
import { errorLines } from './results.js';

type ProfileFlags = LocalFlags & { format: Format; out?: string; top?: number; timeoutMs: number };

const FORMATS = ['table', 'folded', 'speedscope'] as const;
type Format = (typeof FORMATS)[number];

/** A profiled run is slower than a metered one: it tells of every call within the guest. */
const DEFAULT_TIMEOUT_MS = 60_000;

const DEFAULT_TOP = 25;

/** What was measured. */
interface Measured {
  profile: Profile;
  results: PluginResult[];
}

/** `hal9 plugin profile` */
export function addProfile(plugin: Command): void {
  addLocalOptions(
    plugin
      .command('profile')
      .description("call a plugin without a server, and show which functions use its calls' fuel"),
  )
    .addOption(new Option('--format <FORMAT>', 'of what is written').choices(FORMATS).default('table'))
    .option('--out <FILE>', 'where to write it; by default to standard output')
    .option(
      '--top <N>',
      `how many functions to show, the dearest first; by default ${DEFAULT_TOP}, and all with --json`,
      positiveInteger,
    )
    .option('--timeout-ms <N>', 'limit of each call', positiveInteger, DEFAULT_TIMEOUT_MS)
    .option('--json', 'print the table, or what went wrong, as one JSON object')
    .action((path: string, flags: ProfileFlags) =>
      reporting(flags, async () => {
        const measured = await measure(path, flags);
        process.exitCode = exitOfOutcomes(measured.results.map(({ outcome }) => outcome));
        const text = await formatted(measured, flags);
        if (flags.out === undefined) process.stdout.write(text);
        else writeOut(flags.out, text);
        if (flags.out !== undefined || (flags.format !== 'table' && !flags.json)) summarise(measured, flags);
      }),
    );
}

/** Twice: as the server runs it, for what came of it, and profiled. */
async function measure(path: string, flags: ProfileFlags): Promise<Measured> {
  const { plugin, calls } = await openForCalls(path, flags);
  const { runLocally } = await import('../local/run.js');
  const { Profile } = await import('../local/profile.js');
  const callMs = flags.timeoutMs;
  const plain = { binding: plugin.metered, calls, callMs, profiled: false, onLog: printLogLine };
  const { outcomes } = await runLocally({ ...plain, host: plugin.host() });
  const profiled = { binding: await plugin.profiled(), calls: calls.slice(0, outcomes.length), callMs, profiled: true };
  const run = await runLocally({ ...profiled, host: plugin.host() });
  if (run.profile === undefined) {
    throw new HostError(
      'DEADLINE',
      `the profiled call did not end within ${callMs} ms; give it less --fuel, or more --timeout-ms`,
    );
  }
  const profile = new Profile(run.profile, plugin.functionNames());
  checkSum(profile, outcomes);
  return { profile, results: outcomes.map((outcome) => resultOf(plugin.metered.plugin, outcome)) };
}

/** Both ways of counting must agree. What a call used that did not end well is a bound, which the profile is exact below. */
function checkSum(profile: Profile, outcomes: readonly Outcome[]): void {
  if (outcomes.some(({ dead, fuel }) => dead || fuel === undefined)) return;
  const metered = outcomes.reduce((sum, { fuel }) => sum + (fuel ?? 0), 0);
  if (metered !== profile.fuel) {
    throw new HostError('INTERNAL', 'the profile does not add up', {
      cause: `the profile has ${profile.fuel} fuel, the metered run ${metered}: a fault of this program; please report it`,
    });
  }
}

async function formatted(measured: Measured, flags: ProfileFlags): Promise<string> {
  const { profile, results } = measured;
  if (flags.json) return `${printable(JSON.stringify(jsonOf(measured, flags)))}\n`;
  switch (flags.format) {
    case 'folded': {
      const { foldedStacks } = await import('../local/folded.js');
      return foldedStacks(profile);
    }
    case 'speedscope': {
      const { speedscopeFile } = await import('../local/speedscope.js');
      const plugin = results[0]?.plugin;
      return `${JSON.stringify(speedscopeFile(profile, `${plugin?.name} ${plugin?.version}`, `hal9 ${VERSION}`))}\n`;
    }
    case 'table':
      return [...summary(measured), '', ...profileTable(profile, flags.top ?? DEFAULT_TOP), ''].join('\n');
  }
}

function jsonOf({ profile, results }: Measured, { top }: ProfileFlags): object {
  const functions = profile.functions();
  return {
    fuel: profile.fuel,
    fuelVersion: FUEL_VERSION,
    functions: functions.slice(0, top),
    functionCount: functions.length,
    results,
  };
}

/** `echo 0.1.0: 2 calls, OK, 10,234 fuel`, and what went wrong. */
function summary({ profile, results }: Measured): string[] {
  const last = results.at(-1);
  const calls = results.length === 1 ? '1 call' : `${results.length} calls`;
  const outcome = last?.limit === 'LIMIT_UNSPECIFIED' ? last.outcome : `${last?.outcome} (${last?.limit})`;
  const fuel = `${grouped(profile.fuel)} fuel`;
  const name = `${last?.plugin?.name} ${last?.plugin?.version}`;
  const error = last?.error ?? undefined;
  const lines = error === undefined ? [] : errorLines(error);
  return [`${name}: ${calls}, ${outcome}, ${fuel}`, ...lines].map((line) => printable(line));
}

function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`--out: ${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Beside what is meant for another program: on standard error. */
function summarise(measured: Measured, { out }: ProfileFlags): void {
  const where = out === undefined ? [] : [`wrote ${printable(out)}`];
  process.stderr.write(`${[...summary(measured), ...where].join('\n')}\n`);
}

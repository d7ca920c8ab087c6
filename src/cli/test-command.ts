import { type Command, Option } from 'commander';
import type { OutcomeName, PluginRef, PluginResult, Signal } from '../client/messages.js';
import { GUEST_LIMITS } from '../limits.js';
import { printable } from '../observe/printable.js';
import { decodeSignal } from '../protocol/codec.js';
import { fuelAmount, positiveInteger, reporting } from './client-command.js';
import { EXIT, type ExitStatus, exitOfOutcomes } from './exit-status.js';
import { addLocalOptions, type LocalFlags, openForCalls } from './local-call.js';
import { printLogLine, resultOf, signalOf } from './local-result.js';
import { grouped, printJson, printLine, printNote } from './output.js';
import type { Policy } from './policy.js';
import { errorLines } from './results.js';

type TestFlags = LocalFlags & { maxFuel?: number; expectOutcome: OutcomeName; record?: boolean };

const OUTCOMES = ['OK', 'PLUGIN_ERROR', 'TRAP', 'LIMIT'] as const satisfies readonly OutcomeName[];

/** What was found, as `--json` prints it. */
interface Verdict {
  passed: boolean;
  expectOutcome: OutcomeName;
  maxFuel: number | undefined;
  /** Of the dearest call. */
  fuel: number;
  results: PluginResult[];
  /** Signals that the plugin sent on its own, once their call had ended. */
  sent: Signal[];
  /** With `--record`: the least that the plugin needs, by what it tried. */
  policy: Policy | undefined;
}

/** `hal9 plugin test` */
export function addTest(plugin: Command): void {
  addLocalOptions(
    plugin
      .command('test')
      .description('call a plugin without a server, metered as a server does, and fail when it costs too much'),
  )
    .option('--max-fuel <N>', 'fail, with exit status 5, when a call costs more', fuelAmount)
    .addOption(new Option('--expect-outcome <OUTCOME>', 'what each call must end in').choices(OUTCOMES).default('OK'))
    .option('--timeout-ms <N>', "limit of each call; by default the plugin's own, else the server's", positiveInteger)
    .option(
      '--record',
      'print the permissions that it tried, as a block for the configuration file; the rest goes to standard error',
    )
    .option('--json', 'print what was found as one JSON object')
    .action((path: string, flags: TestFlags) =>
      reporting(flags, async () => {
        const verdict = await judge(path, flags);
        process.exitCode = exitOf(verdict);
        if (flags.json) return printJson(verdict);
        // With --record standard output is a file for a server, and nothing else.
        printVerdict(verdict, flags.record ? printNote : printLine);
        const ref = verdict.results[0]?.plugin;
        if (verdict.policy && ref) await printPolicy(ref, verdict.policy);
      }),
    );
}

async function judge(path: string, flags: TestFlags): Promise<Verdict> {
  const { plugin, calls } = await openForCalls(path, flags);
  const [{ runLocally }, { usesOf }, { permissionJson }] = await Promise.all([
    import('../local/run.js'),
    import('../sandbox/guest-grants.js'),
    import('../sandbox/permission-parts.js'),
  ]);
  const own = plugin.contents.manifest.metadata.requirements.max_call_ms ?? Infinity;
  const callMs = flags.timeoutMs ?? Math.min(own, GUEST_LIMITS.defaultCallMs);
  const tried = new Set<string>();
  const sent: Signal[] = [];
  const sheet = { asked: plugin.contents.manifest.metadata.requirements.required_permissions, granted: [], denied: [] };
  const { outcomes } = await runLocally({
    binding: plugin.metered,
    calls,
    profiled: false,
    callMs,
    host: plugin.host({
      tried: (permission) => tried.add(permissionJson(permission)),
      sent: ({ signal }) => sent.push(signalOf(decodeSignal(signal))),
    }),
    onLog: printLogLine,
    onUses: (message) => {
      for (const { permission } of usesOf(message, sheet)) tried.add(permissionJson(permission));
    },
  });
  const results = outcomes.map((outcome) => resultOf(plugin.metered.plugin, outcome));
  const fuel = Math.max(...results.map(fuelOf));
  const cheap = flags.maxFuel === undefined || fuel <= flags.maxFuel;
  const passed = cheap && results.every(({ outcome }) => outcome === flags.expectOutcome);
  const asked = sheet.asked.map(permissionJson);
  const { policyOf } = await import('./policy.js');
  const policy = flags.record ? policyOf({ plugin: plugin.metered.plugin, asked, tried: [...tried] }) : undefined;
  return { passed, expectOutcome: flags.expectOutcome, maxFuel: flags.maxFuel, fuel, results, sent, policy };
}

async function printPolicy(plugin: PluginRef, policy: Policy): Promise<void> {
  const { policyLines } = await import('./policy.js');
  for (const line of policyLines(plugin, policy)) printLine(line);
}

const fuelOf = ({ cost }: PluginResult): number => Number(cost?.fuel ?? 0);

/** A wrong outcome comes before a high cost: what it cost says little then. */
function exitOf({ passed, expectOutcome, results }: Verdict): ExitStatus {
  if (passed) return EXIT.ok;
  const wrong = results.find(({ outcome }) => outcome !== expectOutcome);
  if (wrong === undefined) return EXIT.limit;
  return wrong.outcome === 'OK' ? EXIT.pluginFailed : exitOfOutcomes([wrong.outcome]);
}

function printVerdict({ passed, expectOutcome, maxFuel, fuel, results, sent }: Verdict, print: typeof printLine): void {
  for (const [index, result] of results.entries()) {
    const { plugin, outcome, limit, error } = result;
    const number = results.length === 1 ? '' : `call ${index + 1}: `;
    const limited = limit === 'LIMIT_UNSPECIFIED' ? '' : ` (${limit})`;
    print(`${number}${plugin?.name} ${plugin?.version}: ${outcome}${limited}, ${grouped(fuelOf(result))} fuel`);
    if (error === null || outcome === expectOutcome) continue;
    for (const line of errorLines(error)) print(line);
    if (outcome === 'TRAP') print('  what it wrote before, from warnings on, stands on standard error');
  }
  for (const { layer, type, content } of sent) print(`sent to ${layer}: ${printable(type)} ${printable(content)}`);
  const dearest = results.length === 1 ? '' : 'the dearest call: ';
  if (maxFuel !== undefined) {
    const difference = fuel - maxFuel;
    const verdict =
      difference > 0
        ? `${grouped(difference)} more than the ${grouped(maxFuel)} that it may cost`
        : `within the ${grouped(maxFuel)} that it may cost`;
    print(`${dearest}${grouped(fuel)} fuel, ${verdict}`);
  }
  const wrong = results.findIndex(({ outcome }) => outcome !== expectOutcome);
  if (wrong >= 0) {
    const call = results.length === 1 ? '' : ` of call ${wrong + 1}`;
    print(`outcome${call}: expected ${expectOutcome}, found ${results[wrong]?.outcome}`);
  }
  print(passed ? 'passed' : 'failed');
}

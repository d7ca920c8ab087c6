import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CallError } from '../../src/client/call-error.js';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import type { Defence } from '../../src/protocol/defences.js';
import type { ServerProcess } from '../harness/server-process.js';
import { ATTACK_NEURON, ATTACK_TOOL, idOf, packWat } from '../harness/wat-plugin.js';

/** Server settings under which the guests are run: short limits, so that the suite is quick. */
export const GUEST_FLAGS = ['--call-timeout-ms', '500', '--queue-length', '16'];

const FOLDER = 'test/hostile/guests';
const MIB = 2 ** 20;
/** Where no manifest says more: GUEST_LIMITS.defaultMemoryBytes. */
const MEMORY_PAGES = 1024;
/** Beyond every limit of the server, so that an attack that succeeds is told from one that is slow. */
const CALL_MS = 8_000;

export interface Attack {
  id: string;
  /** What would let it succeed if it were taken out. */
  defence: Defence | undefined;
  /** Even then it succeeds now and then, or on fast machines alone. */
  byChance?: boolean;
  /** Undefined when the attack was held, else what went wrong. */
  run(server: ServerProcess): Promise<string | undefined>;
}

type Check = (context: {
  client: Client;
  server: ServerProcess;
  name: string;
  neuron: boolean;
}) => Promise<string | undefined>;

/** What the second part of a guest's file name means. */
const CHECKS: Record<string, Check> = {
  trap: async (context) => expectOutcome(await call(context), 'TRAP'),
  /** Whatever it made of that is its own affair. */
  garbage: async (context) => {
    const { outcome } = await call(context);
    return /^(OK|PLUGIN_ERROR|TRAP)$/.test(outcome) ? undefined : `the call ended with ${outcome}`;
  },
  'trap-and-forgotten': async (context) => {
    return expectOutcome(await call(context), 'TRAP') ?? expectOutcome(await call(context), 'TRAP');
  },
  'limit-deadline': async (context) => expectOutcome(await call(context), 'LIMIT', 'DEADLINE'),
  'limit-memory': async (context) => expectOutcome(await call(context), 'LIMIT', 'MEMORY'),
  'limit-output': (context) =>
    withoutGrowth(context, 256 * MIB, async () => expectOutcome(await call(context), 'LIMIT', 'OUTPUT')),
  'limit-stack': (context) =>
    withoutGrowth(context, 128 * MIB, async () => expectOutcome(await call(context), 'LIMIT', 'STACK')),
  bounded: async (context) => {
    const result = await call(context);
    const pages = Number(result.value);
    return expectOutcome(result, 'OK') ?? (pages <= MEMORY_PAGES ? undefined : `it got ${pages} pages`);
  },
  dropped: async (context) => {
    const result = await call(context);
    const id = idOf(context.name);
    const metrics = await context.server.metrics();
    const dropped = Number(
      new RegExp(`^hal9_guest_log_dropped_lines_total\\{plugin="${id}"\\} (\\d+)`, 'm').exec(metrics)?.[1] ?? 0,
    );
    return (
      expectOutcome(result, 'OK') ?? (dropped >= 19_000 ? undefined : `only ${dropped} of 20,000 lines were dropped`)
    );
  },
  denied: async (context) => {
    const result = await call(context);
    return expectOutcome(result, 'OK') ?? (result.value === '0' ? undefined : `it saw ${result.value}`);
  },
  'load-fails': async ({ client, name }) => reasonOf(client.activatePlugin(name), 'PLUGIN_LOAD_FAILED'),
  'queue-full': async (context) => {
    const calls = Array.from({ length: 400 }, () =>
      call(context).then(
        () => 'OK',
        (error: unknown) => reason(error),
      ),
    );
    const reasons = await Promise.all(calls);
    const refused = reasons.filter((found) => found === 'QUEUE_FULL').length;
    return refused > 0 ? undefined : `none of ${calls.length} calls was refused`;
  },
};

/**
 * The others meet a second wall: a start that spins runs out of fuel, a huge answer is refused where it is encoded, a wild
 * address is outside of JavaScript's view of the memory too, and a layer is checked again as a part of the message.
 */
const DEFENCE_OF: Record<string, Defence> = {
  'spin.limit-deadline': 'deadline',
  'hold-host-call.limit-deadline': 'deadline',
  'trap-and-remember.trap-and-forgotten': 'discard',
  'recurse.limit-stack': 'stack-cap',
  'grow-memory.bounded': 'memory-cap',
  'flood-log.dropped': 'log-cap',
  'exit-and-catch.trap': 'exit',
  'answer-broken-utf8.trap': 'utf8',
  'amplify.limit-output': 'output-budget',
  'slow.queue-full': 'queue-bound',
  'realloc-wild.trap': 'pointers',
  'realloc-misaligned.trap': 'pointers',
  'answer-misaligned.trap': 'pointers',
  'answer-bad-discriminant.trap': 'discriminants',
  'answer-bad-error-code.trap': 'discriminants',
  'realloc-calls-the-host.trap': 're-entrance',
  'read-clock.denied': 'grants',
  'read-environment.denied': 'grants',
};

/** One attack for each guest in its folder. */
export function guestAttacks(): Attack[] {
  return readdirSync(FOLDER).map((file) => {
    const name = file.replace(/\.wat$/, '');
    const [title = '', expectation = ''] = name.split('.');
    const check = CHECKS[expectation];
    if (check === undefined) throw new Error(`${file}: nothing checks for "${expectation}"`);
    return { id: `guests/${title}`, defence: DEFENCE_OF[name], run: (server) => runGuest(server, file, name, check) };
  });
}

async function runGuest(server: ServerProcess, file: string, name: string, check: Check): Promise<string | undefined> {
  const client = server.connect(CALL_MS);
  const wat = readFileSync(join(FOLDER, file), 'utf8');
  const neuron = wat.includes('hal9:plugin/neuron@');
  try {
    // What it asks for it is denied.
    const requirements = { required_permissions: ['SystemTime', { SystemEnv: 'PATH' }] };
    const bytes = await packWat({ name, wat, capabilities: [neuron ? ATTACK_NEURON : ATTACK_TOOL], requirements });
    await client.installPlugin(bytes, { decisions: { rest: 'REST_DENY' } });
    if (!name.endsWith('.load-fails')) await client.activatePlugin(name);
    const fault = await check({ client, server, name, neuron });
    if (!server.running) return 'the server ended';
    return fault;
  } catch (error) {
    return reason(error);
  } finally {
    await client.deactivatePlugin(name).catch(() => undefined);
    await client.uninstallPlugin(name).catch(() => undefined);
    client.close();
  }
}

async function call({
  client,
  name,
  neuron,
}: {
  client: Client;
  name: string;
  neuron: boolean;
}): Promise<PluginResult> {
  const { plugin } = await client.getPlugin(name);
  const pluginId = plugin?.ref?.id ?? '';
  if (!neuron) return resultOf((await client.invokeTool({ tool: 'attack', pluginId })).result);
  const { results } = await client.processSignal({ signal: { layer: 'L2', content: 'attack' }, pluginId });
  return resultOf(results[0]);
}

function resultOf(result: PluginResult | null | undefined): PluginResult {
  if (result === null || result === undefined) throw new Error('the answer has no result');
  return result;
}

function expectOutcome(result: PluginResult, outcome: string, limit = 'LIMIT_UNSPECIFIED'): string | undefined {
  if (result.outcome === outcome && result.limit === limit) return undefined;
  return `expected ${outcome} ${limit}, found ${result.outcome} ${result.limit}: ${result.error?.message ?? result.value.slice(0, 80)}`;
}

/** The server must not have grown by more than so much while the attack ran; looked at every few milliseconds. */
async function withoutGrowth(
  { server }: { server: ServerProcess },
  maxBytes: number,
  attack: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const before = await server.rss();
  let most = before;
  const timer = setInterval(() => {
    server.rss().then(
      (now) => (most = Math.max(most, now)),
      () => undefined,
    );
  }, 5);
  try {
    const fault = await attack();
    most = Math.max(most, await server.rss());
    const grownMib = Math.round((most - before) / MIB);
    return fault ?? (most - before <= maxBytes ? undefined : `the server grew by ${grownMib} MiB`);
  } finally {
    clearInterval(timer);
  }
}

async function reasonOf(action: Promise<unknown>, expected: string): Promise<string | undefined> {
  const found = await action.then(() => 'no refusal', reason);
  return found === expected ? undefined : `expected ${expected}, found ${found}`;
}

function reason(error: unknown): string {
  if (error instanceof CallError) return error.reason === '' ? `${error.code}: ${error.message}` : error.reason;
  return error instanceof Error ? error.message : String(error);
}

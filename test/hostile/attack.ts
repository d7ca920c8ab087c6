/**
 * The attack suite: `npm run attack -- [--only ID] [--json FILE] [--disable DEFENCE [--own]] [--bite]`.
 *
 * Runs every attack against a real server while a bystander works beside it, and ends with `N held, 0 broken`. With
 * `--disable` one defence is taken out of the build, and its attacks (`--own`: these alone) must be reported as broken;
 * `--bite` does that for every defence in turn.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Defence } from '../../src/protocol/defences.js';
import { ServerProcess } from '../harness/server-process.js';
import { auditAttacks } from './audit-attack.js';
import { bite, type Report } from './bite.js';
import { boundaryAttacks } from './boundary-attack.js';
import { buildWithout, DEFENCES, prepareTemplate } from './build-without.js';
import { Bystander } from './bystander.js';
import { directoryAttacks } from './directory-attacks.js';
import { errorAttacks } from './error-attack.js';
import { filesAttacks, filesFlags } from './files-attack.js';
import { floodAttacks } from './flood-attack.js';
import { grantsAttacks } from './grants-attacks.js';
import { type Attack, GUEST_FLAGS, guestAttacks } from './guest-attacks.js';
import { messagesAttacks } from './messages-attack.js';
import { networkAttacks } from './network-attack.js';
import { packageAttacks } from './package-attacks.js';
import { quotaAttacks } from './quota-attack.js';
import { signatureAttacks } from './signature-attacks.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    disable: { type: 'string' },
    own: { type: 'boolean', default: false },
    prepared: { type: 'boolean', default: false },
    bite: { type: 'boolean', default: false },
  },
});

const allAttacks = (): Attack[] => [
  ...guestAttacks(),
  ...packageAttacks(),
  ...directoryAttacks,
  ...grantsAttacks,
  ...errorAttacks,
  ...boundaryAttacks,
  ...networkAttacks,
  ...messagesAttacks,
  ...filesAttacks,
  ...floodAttacks,
  ...quotaAttacks,
  ...auditAttacks,
  ...signatureAttacks,
];

if (values.bite) {
  prepareTemplate();
  process.exitCode = (await bite(fileURLToPath(import.meta.url))) ? 0 : 1;
} else process.exitCode = await once();

async function once(): Promise<number> {
  const disabled = values.disable === undefined ? undefined : defenceOf(values.disable);
  const attacks = allAttacks().filter((attack) => isWanted(attack) && (!values.own || isProof(attack, disabled)));
  if (attacks.length === 0) throw new Error(`no attack is called "${values.only ?? disabled}"`);
  // Those that `--bite` starts share the one that it has made.
  if (disabled !== undefined && !values.prepared) prepareTemplate();
  const report = await run(attacks, disabled);
  for (const { id, held, detail } of report.attacks)
    console.log(`${held ? 'held  ' : 'BROKEN'}  ${id}${detail === '' ? '' : `: ${detail}`}`);
  const { calls, wrong } = report.bystander;
  for (const answer of wrong.slice(0, 5)) console.log(`the bystander got ${answer}`);
  console.log(`bystander: calls ${calls}, wrong ${wrong.length}`);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  const broken = report.attacks.filter(({ held }) => !held).length;
  console.log(`${report.attacks.length - broken} held, ${broken} broken`);
  return broken === 0 && wrong.length === 0 ? 0 : 1;
}

/** What must succeed while this defence is taken out. */
function isProof({ defence, byChance = false }: Attack, disabled: Defence | undefined): boolean {
  return defence === disabled && !byChance;
}

function isWanted({ id }: Attack): boolean {
  return values.only === undefined || id === values.only || id.startsWith(`${values.only}/`);
}

async function run(attacks: readonly Attack[], disabled: Defence | undefined): Promise<Report> {
  const dist = disabled === undefined ? 'dist' : buildWithout(disabled);
  const server = await ServerProcess.start({ dist, flags: [...GUEST_FLAGS, ...filesFlags()] });
  const client = server.connect(10_000);
  const bystander = new Bystander(client);
  const report: Report = { disabled, attacks: [], bystander: { calls: 0, wrong: [] } };
  try {
    // While a defence is proved, its work would only take time from the attacks.
    await bystander.start(!values.own);
    for (const attack of attacks) {
      const fault = await attack.run(server).catch((error: unknown) => `it ended with ${String(error)}`);
      report.attacks.push({ id: attack.id, held: fault === undefined, detail: fault ?? '' });
      if (!server.running) break;
    }
  } finally {
    await bystander.stop();
    report.bystander = { calls: bystander.calls, wrong: bystander.wrong };
    client.close();
    await server.stop(disabled === undefined ? 'SIGTERM' : 'SIGKILL');
  }
  return report;
}

function defenceOf(name: string): Defence {
  const defence = DEFENCES.find((known) => known === name);
  if (defence === undefined) throw new Error(`expected one of ${DEFENCES.join(', ')}, found "${name}"`);
  return defence;
}

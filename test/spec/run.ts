/**
 * `npm run spec [-- --only NAME] [--verbose]`
 *
 * Runs every assertion of the WebAssembly test suite on modules as they are and metered with a huge budget, and holds the fuel
 * against the naive meter. Ends `assertions N, differ 0, skipped K`; what is skipped is listed with its reason and number.
 */
import { parseArgs } from 'node:util';
import { HostError } from '../../src/errors.js';
import { meter } from '../../src/wasm/fuel/meter.js';
import { bytesOf, type Command, readSuite, type Script, SUITE, type Value } from './script.js';
import { type Done, NotAccepted, World } from './world.js';

const { values } = parseArgs({ options: { only: { type: 'string' }, verbose: { type: 'boolean', default: false } } });

const skipped = new Map<string, number>();
const unexpected: string[] = [];
let assertions = 0;
let differ = 0;
let usedInAll = 0;
let inexact = 0;

console.log(SUITE);
for (const script of readSuite()) {
  if (values.only === undefined || script.name.includes(values.only)) runScript(script);
}
for (const [reason, count] of [...skipped].sort(([a], [b]) => a.localeCompare(b)))
  console.log(`skipped ${count}: ${reason}`);
console.log(`${unexpected.length} assertions that the engine itself does not meet, metered or not`);
if (values.verbose) for (const text of unexpected) console.log(`  ${text}`);
console.log(`fuel ${usedInAll}; in ${inexact} commands (traps in mid-code) the metered number is only an upper bound`);
const skips = [...skipped.values()].reduce((sum, count) => sum + count, 0);
console.log(`assertions ${assertions}, differ ${differ}, skipped ${skips}`);
process.exitCode = differ > 0 || assertions === 0 ? 1 : 0;

function skip(reason: string, count = 1): void {
  skipped.set(reason, (skipped.get(reason) ?? 0) + count);
}

function runScript(script: Script): void {
  if (script.textOnly > 0) skip('about the text format alone', script.textOnly);
  const linked = script.commands.some((command) => command.do === 'register');
  const worlds = {
    plain: new World('plain', linked),
    metered: new World('metered', linked),
    naive: new World('naive', linked),
  };
  for (const command of script.commands) {
    try {
      runCommand(script, command, worlds);
    } catch (error) {
      if (!(error instanceof NotAccepted))
        throw new Error(`${script.name}:${command.line}: ${String(error)}`, { cause: error });
      if (isAssertion(command)) skip(reasonOf(script, error.message));
    }
  }
}

function isAssertion(command: Command): boolean {
  return !['module', 'define', 'instance', 'register'].includes(command.do);
}

/** Refusals name an offset, which would make each of them a reason of its own. */
function reasonOf(script: Script, message: string): string {
  if (message === 'the engine does not accept it' || message === 'its module was not accepted') {
    return `${script.name.split('/')[0]}: its module is not accepted by this engine, or refused`;
  }
  return message.replace(/ at byte \d+/, '');
}

interface Worlds {
  readonly plain: World;
  readonly metered: World;
  readonly naive: World;
}

function runCommand(script: Script, command: Command, worlds: Worlds): void {
  const at = `${script.name}:${command.line}`;
  const each = (work: (world: World) => Done): void => {
    const done = [worlds.plain, worlds.metered, worlds.naive].map(work);
    compare(at, command, done, worlds.naive.lostCounter);
  };
  switch (command.do) {
    case 'module':
      return each((world) => world.instantiate(bytesOf(command.wasm as string), command.id, true));
    case 'define':
      for (const world of [worlds.plain, worlds.metered, worlds.naive])
        world.define(command.id, command.wasm as string);
      return;
    case 'instance':
      return each((world) => world.instantiateDefinition(command.module, command.id));
    case 'register':
      for (const world of [worlds.plain, worlds.metered, worlds.naive])
        world.register(command.name as string, command.id);
      return;
    case 'invalid':
      return checkInvalid(at, bytesOf(command.wasm as string));
    case 'unlinkable':
      return each((world) => world.instantiate(bytesOf(command.wasm as string), undefined, false));
    case 'return':
    case 'trap':
    case 'exhaustion':
    case 'exception':
    case 'action':
      return each((world) => world.execute(command.exec ?? {}));
    default:
      skip(`${script.name.split('/')[0]}: ${command.do}`);
  }
}

function checkInvalid(at: string, bytes: Uint8Array): void {
  if (WebAssembly.validate(bytes)) return skip('said to be invalid, but this engine accepts it');
  assertions++;
  try {
    meter(bytes);
  } catch (error) {
    if (error instanceof HostError && error.reason !== 'INTERNAL') return;
    report(at, `an invalid module made the meter throw ${String(error)}`);
    return;
  }
  report(at, 'an invalid module was metered');
}

function report(at: string, message: string): void {
  differ++;
  console.log(`${at}: ${message}`);
}

function compare(at: string, command: Command, done: readonly Done[], lostCounter: boolean): void {
  const [plain, metered, naive] = done as [Done, Done, Done];
  if (isAssertion(command)) assertions++;
  const expected = meets(command, plain.outcome);
  if (isAssertion(command) && !expected)
    unexpected.push(`${at}: expected ${command.do} ${JSON.stringify(command.results ?? '')}, found ${plain.outcome}`);
  for (const [way, other] of [
    ['metered', metered],
    ['naive', naive],
  ] as const) {
    if (other.outcome === plain.outcome) continue;
    // Any NaN will do where the suite says so.
    if (expected && meets(command, other.outcome) && other.outcome.startsWith('value')) continue;
    return report(at, `plain: ${plain.outcome}; ${way}: ${other.outcome}`);
  }
  if (metered.outcome === 'exhaustion') return;
  usedInAll += naive.used;
  if (!metered.exact || lostCounter) inexact++;
  const exact = metered.exact && !lostCounter;
  const agrees = exact ? metered.used === naive.used : metered.used >= naive.used;
  if (!agrees) report(at, `fuel: metered ${metered.used}, naive ${naive.used} (${plain.outcome})`);
}

/** Whether an outcome is what the suite expects. */
function meets(command: Command, outcome: string): boolean {
  switch (command.do) {
    case 'return': {
      if (!outcome.startsWith('value ')) return false;
      const found = outcome.slice('value '.length).replace(/^\[|\]$/g, '');
      const results = command.results ?? [];
      const parts = found.split(' ');
      if (results.length === 0) return found === 'undefined' || found === '';
      if (results.some(([type]) => !['i32', 'i64', 'f32', 'f64', 'v128'].includes(type))) return true;
      return (
        results.length === parts.length && results.every((result, index) => meetsValue(result, parts[index] as string))
      );
    }
    case 'trap':
      return outcome.startsWith('trap') || outcome === 'link';
    case 'exhaustion':
    case 'exception':
      return outcome === command.do;
    case 'unlinkable':
      return outcome === 'link';
    default:
      return true;
  }
}

function meetsValue([type, text]: Value, found: string): boolean {
  const bits = text as string;
  const view = new DataView(new ArrayBuffer(8));
  if (/^[0-9a-f]{32}$/.test(found) && type === 'v128')
    return [...bits].every((digit, index) => digit === '.' || digit === found[index]);
  if (found.length === 32) return true;
  switch (type) {
    case 'i32':
      return Number(bits) >>> 0 === Number(found) >>> 0;
    case 'i64':
      return BigInt(bits) === BigInt.asUintN(64, BigInt(found));
    case 'f32':
      if (bits !== 'nan') view.setUint32(0, Number(bits));
      return bits === 'nan' ? found === 'NaN' : Object.is(view.getFloat32(0), Number(found)) || found === 'NaN';
    case 'f64':
      if (bits !== 'nan') view.setBigUint64(0, BigInt(bits));
      return bits === 'nan' ? found === 'NaN' : Object.is(view.getFloat64(0), Number(found)) || found === 'NaN';
    default:
      return false;
  }
}

import type { Cost, PluginError, PluginResult, Signal } from '../client/messages.js';
import { layOutJson } from './json-layout.js';
import { bytesText, grouped, printLine, timeText } from './output.js';

/**
 * What one plugin made of one call, for a person.
 *
 * @param requestId under which the server's log has what the guest wrote
 */
export function printResult(result: PluginResult, requestId: string): void {
  const { plugin, outcome, limit, signals, value, error, cost } = result;
  const name = plugin === null ? 'plugin' : `${plugin.name} ${plugin.version}`;
  printLine(`${name}: ${outcome}${limit === 'LIMIT_UNSPECIFIED' ? '' : ` (${limit})`}`);
  if (error !== null) for (const line of errorLines(error)) printLine(line);
  for (const signal of signals) printSignal(signal);
  if (value !== '') printIndented(layOutJson(value));
  if (cost !== null) printLine(`  cost: ${costText(cost)}`);
  if (outcome === 'TRAP')
    printLine(
      `  what it wrote before is in the server's log: "source":"guest" and "requestId":${JSON.stringify(requestId)}`,
    );
}

/** An error for a person. Where the host says where the guest was, frames get a line each; other details stay as they are. */
export function errorLines({ code, message, details }: PluginError): string[] {
  const { backtrace, rest } = splitDetails(details);
  const first = `  ${code}: ${message}${rest === '' ? '' : ` ${rest}`}`;
  return [first, ...backtrace.flatMap(frameLines)];
}

/** What is known of a frame: see `workers/calls/backtrace.ts`. */
interface Frame {
  function?: string;
  index: number;
  offset?: number;
  again?: { frames: number; times: number };
  further?: boolean;
}

function splitDetails(details: string): { backtrace: Frame[]; rest: string } {
  const value = parsed(details);
  if (typeof value !== 'object' || value === null || !('backtrace' in value)) return { backtrace: [], rest: details };
  const { backtrace, ...others } = value as { backtrace: unknown };
  if (!Array.isArray(backtrace) || !backtrace.every(isFrame)) return { backtrace: [], rest: details };
  return { backtrace, rest: Object.keys(others).length === 0 ? '' : JSON.stringify(others) };
}

function isFrame(value: unknown): value is Frame {
  return typeof value === 'object' && value !== null && 'index' in value && typeof value.index === 'number';
}

/** A frame, and how many more of the same there are: recursion stands there once. */
function frameLines(frame: Frame): string[] {
  const line = `    at ${frameText(frame)}`;
  const { frames, times } = frame.again ?? { frames: 0, times: 0 };
  const same = frames === 1 ? 'of the same' : `of these ${frames} in turn`;
  return [
    line,
    ...(times > 0 ? [`    … ${grouped(frames * times)} more ${same}`] : []),
    ...(frame.further === true ? ['    … and what called them, which was not looked at'] : []),
  ];
}

/** `name (function 12, byte 0x1a2b)` */
function frameText({ function: name, index, offset }: Frame): string {
  const place = `function ${index}${offset === undefined ? '' : `, byte 0x${offset.toString(16)}`}`;
  return name === undefined ? place : `${name} (${place})`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function printSignal(signal: Signal): void {
  const to = signal.layer === 'LAYER_UNSPECIFIED' ? '' : ` to ${signal.layer}`;
  printLine(`  signal${to}${signal.type === '' ? '' : ` of type ${signal.type}`}`);
  if (signal.content !== '') printIndented(layOutJson(signal.content));
  for (const [key, value] of Object.entries(signal.metadata)) printLine(`    ${key} = ${value}`);
}

function printIndented(text: string): void {
  for (const line of text.split('\n')) printLine(`    ${line}`);
}

function costText(cost: Cost): string {
  const parts = [
    `${timeText(cost.guestTimeUs)} in the guest`,
    `${timeText(cost.queueTimeUs)} waiting`,
    `${bytesText(cost.memoryBytes)} of memory`,
  ];
  if (cost.memoryGrowthBytes !== '0') parts.push(`grown by ${bytesText(cost.memoryGrowthBytes)}`);
  const called = cost.calledFuel === '0' ? '' : ` (${grouped(cost.calledFuel)} of it in plugins that it called)`;
  if (cost.fuel !== undefined) parts.push(`${grouped(cost.fuel)} fuel${called}`);
  return parts.join(', ');
}

import type { Cost, PluginResult, Signal } from '../client/messages.js';
import { bytesText, printLine, timeText } from './output.js';

/** What one plugin made of one call, for a person. */
export function printResult(result: PluginResult): void {
  const { plugin, outcome, limit, signals, value, error, cost } = result;
  const name = plugin === null ? 'plugin' : `${plugin.name} ${plugin.version}`;
  printLine(`${name}: ${outcome}${limit === 'LIMIT_UNSPECIFIED' ? '' : ` (${limit})`}`);
  if (error !== null) printLine(`  ${error.code}: ${error.message}${error.details === '' ? '' : ` ${error.details}`}`);
  for (const signal of signals) printSignal(signal);
  if (value !== '') printIndented(prettyJson(value));
  if (cost !== null) printLine(`  cost: ${costText(cost)}`);
}

function printSignal(signal: Signal): void {
  const to = signal.layer === 'LAYER_UNSPECIFIED' ? '' : ` to ${signal.layer}`;
  printLine(`  signal${to}${signal.type === '' ? '' : ` of type ${signal.type}`}`);
  if (signal.content !== '') printIndented(prettyJson(signal.content));
  for (const [key, value] of Object.entries(signal.metadata)) printLine(`    ${key} = ${value}`);
}

/** JSON is laid out where that loses nothing, such as digits of a large number; other text stays as it is. */
function prettyJson(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, undefined, 2) : text;
  } catch {
    return text;
  }
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
  if (cost.fuel !== undefined) parts.push(`${cost.fuel} fuel`);
  return parts.join(', ');
}

import type { Guest } from '../../../../workers/abi/guest.js';
import { utf8 } from './wat-guest.js';

const text = utf8('text');
const signal = { id: text, type: text, layer: 1, source: text, content: text, metadata: [], timestamp: 0n };
const context = { pluginId: text, pluginVersion: text, hostVersion: text, config: text };
const entry = { id: text, content: text, metadata: text, timestamp: 0n };
const example = { layer: 0, input: text, expected: text, weight: 1 };
const request = { method: text, path: text, query: text, headers: [], body: text };

/** Every function that a plugin may export, called with something ordinary. */
export const CALLS: Readonly<Record<string, (guest: Guest) => unknown>> = {
  'lifecycle#load': (guest) => guest.lifecycle?.load(context),
  'lifecycle#activate': (guest) => guest.lifecycle?.activate(),
  'lifecycle#deactivate': (guest) => guest.lifecycle?.deactivate(),
  'lifecycle#unload': (guest) => guest.lifecycle?.unload(),
  'lifecycle#update-config': (guest) => guest.lifecycle?.updateConfig(text),
  'neuron#process': (guest) => guest.neuron?.process(signal),
  'neuron#export-state': (guest) => guest.neuron?.exportState(),
  'neuron#import-state': (guest) => guest.neuron?.importState(text),
  'tools#execute': (guest) => guest.tools?.execute(text, text),
  'memory-provider#store': (guest) => guest.memoryProvider?.store(entry),
  'memory-provider#retrieve': (guest) => guest.memoryProvider?.retrieve(text),
  'memory-provider#search': (guest) => guest.memoryProvider?.search(text, 10),
  'memory-provider#delete': (guest) => guest.memoryProvider?.delete(text),
  'learning#learn': (guest) => guest.learning?.learn([example, example]),
  'learning#predict': (guest) => guest.learning?.predict(0, text),
  'learning#export-state': (guest) => guest.learning?.exportState(),
  'learning#import-state': (guest) => guest.learning?.importState(text),
  'api-extension#handle': (guest) => guest.apiExtension?.handle(request),
};

/** Those that lower nothing have no use for cabi_realloc. */
export const WITHOUT_ARGUMENTS = new Set([
  'lifecycle#activate',
  'lifecycle#deactivate',
  'lifecycle#unload',
  'neuron#export-state',
  'learning#export-state',
]);

export function callOf(name: string): (guest: Guest) => unknown {
  const call = CALLS[name];
  if (call === undefined) throw new Error(`no call of "${name}"`);
  return call;
}

export function interfaceOf(name: string): string {
  return name.slice(0, name.indexOf('#'));
}

import { HostError } from '../errors.js';
import { REQUEST_LIMITS } from '../limits.js';
import type { InstalledPlugin } from './installed-plugin.js';

/** A plugin sees its configuration when it is loaded. One that it refuses is not kept: the last one goes back into service. */
export async function reconfigure(plugin: InstalledPlugin, config: string, drainMs: number): Promise<void> {
  const { config: before, active: wasActive } = plugin;
  await plugin.deactivate(drainMs);
  plugin.config = config;
  try {
    await plugin.activate();
  } catch (error) {
    plugin.config = before;
    if (wasActive) await plugin.activate();
    throw error;
  }
}

/** @throws HostError REQUEST_INVALID unless the text is one JSON object, not larger than it may be. */
export function checkConfig(text: string): string {
  if (Buffer.byteLength(text) > REQUEST_LIMITS.maxConfigBytes) {
    throw new HostError(
      'REQUEST_INVALID',
      `config: expected at most ${REQUEST_LIMITS.maxConfigBytes} bytes, found ${Buffer.byteLength(text)}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  throw new HostError('REQUEST_INVALID', 'config: expected one JSON object as text, such as {"threshold": 0.5}');
}

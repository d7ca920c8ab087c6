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

import type { Log } from '../observe/log.js';
import type { PackageStore } from '../package/store.js';
import type { Preparer } from '../prepare/prepare.js';
import type { Audit } from '../sandbox/audit/audit-event.js';
import type { PluginRuntime } from './installed-plugin.js';

/** What the plugins of a server need of its other parts. */
export interface PluginsParts {
  store: PackageStore;
  preparer: Preparer;
  /** The same, keeping nothing. */
  dryPreparer: Preparer;
  runtime: PluginRuntime;
  audit: Audit;
  log: Log;
  /** For calls under way when a plugin is taken out of service. */
  drainMs: number;
  /** A plugin was uninstalled. */
  forgotten(id: string): void | Promise<void>;
}

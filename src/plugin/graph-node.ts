import type { Manifest } from '../package/manifest.js';
import type { GraphPlugin } from './dependencies.js';

/** A plugin as a graph of dependencies has it. */
export function nodeOf({ metadata }: Manifest): GraphPlugin {
  const { id, name, version, requirements } = metadata;
  const dependencies = requirements.dependencies.map(({ plugin_id: pluginId, version: range, optional }) => ({
    pluginId,
    range,
    optional,
  }));
  return { id, name, version, dependencies };
}

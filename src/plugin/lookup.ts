import { HostError } from '../errors.js';
import type { InstalledPlugin } from './installed-plugin.js';

const MAX_SUGGESTIONS = 3;

/**
 * A plugin by its id, or by its name where that is unique.
 *
 * @throws HostError PLUGIN_NOT_FOUND with what comes close, PLUGIN_AMBIGUOUS with the ids.
 */
export function lookUp(plugins: ReadonlyMap<string, InstalledPlugin>, idOrName: string): InstalledPlugin {
  const byId = plugins.get(idOrName);
  if (byId !== undefined) return byId;
  const named = [...plugins.values()].filter((plugin) => plugin.ref.name === idOrName);
  const [first] = named;
  if (first !== undefined && named.length === 1) return first;
  if (first !== undefined) {
    const ids = named.map((plugin) => plugin.ref.id).join(', ');
    throw new HostError('PLUGIN_AMBIGUOUS', `several plugins are named "${idOrName}"; use one of the ids ${ids}`);
  }
  const close = suggestions(plugins, idOrName);
  const hint = close.length === 0 ? 'install it first' : `did you mean ${close.join(', ')}?`;
  throw new HostError('PLUGIN_NOT_FOUND', `no plugin "${idOrName.slice(0, 64)}" is installed; ${hint}`);
}

function suggestions(plugins: ReadonlyMap<string, InstalledPlugin>, wanted: string): string[] {
  const text = wanted.toLowerCase();
  return [...plugins.values()]
    .filter(
      ({ ref }) =>
        ref.id.startsWith(text) || ref.name.toLowerCase().includes(text) || text.includes(ref.name.toLowerCase()),
    )
    .slice(0, MAX_SUGGESTIONS)
    .map(({ ref }) => `${ref.name} (${ref.id})`);
}

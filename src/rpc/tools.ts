import type { Dispatcher } from '../dispatch/dispatcher.js';

export interface ListToolsRequest {
  pluginId: string;
}

/** The tools of all active plugins, by name and then by plugin. */
export function listTools(dispatcher: Dispatcher, { pluginId }: ListToolsRequest): object {
  const tools = dispatcher
    .activePlugins()
    .filter((plugin) => pluginId === '' || plugin.ref.id === pluginId)
    .flatMap((plugin) => plugin.tools.map((tool) => ({ plugin: plugin.ref, ...tool })));
  // The plugins come in their order, and sorting is stable.
  tools.sort((a, b) => (a.name === b.name ? 0 : a.name < b.name ? -1 : 1));
  return { tools };
}

import type { Crew } from '../pool/crew.js';
import type { ParameterType } from '../protocol/bind.js';

export interface PluginRef {
  id: string;
  name: string;
  version: string;
}

export interface NeuronOffer {
  /** 1 to 9. */
  layer: number;
  neuronType: string;
}

export interface ToolOffer {
  name: string;
  description: string;
  parameters: readonly {
    name: string;
    type: ParameterType;
    required: boolean;
    description: string;
    /** One JSON text. */
    defaultValue?: string;
  }[];
}

/** A plugin in service: who it is, what it offers, who runs it. */
export interface ActivePlugin {
  ref: PluginRef;
  neurons: readonly NeuronOffer[];
  tools: readonly ToolOffer[];
  crew: Crew;
}

const NOBODY: readonly ActivePlugin[] = [];

/** Which active plugin offers what. Lists are ordered by plugin name, then id, so that answers are too. */
export class CapabilityRegistry {
  readonly #plugins = new Map<string, ActivePlugin>();
  #byLayer = new Map<number, ActivePlugin[]>();
  #byTool = new Map<string, ActivePlugin[]>();

  add(plugin: ActivePlugin): void {
    this.#plugins.set(plugin.ref.id, plugin);
    this.#rebuild();
  }

  remove(id: string): void {
    if (this.#plugins.delete(id)) this.#rebuild();
  }

  get(id: string): ActivePlugin | undefined {
    return this.#plugins.get(id);
  }

  all(): ActivePlugin[] {
    return [...this.#plugins.values()].sort(byName);
  }

  /** Who gets a signal for this layer; empty strings filter nothing. */
  neurons(layer: number, neuronType: string, pluginId: string): readonly ActivePlugin[] {
    const candidates = this.#byLayer.get(layer) ?? NOBODY;
    if (neuronType === '' && pluginId === '') return candidates;
    return candidates.filter(
      (plugin) =>
        (pluginId === '' || plugin.ref.id === pluginId) &&
        (neuronType === '' ||
          plugin.neurons.some((neuron) => neuron.layer === layer && neuron.neuronType === neuronType)),
    );
  }

  /** Who offers a tool; an empty id filters nothing. */
  tools(name: string, pluginId: string): readonly ActivePlugin[] {
    const candidates = this.#byTool.get(name) ?? NOBODY;
    return pluginId === '' ? candidates : candidates.filter((plugin) => plugin.ref.id === pluginId);
  }

  #rebuild(): void {
    this.#byLayer = new Map();
    this.#byTool = new Map();
    for (const plugin of this.all()) {
      for (const layer of new Set(plugin.neurons.map((neuron) => neuron.layer))) append(this.#byLayer, layer, plugin);
      for (const tool of plugin.tools) append(this.#byTool, tool.name, plugin);
    }
  }
}

function append<K>(map: Map<K, ActivePlugin[]>, key: K, plugin: ActivePlugin): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [plugin]);
  else list.push(plugin);
}

/** By code units, not by locale: the order must not depend on the machine. */
function byName(a: ActivePlugin, b: ActivePlugin): number {
  if (a.ref.name !== b.ref.name) return a.ref.name < b.ref.name ? -1 : 1;
  return a.ref.id < b.ref.id ? -1 : 1;
}

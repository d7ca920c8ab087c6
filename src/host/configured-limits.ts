import type { LimitRules } from '../config/plugin-limits.js';
import { DEFAULT_LIMITS, type PluginLimits } from '../limits/plugin-limits.js';

const EVERYBODY = '*';

/** The section `limits` of the configuration file: what plugins may use instead of the defaults. */
export class ConfiguredLimits {
  #rules: LimitRules;
  /** Made once for each plugin, so that a rate that has not changed is the same object. */
  readonly #tables = new Map<string, PluginLimits>();

  constructor(rules: LimitRules = {}) {
    this.#rules = rules;
  }

  /** Another configuration has been read. */
  replace(rules: LimitRules): void {
    this.#rules = rules;
    this.#tables.clear();
  }

  /** Of one plugin, as they are whenever they are read. */
  of(pluginId: string): PluginLimits {
    const table = (): PluginLimits => this.#tableOf(pluginId);
    return {
      get rates() {
        return table().rates;
      },
      get quotas() {
        return table().quotas;
      },
    };
  }

  /** What holds where no plugin is named: of what plugins share. */
  ofAll(): PluginLimits {
    return this.of(EVERYBODY);
  }

  /** What is said of this plugin, else what is said of all, else the default. */
  #tableOf(pluginId: string): PluginLimits {
    const known = this.#tables.get(pluginId);
    if (known !== undefined) return known;
    const [all, own] = [this.#rules[EVERYBODY], this.#rules[pluginId]];
    const table = {
      rates: { ...DEFAULT_LIMITS.rates, ...all?.rates, ...own?.rates },
      quotas: { ...DEFAULT_LIMITS.quotas, ...all?.quotas, ...own?.quotas },
    };
    this.#tables.set(pluginId, table);
    return table;
  }
}

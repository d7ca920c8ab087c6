import type { ConfiguredLimits } from './configured-limits.js';
import { Rates } from './rates.js';

/** The rates of each plugin. They go on while it is out of service, so that a restart gives it nothing. */
export class PluginRates {
  readonly #limits: ConfiguredLimits;
  readonly #rates = new Map<string, Rates>();

  constructor(limits: ConfiguredLimits) {
    this.#limits = limits;
  }

  of(pluginId: string): Rates {
    const known = this.#rates.get(pluginId);
    if (known !== undefined) return known;
    const rates = new Rates(undefined, this.#limits.of(pluginId));
    this.#rates.set(pluginId, rates);
    return rates;
  }

  /** It has been uninstalled. */
  forget(pluginId: string): void {
    this.#rates.delete(pluginId);
  }
}

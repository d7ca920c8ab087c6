import type { GrantRules } from '../config/grants.js';
import type { Rule } from './decisions.js';

const NOTHING: Rule = { grant: [], deny: [] };

/** The section `grants` of the configuration file: what the operator has decided before anything is installed. */
export class ConfiguredGrants {
  #rules: GrantRules;

  constructor(rules: GrantRules = {}) {
    this.#rules = rules;
  }

  /** Another configuration has been read. */
  replace(rules: GrantRules): void {
    this.#rules = rules;
  }

  /** What is said of this plugin, together with what is said of all. */
  of(pluginId: string): Rule {
    const [all, own] = [this.#find('*'), this.#find(pluginId)];
    return { grant: [...all.grant, ...own.grant], deny: [...all.deny, ...own.deny] };
  }

  #find(key: string): Rule {
    return Object.hasOwn(this.#rules, key) ? (this.#rules[key] ?? NOTHING) : NOTHING;
  }
}

import type { HostError } from '../errors.js';
import { stands } from '../protocol/defences.js';
import { type SignedPlugin, type Standing, standingOf } from './standing.js';
import type { KeyRing } from './trusted-key.js';

/** Whether a plugin may run, by who signed it. */
export class Trust {
  /** In development mode, what nobody trusted has signed may run. */
  readonly development: boolean;
  readonly #keys: { readonly ring: KeyRing };

  constructor(keys: { readonly ring: KeyRing }, development: boolean) {
    this.#keys = keys;
    this.development = development;
  }

  standing(plugin: SignedPlugin): Standing {
    return standingOf(plugin, this.#keys.ring);
  }

  /** Why a plugin may not run here, or undefined where it may. Development mode overlooks no key that was revoked. */
  refusal(plugin: SignedPlugin): HostError | undefined {
    const { refusal } = this.standing(plugin);
    if (!stands('trust')) return undefined;
    return this.development && refusal?.reason !== 'KEY_REVOKED' ? undefined : refusal;
  }
}

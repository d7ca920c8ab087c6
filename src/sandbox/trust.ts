import type { HostError } from '../errors.js';
import { stands } from '../protocol/defences.js';
import { isOtherPublisher } from './signature-refusals.js';
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

  /**
   * Why a package may not take the place of what is installed, or undefined where it may: one of the trusted keys that signed the
   * one must have signed the other. Where those keys are trusted no more, any trusted key will do.
   */
  succession(before: SignedPlugin, next: SignedPlugin): HostError | undefined {
    const { signers } = this.standing(before);
    if (this.development || signers.length === 0 || !stands('trust')) return undefined;
    const signed = new Set(this.standing(next).signers.map(({ keyId }) => keyId));
    return signers.some(({ keyId }) => signed.has(keyId)) ? undefined : isOtherPublisher(next, signers);
  }
}

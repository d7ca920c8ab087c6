import { randomFillSync } from 'node:crypto';
import type { HostRandom } from '../abi/host-services.js';

/** What is drawn from the system at once for `next`. */
const POOL_BYTES = 1_024;

/** Random numbers of a guest that was granted SystemRandom: the operating system's, in all calls from which they are not withheld. */
export class SystemRandom implements HostRandom {
  readonly #maxBytes: number;
  #seeded: SeededRandom | undefined;
  #withheld: SeededRandom | undefined;
  readonly #pool = new DataView(new ArrayBuffer(POOL_BYTES));
  #used = POOL_BYTES;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  beginCall(withheld = false): void {
    if (withheld) this.#seeded ??= new SeededRandom(this.#maxBytes);
    this.#withheld = withheld ? this.#seeded : undefined;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.#maxBytes));
    this.fill(bytes);
    return bytes;
  }

  next(): bigint {
    if (this.#withheld !== undefined) return this.#withheld.next();
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const value = this.#pool.getBigUint64(this.#used, true);
    this.#used += 8;
    return value;
  }

  fill(bytes: Uint8Array): void {
    if (this.#withheld === undefined) randomFillSync(bytes);
    else this.#withheld.fill(bytes);
  }
}

/**
 * Random numbers of a guest that was not: xoshiro128** (Blackman and Vigna 2018) over a seed of 128 bits that the instance gets
 * once. All of them follow from the seed, so that what an instance did can be repeated from it; the seed differs between
 * instances, so that nobody can choose keys that collide in a guest's hash tables. Not for secrets, as the SDKs say.
 */
export class SeededRandom implements HostRandom {
  readonly #maxBytes: number;
  readonly #state: Uint32Array;

  /** @param seed 4 words, not all of them 0 */
  constructor(maxBytes: number, seed: Uint32Array = randomFillSync(new Uint32Array(4))) {
    this.#maxBytes = maxBytes;
    this.#state = seed.slice(0, 4);
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  beginCall(): void {
    // There is nothing that could be withheld.
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(length, this.#maxBytes));
    this.fill(bytes);
    return bytes;
  }

  next(): bigint {
    return (BigInt(this.#word()) << 32n) | BigInt(this.#word());
  }

  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = i % 4 === 0 ? this.#word() : word >>> 8;
      bytes[i] = word;
    }
  }

  #word(): number {
    const state = this.#state;
    const [a, b, c, d] = state as unknown as [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    state[1] = b ^ third;
    state[0] = a ^ fourth;
    state[2] = third ^ (b << 9);
    state[3] = rotate(fourth, 11);
    return result;
  }
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Of a call: the name of its connection. */
export interface Peer {
  getPeer(): string;
}

/**
 * Bytes of answers that clients have not taken, over all connections: a client that asks and does not read makes the
 * server hold what it asked for. When they are too many, the connection that has the most of them is closed.
 */
export class Unsent {
  readonly #maxBytes: number;
  readonly #disconnect: (peer: string) => void;
  readonly #held = new Set<Held>();
  #bytes = 0;

  constructor(maxBytes: number, disconnect: (peer: string) => void) {
    this.#maxBytes = maxBytes;
    this.#disconnect = disconnect;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts for a call, until `release`. */
  hold(call: Peer): Held {
    const held = new Held(
      call,
      (bytes) => this.#add(bytes),
      () => this.#held.delete(held),
    );
    this.#held.add(held);
    return held;
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    if (bytes > 0 && this.#bytes > this.#maxBytes) this.#shed();
  }

  /** Names are asked for only here: this is rare, calls are not. */
  #shed(): void {
    const peers = new Map<string, Held[]>();
    for (const held of this.#held) {
      const peer = held.call.getPeer();
      const known = peers.get(peer);
      if (known === undefined) peers.set(peer, [held]);
      else known.push(held);
    }
    let worst: [peer: string, held: Held[], bytes: number] = ['', [], -1];
    for (const [peer, held] of peers) {
      const bytes = held.reduce((sum, one) => sum + one.bytes, 0);
      if (bytes > worst[2]) worst = [peer, held, bytes];
    }
    const [peer, held] = worst;
    // Released first: what its end frees is free for the others at once.
    for (const one of held) one.release();
    this.#disconnect(peer);
  }
}

/** What one call has unsent. */
export class Held {
  readonly call: Peer;
  readonly #add: (bytes: number) => void;
  readonly #forget: () => void;
  #bytes = 0;
  #released = false;

  constructor(call: Peer, add: (bytes: number) => void, forget: () => void) {
    this.call = call;
    this.#add = add;
    this.#forget = forget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param bytes Negative for what was sent. */
  add(bytes: number): void {
    if (this.#released) return;
    this.#bytes += bytes;
    this.#add(bytes);
  }

  /** The call has ended, whatever became of its answers. */
  release(): void {
    if (this.#released) return;
    this.add(-this.#bytes);
    this.#released = true;
    this.#forget();
  }
}

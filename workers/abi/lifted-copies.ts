import { ByteCopies } from './byte-copies.js';

/** What an export returned is kept for as long as anybody likes; much of it is short. */
const RESULT_CHUNK_BYTES = 16_384;
const RESULT_POOLED_BYTES = RESULT_CHUNK_BYTES / 4;
/** What one host call was given, nearly always. */
const ARGUMENT_CHUNK_BYTES = 32_768;

/**
 * Copies of what is lifted. Those of a host call's arguments are valid until the next host call: a flood of them leaves nothing
 * behind that other threads would have to collect.
 */
export class LiftedCopies {
  readonly #results = new ByteCopies(RESULT_CHUNK_BYTES, RESULT_POOLED_BYTES);
  readonly #arguments = new ByteCopies(ARGUMENT_CHUNK_BYTES, ARGUMENT_CHUNK_BYTES);
  #now = this.#results;

  /** What follows belongs to a result. */
  beginResult(): void {
    this.#now = this.#results;
  }

  /** What follows are a host call's arguments. */
  beginHostCall(): void {
    this.#now = this.#arguments;
    this.#now.reuse();
  }

  /** Undefined when the bytes are not UTF-8. */
  text(memory: DataView, start: number, size: number): Uint8Array | undefined {
    return this.#now.text(memory, start, size);
  }

  bytes(memory: DataView, start: number, size: number): Uint8Array {
    return this.#now.bytes(memory, start, size);
  }
}

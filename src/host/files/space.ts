import { stands } from '../../protocol/defences.js';
import type { SpaceOrder } from './backend.js';
import { FileFault } from './file-fault.js';

/** What a plugin has, or has added: kept by the difference that each operation makes. */
export class Space {
  #bytes: number;
  #entries: number;

  constructor(has = { bytes: 0, entries: 0 }) {
    this.#bytes = has.bytes;
    this.#entries = has.entries;
  }

  get used(): { bytes: number; entries: number } {
    return { bytes: this.#bytes, entries: this.#entries };
  }

  /** @throws FileFault where that would be more than there may be; then nothing has been added */
  add(bytes: number, entries: number, { maxBytes, maxEntries }: SpaceOrder): void {
    const [all, many] = [this.#bytes + bytes, this.#entries + entries];
    if (stands('file-quota')) {
      if (bytes > 0 && all > maxBytes)
        throw new FileFault({ outcome: 'full', of: 'bytes', used: this.#bytes, max: maxBytes });
      if (entries > 0 && many > maxEntries)
        throw new FileFault({ outcome: 'full', of: 'entries', used: this.#entries, max: maxEntries });
    }
    this.#set(all, many);
  }

  /** It is there no more. Who removes what others have made has not added less than nothing. */
  release(bytes: number, entries: number): void {
    this.#set(this.#bytes - bytes, this.#entries - entries);
  }

  #set(bytes: number, entries: number): void {
    this.#bytes = Math.max(0, bytes);
    this.#entries = Math.max(0, entries);
  }
}

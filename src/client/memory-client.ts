import type { CallSettings } from './client.js';
import type {
  ExportMemoryResponse,
  GetMemoryEntryResponse,
  ListMemoriesResponse,
  ListMemoryKeysResponse,
} from './messages.js';

/** Sends a request to a method of `MemoryInspection`. */
type Send = <Reply>(method: string, request: object, settings?: CallSettings) => Promise<Reply>;

/** What plugins keep. `memory` is a plugin's id or name, or `shared:NAME`. */
export class MemoryClient {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  list(settings?: CallSettings): Promise<ListMemoriesResponse> {
    return this.#send('ListMemories', {}, settings);
  }

  keys(
    request: { memory: string; prefix?: string; after?: string; limit?: number },
    settings?: CallSettings,
  ): Promise<ListMemoryKeysResponse> {
    return this.#send('ListMemoryKeys', request, settings);
  }

  get(request: { memory: string; key: string }, settings?: CallSettings): Promise<GetMemoryEntryResponse> {
    return this.#send('GetMemoryEntry', request, settings);
  }

  /** A page of entries. */
  export(
    request: { memory: string; prefix?: string; after?: string },
    settings?: CallSettings,
  ): Promise<ExportMemoryResponse> {
    return this.#send('ExportMemory', request, settings);
  }
}

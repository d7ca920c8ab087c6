import { countField } from '../../src/protocol/host-calls.js';
import type { Entry, Memory } from '../abi/generated/memory.js';
import type { Result } from '../abi/result.js';
import { ask, type Line } from './ask.js';

/** Answers `hal9:plugin/memory` by asking the main thread. Everything is decided there. */
export class AskedMemory implements Memory {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  get(key: Uint8Array): Result<Uint8Array | undefined> {
    return ask(this.#line, 'memory.get', [key], ([value]) => value);
  }

  set(key: Uint8Array, value: Uint8Array): Result<void> {
    return ask(this.#line, 'memory.set', [key, value], () => undefined);
  }

  delete(key: Uint8Array): Result<boolean> {
    return ask(this.#line, 'memory.delete', [key], ([gone]) => gone?.[0] === 1);
  }

  listEntries(prefix: Uint8Array, limit: number): Result<Entry[]> {
    return ask(this.#line, 'memory.list', [prefix, countField(limit)], entriesOf);
  }

  search(query: Uint8Array, limit: number): Result<Entry[]> {
    return ask(this.#line, 'memory.search', [query, countField(limit)], entriesOf);
  }
}

function entriesOf(fields: readonly Uint8Array[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    entries.push({ key: fields[i] as Uint8Array, value: fields[i + 1] as Uint8Array });
  }
  return entries;
}

import { countField, type HostOperation, type ReceivedAnswer } from '../../src/protocol/host-calls.js';
import { ERROR_CODE } from '../../src/protocol/outcomes.js';
import type { Entry, Memory } from '../abi/generated/memory.js';
import type { PluginError } from '../abi/generated/types.js';
import type { Result } from '../abi/result.js';
import type { HostLine } from './host-line.js';

const encoder = new TextEncoder();

/** Answers `hal9:plugin/memory` by asking the main thread. Everything is decided there. */
export class AskedMemory implements Memory {
  readonly #line: Pick<HostLine, 'ask'> | undefined;

  /** @param line undefined where nobody can be asked */
  constructor(line: Pick<HostLine, 'ask'> | undefined) {
    this.#line = line;
  }

  get(key: Uint8Array): Result<Uint8Array | undefined> {
    return this.#ask('memory.get', [key], ([value]) => value);
  }

  set(key: Uint8Array, value: Uint8Array): Result<void> {
    return this.#ask('memory.set', [key, value], () => undefined);
  }

  delete(key: Uint8Array): Result<boolean> {
    return this.#ask('memory.delete', [key], ([gone]) => gone?.[0] === 1);
  }

  listEntries(prefix: Uint8Array, limit: number): Result<Entry[]> {
    return this.#ask('memory.list', [prefix, countField(limit)], entriesOf);
  }

  search(query: Uint8Array, limit: number): Result<Entry[]> {
    return this.#ask('memory.search', [query, countField(limit)], entriesOf);
  }

  #ask<T>(
    operation: HostOperation,
    fields: readonly Uint8Array[],
    read: (fields: readonly Uint8Array[]) => T,
  ): Result<T> {
    if (this.#line === undefined) return { ok: false, error: nobodyThere() };
    const answer = this.#line.ask(operation, fields);
    return answer.ok ? { ok: true, value: read(answer.fields) } : { ok: false, error: errorOf(answer) };
  }
}

function entriesOf(fields: readonly Uint8Array[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    entries.push({ key: fields[i] as Uint8Array, value: fields[i + 1] as Uint8Array });
  }
  return entries;
}

function errorOf({ code, message, details }: Extract<ReceivedAnswer, { ok: false }>): PluginError {
  return { code, message, details };
}

/** The contract's codes count from 0, the proto's from 1. */
function nobodyThere(): PluginError {
  const message = encoder.encode('there is no memory here');
  return { code: ERROR_CODE.NOT_IMPLEMENTED - 1, message, details: undefined };
}

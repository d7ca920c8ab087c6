/**
 * Writes limits into a module, because no setting of the engine bounds them: the maxima of all memories together, and the slots
 * of all tables together. A guest's `memory.grow` and `table.grow` beyond them answer -1.
 */

import { HostError } from '../errors.js';
import { MODULE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { PAGE_BYTES, type Size } from './item-types.js';
import type { Module } from './module.js';
import { tooMany } from './reader.js';
import { SECTION } from './sections.js';
import { unsupported } from './value-type.js';
import { Writer } from './writer.js';

export interface LimitedModule {
  readonly bytes: Uint8Array;
  /** How much further back its code stands than in the module as brought; negative where it stands further to the front. */
  readonly codeShiftBytes: number;
  /** All memories together. */
  readonly initialMemoryBytes: number;
  readonly maximumMemoryBytes: number;
}

/**
 * The module with its memories and tables bounded. Everything else is copied as it is.
 * @param memoryLimitBytes for all memories together; a part of a page does not count
 * @throws HostError MODULE_LIMIT where it begins with more than it may have; MODULE_INVALID where it imports a memory or a table
 */
export function limitModule(module: Module, memoryLimitBytes: number): LimitedModule {
  if (module.importedMemories + module.importedTables > 0) throw unsupported(0, 'an imported memory or table');
  const memories = boundMemories(module.memories, Math.floor(memoryLimitBytes / PAGE_BYTES));
  const tables = boundTables(module);
  const contents = new Map<number, Uint8Array>();
  if (memories.length > 0)
    contents.set(
      SECTION.memory,
      writeItems(memories, () => undefined),
    );
  if (tables.length > 0) {
    contents.set(
      SECTION.table,
      writeItems(tables, (writer, index) => writer.u8(module.tables[index]?.elementType as number)),
    );
  }
  const bytes = replaceSections(module, contents);
  return {
    bytes,
    // What is replaced stands before the code, all of it.
    codeShiftBytes: bytes.length - module.bytes.length,
    initialMemoryBytes: sum(memories.map((memory) => memory.initial)) * PAGE_BYTES,
    maximumMemoryBytes: sum(memories.map((memory) => memory.maximum)) * PAGE_BYTES,
  };
}

interface Bounded {
  readonly initial: number;
  readonly maximum: number;
}

/** The module's bytes with the contents of some sections replaced. */
export function replaceSections(module: Module, contents: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const writer = new Writer(module.bytes.length + 64 * MODULE_LIMITS.maxMemories);
  let copied = 0;
  for (const section of module.sections) {
    const content = contents.get(section.id);
    if (content === undefined) continue;
    writer.raw(module.bytes.subarray(copied, section.start));
    writer.section(section.id, content);
    copied = section.end;
  }
  writer.raw(module.bytes.subarray(copied));
  return writer.finish();
}

function boundMemories(memories: readonly Size[], limitPages: number): Bounded[] {
  const initial = sum(memories.map((memory) => memory.initial));
  if (initial > limitPages) {
    throw new HostError(
      'MODULE_LIMIT',
      `the module begins with ${initial} pages of memory (${initial * PAGE_BYTES} bytes); the plugin may have ${limitPages} ` +
        `(${limitPages * PAGE_BYTES} bytes): raise metadata.requirements.max_memory_mb, or have the module begin with less`,
    );
  }
  return share(memories, limitPages - initial);
}

function boundTables(module: Module): Bounded[] {
  const initial = sum(module.tables.map((table) => table.initial));
  const most = stands('module-bounds') ? MODULE_LIMITS.maxTableSlots : Infinity;
  if (initial > most) throw tooMany('table slots', initial, most);
  return share(module.tables, Math.min(most, 0xffff_ffff) - initial);
}

/** Gives each its initial size, and of the spare part as much as it declares, in their order. */
function share(sizes: readonly Size[], spare: number): Bounded[] {
  let left = spare;
  return sizes.map(({ initial, maximum }) => {
    const growth = Math.min(left, maximum === undefined ? left : maximum - initial);
    left -= growth;
    return { initial, maximum: initial + growth };
  });
}

function writeItems(items: readonly Bounded[], writeType: (writer: Writer, index: number) => void): Uint8Array {
  const writer = new Writer();
  writer.u32(items.length);
  items.forEach((item, index) => {
    writeType(writer, index);
    writer.u8(1);
    writer.u32(item.initial);
    writer.u32(item.maximum);
  });
  return writer.finish();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

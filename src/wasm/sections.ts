/**
 * The frame of a core WebAssembly module: preamble and sections (core specification, section 5.5). Nothing inside a
 * section is read here; `module.ts` does that.
 */

import { HostError } from '../errors.js';
import { MODULE_LIMITS } from '../limits.js';
import { stands } from '../protocol/defences.js';
import { malformed, Reader, tooMany } from './reader.js';

/** Section numbers. `tag` is that of the exception-handling proposal. */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

const SECTION_NAMES = new Map<number, string>(Object.entries(SECTION).map(([name, id]) => [id, name]));

/** Where each section must stand among the others; custom sections stand anywhere. */
export const SECTION_ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

const RANK = new Map<number, number>(SECTION_ORDER.map((id, rank) => [id, rank]));

const PREAMBLE_BYTES = 8;

/** One section. All offsets are those of the module. */
export interface Section {
  readonly id: number;
  /** Where its id stands. */
  readonly start: number;
  /** Where its content begins, and ends (exclusive). For a custom section, after its name. */
  readonly contentStart: number;
  readonly end: number;
  /** Of a custom section; empty for others. */
  readonly name: string;
}

/**
 * Splits a module into its sections.
 * @throws HostError NOT_IMPLEMENTED for a component; MODULE_INVALID where the frame is malformed, a section is unknown, repeated
 *   or out of order; MODULE_LIMIT where the module, the number of its custom sections or a name passes its limit.
 */
export function readSections(bytes: Uint8Array): Section[] {
  if (bytes.length > MODULE_LIMITS.maxModuleBytes) throw tooMany('bytes', bytes.length, MODULE_LIMITS.maxModuleBytes);
  checkPreamble(bytes);
  const reader = new Reader(bytes, PREAMBLE_BYTES);
  const sections: Section[] = [];
  let lastRank = -1;
  let customs = 0;
  while (!reader.done) {
    const section = readSection(reader);
    if (section.id === SECTION.custom) {
      customs++;
      if (customs > MODULE_LIMITS.maxCustomSections && stands('module-bounds'))
        throw tooMany('custom sections', customs, MODULE_LIMITS.maxCustomSections);
    } else {
      const rank = RANK.get(section.id) as number;
      if (rank <= lastRank) {
        throw malformed(section.start, `the ${sectionName(section.id)} section is repeated or out of order`);
      }
      lastRank = rank;
    }
    sections.push(section);
  }
  return sections;
}

/** The contents of all custom sections of that name, in their order, as views of `bytes`. Errors as `readSections`. */
export function customSections(bytes: Uint8Array, name: string): Uint8Array[] {
  return readSections(bytes)
    .filter((section) => section.id === SECTION.custom && section.name === name)
    .map((section) => bytes.subarray(section.contentStart, section.end));
}

/** What a section is called in messages. */
export function sectionName(id: number): string {
  return SECTION_NAMES.get(id) ?? `section ${id}`;
}

/** "\0asm", then version 1 in 16 bits and layer 0 in 16 bits; layer 1 is a component. */
function checkPreamble(bytes: Uint8Array): void {
  const magic = bytes[0] === 0x00 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
  if (!magic || bytes.length < PREAMBLE_BYTES) {
    throw malformed(0, 'expected a WebAssembly binary, which begins with the bytes 00 61 73 6d');
  }
  const version = (bytes[4] as number) | ((bytes[5] as number) << 8);
  const layer = (bytes[6] as number) | ((bytes[7] as number) << 8);
  if (layer === 1) {
    throw new HostError(
      'NOT_IMPLEMENTED',
      'expected a core WebAssembly module, found a component: this version of the server takes modules as ' +
        '`cargo build --target wasm32-wasip1` or `wasm32-unknown-unknown` writes them, before they are made into a component',
    );
  }
  if (version !== 1 || layer !== 0) {
    throw malformed(4, `expected version 1 and layer 0, found version ${version} and layer ${layer}`);
  }
}

function readSection(reader: Reader): Section {
  const start = reader.position;
  const id = reader.u8('a section id');
  if (!SECTION_NAMES.has(id)) throw malformed(start, `unknown section ${id}`);
  const length = reader.u32(`the length of the ${sectionName(id)} section`);
  const contentStart = reader.skip(length, `the ${sectionName(id)} section`);
  const end = reader.position;
  if (id !== SECTION.custom) return { id, start, contentStart, end, name: '' };
  const content = new Reader(reader.bytes, contentStart, end);
  const name = content.name('the name of a custom section', MODULE_LIMITS.maxNameBytes);
  return { id, start, contentStart: content.position, end, name };
}

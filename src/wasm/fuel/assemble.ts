/** Puts the sections of a metered module together. */

import { SECTION, SECTION_ORDER, type Section } from '../sections.js';
import { Writer } from '../writer.js';
import type { Additions } from './additions.js';
import { rewriteNames } from './name-section.js';
import type { Shape } from './shape.js';

/** "name". */
const NAME_BYTES = Uint8Array.of(0x6e, 0x61, 0x6d, 0x65);

/** Sections in their order: those rewritten, those new, and what is copied; custom sections stay before what they stood before. */
export function writeInOrder(
  shape: Shape,
  additions: Additions,
  contents: ReadonlyMap<number, Uint8Array | undefined>,
  write: (id: number, content: Uint8Array) => void,
  writer: Writer,
): void {
  const { sections, bytes } = shape;
  let rank = 0;
  const writeUpTo = (end: number): void => {
    for (; rank < end; rank++) {
      const id = SECTION_ORDER[rank] as number;
      const content = contents.get(id);
      if (content !== undefined) write(id, content);
    }
  };
  for (const section of sections) {
    if (section.id === SECTION.custom) {
      writeCustom(shape, additions, section, writer);
      continue;
    }
    const own = SECTION_ORDER.indexOf(section.id);
    writeUpTo(own);
    if (contents.has(section.id)) writeUpTo(own + 1);
    else {
      writer.raw(bytes.subarray(section.start, section.end));
      rank = own + 1;
    }
  }
  writeUpTo(SECTION_ORDER.length);
}

/** Custom sections are copied, but for the names, and for hints that are bound to offsets in the code. */
function writeCustom(shape: Shape, additions: Additions, section: Section, writer: Writer): void {
  const { bytes } = shape;
  if (section.name.startsWith('metadata.code.')) return;
  if (section.name !== 'name') return writer.raw(bytes.subarray(section.start, section.end));
  const names = rewriteNames(shape, additions, section.contentStart, section.end);
  if (names === undefined) return;
  const content = new Writer(names.length + 8);
  content.u32(4);
  content.raw(NAME_BYTES);
  content.raw(names);
  writer.section(SECTION.custom, content.finish());
}

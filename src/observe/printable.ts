/** Control characters, separators of lines, and marks that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Text of a stranger, made safe for a terminal: what could move the cursor, change colours, or forge a line is shown
 * as its escape (`\u001b`).
 *
 * @param keep Characters that stay as they are, for instance a newline.
 */
export function printable(text: string, keep = ''): string {
  return text.replace(UNPRINTABLE, (character) =>
    keep.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

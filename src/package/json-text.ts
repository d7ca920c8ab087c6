/**
 * What `JSON.parse` lets pass and a manifest may not have: a member named twice (readers disagree on which one counts), a
 * member named `__proto__`, nesting without end. One linear pass over text that `JSON.parse` has accepted.
 */

const MAX_DEPTH = 32;

interface Level {
  /** Of an object: the members seen so far. An array has none. */
  readonly members: Set<string> | undefined;
  /** Whether the next string is the name of a member. */
  atName: boolean;
  index: number;
  name: string;
}

/**
 * The first such fault with its path in the document, or undefined.
 * @param text one JSON text that has been parsed without an error
 */
export function jsonTextFault(text: string): string | undefined {
  const levels: Level[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text[position] as string;
    if (character === '"') {
      const end = endOfString(text, position);
      const fault = noteName(levels, text.slice(position, end));
      if (fault !== undefined) return fault;
      position = end;
      continue;
    }
    if ((character === '{' || character === '[') && levels.length === MAX_DEPTH) {
      return `${pathOf(levels)}: expected at most ${MAX_DEPTH} levels, found more`;
    }
    step(levels, character);
    position++;
  }
  return undefined;
}

function step(levels: Level[], character: string): void {
  const top = levels.at(-1);
  if (character === '{') levels.push({ members: new Set(), atName: true, index: 0, name: '' });
  else if (character === '[') levels.push({ members: undefined, atName: false, index: 0, name: '' });
  else if (character === '}' || character === ']') levels.pop();
  else if (character === ':' && top !== undefined) top.atName = false;
  else if (character === ',' && top !== undefined) {
    top.index++;
    top.atName = top.members !== undefined;
  }
}

/** Takes note of a string where it is the name of a member; answers the fault, if it is one. */
function noteName(levels: readonly Level[], literal: string): string | undefined {
  const top = levels.at(-1);
  if (top?.members === undefined || !top.atName) return undefined;
  const name = JSON.parse(literal) as string;
  top.name = name;
  if (name === '__proto__') return `${pathOf(levels)}: expected no member of that name, found one`;
  if (top.members.has(name)) return `${pathOf(levels)}: expected the member once, found it twice`;
  top.members.add(name);
  return undefined;
}

/** Where the string that begins at `start` ends (exclusive). */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  while (position < text.length && text[position] !== '"') position += text[position] === '\\' ? 2 : 1;
  return position + 1;
}

function pathOf(levels: readonly Level[]): string {
  const path = levels.map((level) =>
    level.members === undefined ? `[${level.index}]` : `.${level.name.slice(0, 64)}`,
  );
  return path.join('').replace(/^\./, '') || '(root)';
}

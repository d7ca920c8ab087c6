/**
 * JSON laid out in lines, each token as it was written: a number keeps digits that JavaScript would lose, such as `-3.0` or
 * `12345678901234567890`. Text that is not JSON stays as it is.
 */
export function layOutJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let out = '';
  let depth = 0;
  const newLine = (): string => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKENS)) {
    if (EMPTY.test(token)) out += token.replace(/\s/g, '');
    else if (token === '{' || token === '[') {
      depth++;
      out += token + newLine();
    } else if (token === '}' || token === ']') {
      depth--;
      out += newLine() + token;
    } else if (token === ',') out += token + newLine();
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

/** An empty object or list; a string; a separator; a number or word. */
const TOKENS = /\{\s*\}|\[\s*\]|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const EMPTY = /^(\{\s*\}|\[\s*\])$/;

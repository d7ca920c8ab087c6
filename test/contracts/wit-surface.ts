import type { Surface } from './surface.js';

/**
 * What a WIT package promises: the text of every function and type, without comments and layout, and what its worlds
 * import and export. This is no parser: whether the text is WIT is checked where it is embedded or bindings are made of it.
 *
 * An interface that plugins export is closed: a new function in it is one that plugins built before do not have.
 *
 * @param texts The files of the package.
 */
export function witSurface(texts: readonly string[]): Surface {
  const entries: Record<string, string> = {};
  const exported = new Set<string>();
  const packages = new Set<string>();
  for (const text of texts) {
    const tokens = tokenize(text);
    let at = 0;
    while (at < tokens.length) {
      const end = endOfItem(tokens, at);
      const item = tokens.slice(at, end);
      at = end;
      if (item[0] === 'package') packages.add(item.slice(1, -1).join(''));
      else if (item[0] === 'interface') addInterface(item, entries);
      else if (item[0] === 'world') addWorld(item, entries, exported);
      else throw new Error(`neither package, interface nor world: ${item.slice(0, 5).join(' ')}`);
    }
  }
  const [whole, ...others] = [...packages];
  const [name, version] = whole?.split('@') ?? [];
  if (name === undefined || version === undefined || others.length > 0)
    throw new Error('the files are to name one package with a version');
  const sorted = Object.entries(entries).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { name, version, entries: Object.fromEntries(sorted), closed: [...exported].sort() };
}

function tokenize(text: string): string[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/\/\/.*$/gm, ' ');
  const tokens = bare.match(/%?[A-Za-z][\w-]*|\d+(?:\.\d+)*(?:-[\w.]+)?|->|[^\s\w]/g) ?? [];
  // A comma before a closing bracket says nothing.
  return tokens.filter((token, i) => token !== ',' || !['}', ')', '>'].includes(tokens[i + 1] ?? ''));
}

/** Index after the item that starts at `start`: it ends with a semicolon, or with the bracket that closes its body. */
function endOfItem(tokens: readonly string[], start: number): number {
  const body = ['interface', 'world', 'record', 'enum', 'variant', 'flags', 'resource'].includes(tokens[start] ?? '');
  let depth = 0;
  for (let i = start; i < tokens.length; i++) {
    if (tokens[i] === '{') depth++;
    else if (tokens[i] === '}' && --depth === 0 && body) return i + 1;
    else if (tokens[i] === ';' && depth === 0) return i + 1;
  }
  throw new Error(`an item does not end: ${tokens.slice(start, start + 5).join(' ')}`);
}

function* itemsOf(block: readonly string[]): Generator<string[]> {
  let at = block.indexOf('{') + 1;
  while (at < block.length - 1) {
    const end = endOfItem(block, at);
    yield block.slice(at, end);
    at = end;
  }
}

function addInterface(block: readonly string[], entries: Record<string, string>): void {
  const name = block[1] as string;
  entries[name] = 'interface';
  for (const item of itemsOf(block)) {
    // Where a type comes from shows in nothing but its name; it is compared where it is declared.
    if (item[0] === 'use') continue;
    const key = item[1] === ':' ? `func ${item[0]}` : `type ${item[1]}`;
    entries[`${name} ${key}`] = item.join(' ');
  }
}

function addWorld(block: readonly string[], entries: Record<string, string>, exported: Set<string>): void {
  const name = block[1] as string;
  entries[`world-${name}`] = 'world';
  for (const item of itemsOf(block)) {
    const [verb, ...what] = item.slice(0, -1);
    entries[`world-${name} ${verb} ${what.join('')}`] = item.join(' ');
    if (verb === 'export') exported.add(what.join(''));
  }
}

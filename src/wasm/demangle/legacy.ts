/**
 * Rust's legacy mangling (rustc's `symbol_mangling/legacy.rs`): `_ZN`, each part of the path with its length before it, the last
 * one a hash, `E`. Characters that linkers dislike are written as `$…$`, `::` in a part as `..`.
 */

const ESCAPES: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

const HASH = /^h[0-9a-f]{16}$/;

/** Undefined where the name is not mangled so. */
export function demangleLegacy(name: string): string | undefined {
  const parts = splitParts(name);
  if (parts === undefined) return undefined;
  if (parts.length > 1 && HASH.test(parts.at(-1) ?? '')) parts.pop();
  return parts.map(withoutEscapes).join('::');
}

/** A suffix such as `.llvm.123` is passed over. */
function splitParts(name: string): string[] | undefined {
  if (!name.startsWith('_ZN')) return undefined;
  const parts: string[] = [];
  let at = 3;
  while (name[at] !== 'E') {
    const digits = /^[1-9]\d{0,5}/.exec(name.slice(at, at + 6))?.[0];
    if (digits === undefined) return undefined;
    const start = at + digits.length;
    at = start + Number(digits);
    if (at >= name.length) return undefined;
    parts.push(name.slice(start, at));
  }
  // Names of C++ are mangled alike; only Rust's are nothing but a path.
  return parts.length > 0 && /^E(\.|$)/.test(name.slice(at)) ? parts : undefined;
}

function withoutEscapes(part: string): string {
  // A part that begins with an escape has an underscore before it, so that it is an identifier.
  const bare = part.startsWith('_$') ? part.slice(1) : part;
  return bare.replace(/\.\.|\.|\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g, (match, hex?: string, word?: string) => {
    if (match === '..') return '::';
    if (match === '.') return '.';
    if (word !== undefined) return ESCAPES[word] ?? match;
    const code = Number.parseInt(hex ?? '', 16);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : match;
  });
}

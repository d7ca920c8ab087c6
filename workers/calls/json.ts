const decoder = new TextDecoder('utf-8', { fatal: true });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Whether the bytes, which are UTF-8, are one JSON text (RFC 8259). */
export function isJson(bytes: Uint8Array): boolean {
  return isPlainString(bytes) || parseJson(bytes) !== undefined;
}

/** A string without escapes, which most values are: no need to make a JavaScript string of it to know that it is JSON. */
function isPlainString(bytes: Uint8Array): boolean {
  const last = bytes.length - 1;
  if (last < 1 || bytes[0] !== QUOTE || bytes[last] !== QUOTE) return false;
  for (let i = 1; i < last; i++) {
    const byte = bytes[i] as number;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}

/** The value of one JSON text, or undefined when the bytes are none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/**
 * Keys that the outermost object of a JSON text has more than once. A parser keeps the last; a guest might keep the first, and
 * would then see what nobody has validated.
 * @param bytes one JSON object, which has been parsed
 */
export function repeatedKeys(bytes: Uint8Array): string[] {
  const text = decoder.decode(bytes);
  const seen = new Set<string>();
  const repeated = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(STRUCTURE)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) {
      const key = JSON.parse(token.slice(0, -1)) as string;
      if (seen.has(key)) repeated.add(key);
      seen.add(key);
    }
  }
  return [...repeated];
}

/** Strings, with the colon that makes one a key, and brackets. Without alternatives inside a repetition: strings are long. */
const STRUCTURE = /"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:)?|[{}[\]]/g;

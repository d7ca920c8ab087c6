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

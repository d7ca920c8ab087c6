const decoder = new TextDecoder('utf-8', { fatal: true });

/** Whether the bytes are one JSON text (RFC 8259). */
export function isJson(bytes: Uint8Array): boolean {
  return parseJson(bytes) !== undefined;
}

/** The value of one JSON text, or undefined when the bytes are none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

import { MEMORY_LIMITS } from '../../limits.js';

/** What of a value can be searched for, and what of a query is searched for. */

/**
 * The strings and numbers in a JSON text, without the names of members, as far as they may be long. Undefined where it is no JSON text.
 * Texts in it may be nested as deep as they like: nothing here is recursive.
 */
export function searchableText(json: Uint8Array): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString());
  } catch {
    return undefined;
  }
  const texts: string[] = [];
  const waiting: unknown[] = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string') texts.push(value);
    else if (typeof value === 'number') texts.push(String(value));
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) waiting.push(inner);
  }
  return texts.join('\n').slice(0, MEMORY_LIMITS.maxSearchableCharacters);
}

/** The words of a query: what stands between white space, or control characters. */
export function wordsOf(query: string): string[] {
  const words = query.split(/[\s\p{Cc}]+/u).filter((word) => word !== '');
  return [...new Set(words)];
}

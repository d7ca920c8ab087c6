import type { AssetImage } from '../../src/protocol/assets.js';

/** Assets as a worker gets them. */
export function imageOf(contents: Readonly<Record<string, string>>): AssetImage {
  const parts = Object.entries(contents).map(([name, text]) => ({ name, content: Buffer.from(text) }));
  const bytes = new SharedArrayBuffer(parts.reduce((sum, { content }) => sum + content.length, 0));
  let start = 0;
  const files = parts.map(({ name, content }) => {
    new Uint8Array(bytes).set(content, start);
    start += content.length;
    return { name, start: start - content.length, sizeBytes: content.length };
  });
  return { bytes, files };
}

/** Where to cut so that at most `limit` bytes remain and no character of UTF-8 is cut in two. */
export function cutAt(bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  let end = limit;
  // Bytes 10xxxxxx continue a character; more than three in a row are no UTF-8 anyway.
  for (let back = 0; back < 3 && end > 0 && ((bytes[end] as number) & 0xc0) === 0x80; back++) end--;
  return end;
}

/** Text that a guest wrote; what is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

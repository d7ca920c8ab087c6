/** gRPC over HTTP/2: every message has five bytes before it, a flag for compression and its length (gRPC protocol). */
export const FRAME_BYTES = 5;

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(FRAME_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, FRAME_BYTES);
  return framed;
}

/** Takes a stream of bytes apart into its messages, which it hands on as views. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer, visit: (message: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_BYTES) {
      const end = at + FRAME_BYTES + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      visit(bytes.subarray(at + FRAME_BYTES, end));
      at = end;
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  }
}

import type { ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import { REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import { toServiceError } from './status.js';
import type { Held } from './unsent.js';

interface FileRequest {
  pluginId: string;
  path: string;
}

type FileStream = ServerWritableStream<FileRequest, { chunk: Uint8Array }>;
type ReadFile = (request: FileRequest) => Promise<Uint8Array>;

/**
 * The method GetPluginFile. What of a file the client has not taken counts as unsent, all of it from the start.
 * @param readFile throws HostError for a plugin or file that is not there
 */
export function fileSender(readFile: ReadFile): UntypedHandleCall {
  let running = 0;
  const send = async (stream: FileStream, held: Held): Promise<void> => {
    if (running >= SERVER_LIMITS.maxConcurrentFiles) throw tooManyFiles();
    running++;
    try {
      const gone = new Promise<void>((resolve) => stream.once('cancelled', () => resolve()));
      const bytes = await readFile(stream.request);
      held.add(bytes.length);
      await write(stream, bytes, { held, gone });
    } finally {
      running--;
    }
  };
  // The second one is the guard's.
  return ((stream: FileStream, held: Held) =>
    void send(stream, held).catch((error: unknown) =>
      stream.emit('error', toServiceError(HostError.from(error))),
    )) as UntypedHandleCall;
}

/** Chunk by chunk, each once the transport has taken the one before. */
async function write(
  stream: FileStream,
  bytes: Uint8Array,
  { held, gone }: { held: Held; gone: Promise<void> },
): Promise<void> {
  for (let at = 0; at < bytes.length && !stream.cancelled; at += REQUEST_LIMITS.maxFileChunkBytes) {
    const chunk = bytes.subarray(at, at + REQUEST_LIMITS.maxFileChunkBytes);
    await Promise.race([new Promise<void>((resolve) => stream.write({ chunk }, () => resolve())), gone]);
    held.add(-chunk.length);
  }
  stream.end();
}

function tooManyFiles(): HostError {
  return new HostError(
    'TOO_MANY_IN_FLIGHT',
    `${SERVER_LIMITS.maxConcurrentFiles} files are being sent, as many as may be; try again`,
    { retryAfterMs: 1_000 },
  );
}

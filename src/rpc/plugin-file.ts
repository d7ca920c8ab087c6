import type { ServerWritableStream, UntypedHandleCall } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import { CLIENT_LIMITS } from '../limits/clients.js';
import { REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import { callerOf, LOCAL } from './admission.js';
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
export function fileSender(readFile: ReadFile, stallMs: number = CLIENT_LIMITS.fileStallMs): UntypedHandleCall {
  const places = new Places();
  const send = async (stream: FileStream, held: Held): Promise<void> => {
    const leave = places.take(stream);
    try {
      const gone = new Promise<void>((resolve) => stream.once('cancelled', () => resolve()));
      const bytes = await readFile(stream.request);
      held.add(bytes.length);
      await write(stream, bytes, { held, gone, stallMs });
    } finally {
      leave();
    }
  };
  // The second one is the guard's.
  return ((stream: FileStream, held: Held) =>
    void send(stream, held).catch((error: unknown) =>
      stream.emit('error', toServiceError(HostError.from(error))),
    )) as UntypedHandleCall;
}

/** How many files are being sent, to everybody and to each caller. */
class Places {
  #running = 0;
  readonly #byCaller = new Map<string, number>();

  /** @returns what gives the place back. @throws HostError TOO_MANY_IN_FLIGHT */
  take(stream: FileStream): () => void {
    const name = callerOf(stream);
    const caller = name === LOCAL ? stream.getPeer() : name;
    const mine = this.#byCaller.get(caller) ?? 0;
    if (mine >= CLIENT_LIMITS.maxFilesPerCaller) throw tooManyFiles(CLIENT_LIMITS.maxFilesPerCaller, 'to this caller');
    if (this.#running >= SERVER_LIMITS.maxConcurrentFiles)
      throw tooManyFiles(SERVER_LIMITS.maxConcurrentFiles, 'at all');
    this.#running++;
    this.#byCaller.set(caller, mine + 1);
    return () => {
      this.#running--;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    };
  }
}

/** Chunk by chunk, each once the transport has taken the one before. @throws HostError CLIENT_TOO_SLOW */
async function write(
  stream: FileStream,
  bytes: Uint8Array,
  { held, gone, stallMs }: { held: Held; gone: Promise<void>; stallMs: number },
): Promise<void> {
  for (let at = 0; at < bytes.length && !stream.cancelled; at += REQUEST_LIMITS.maxFileChunkBytes) {
    const chunk = bytes.subarray(at, at + REQUEST_LIMITS.maxFileChunkBytes);
    const taken = new Promise<void>((resolve) => stream.write({ chunk }, () => resolve()));
    await withinStall(Promise.race([taken, gone]), stallMs);
    held.add(-chunk.length);
  }
  stream.end();
}

async function withinStall(taken: Promise<void>, stallMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const message = `nothing of the file was taken for ${stallMs} ms; read it as it comes`;
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new HostError('CLIENT_TOO_SLOW', message)), stallMs);
  });
  try {
    await Promise.race([taken, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

function tooManyFiles(max: number, where: string): HostError {
  return new HostError('TOO_MANY_IN_FLIGHT', `${max} files are being sent, as many as may be ${where}; try again`, {
    retryAfterMs: 1_000,
  });
}

import { pino } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { prettyLine } from './pretty.js';

/** The levels that are used, with fields first: `log.info({ plugin }, 'installed')`. */
export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'> & {
  child(fields: Record<string, unknown>): Log;
};

export interface LogOptions {
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  format: 'json' | 'pretty';
  /** File descriptor; standard output by default. */
  fd?: number;
  /** Told of each line that was dropped because the reader is too slow. */
  onDrop?: () => void;
}

export interface ServerLog {
  log: Log;
  /** Writes what is buffered, before the process ends. */
  flush(): void;
}

/**
 * The server's log. Writing never blocks the main thread: a reader that is too slow loses lines, and `onDrop` counts
 * them.
 */
export function createLog(options: LogOptions): ServerLog {
  const destination = pino.destination({
    dest: options.fd ?? 1,
    sync: false,
    maxLength: SERVER_LIMITS.maxLogBufferBytes,
  });
  destination.on('drop', () => options.onDrop?.());
  // Nobody reads any more (EPIPE); there is no better place to say so.
  destination.on('error', () => {});
  const stream =
    options.format === 'json' ? destination : { write: (line: string) => destination.write(prettyLine(line)) };
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return { log, flush: () => flush(destination) };
}

function flush(destination: { flushSync(): void }): void {
  try {
    destination.flushSync();
  } catch {
    // Not opened yet, or closed by the reader: either way there is nothing left that could be written.
  }
}

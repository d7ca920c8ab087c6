import { pino } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { prettyLine } from './pretty.js';

/** The levels that are used, with fields first: `log.info({ plugin }, 'installed')`. */
export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'>;

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
  /** Lines below it are not written any more. */
  setLevel(level: LogOptions['level']): void;
  /** Resolves once what was logged is written, or the reader has had its chance. */
  flush(): Promise<void>;
}

/** How long a process that ends waits for whoever reads its log. */
const FLUSH_MS = 1_000;

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
  const writer = new Writer(destination, options.format === 'json' ? undefined : prettyLine);
  destination.on('drop', () => options.onDrop?.());
  const log = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    writer,
  );
  const setLevel = (level: LogOptions['level']): void => {
    log.level = level;
  };
  return { log, setLevel, flush: () => writer.flush() };
}

type Destination = ReturnType<typeof pino.destination>;

/** Knows whether something is still being written: the destination's own `flushSync` would write in another order. */
class Writer {
  readonly #destination: Destination;
  readonly #format: ((line: string) => string) | undefined;
  #pending = false;

  constructor(destination: Destination, format: ((line: string) => string) | undefined) {
    this.#destination = destination;
    this.#format = format;
    destination.on('drain', () => (this.#pending = false));
    // Nobody reads any more (EPIPE); there is no better place to say so.
    destination.on('error', () => (this.#pending = false));
  }

  write(line: string): void {
    this.#pending = true;
    this.#destination.write(this.#format === undefined ? line : this.#format(line));
  }

  flush(): Promise<void> {
    if (!this.#pending) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(done, FLUSH_MS);
      this.#destination.once('drain', done);
      this.#destination.once('error', done);
    });
  }
}

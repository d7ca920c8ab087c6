import type { GuestBounds, LogLevel, LogLine, LogMessage } from '../../src/protocol/bind.js';
import { stands } from '../../src/protocol/defences.js';
import { TokenBucket } from '../../src/protocol/token-bucket.js';
import { cutAt, textOf } from './guest-text.js';

/** Posted without waiting for the call's end once so much has come together: a call can take long. */
const MAX_WAITING_LINES = 64;
const MAX_WAITING_BYTES = 64 * 1024;

/**
 * The lines that a guest logs, bounded in length, in number and in bytes a second. What is dropped is counted, and told
 * with the next message.
 */
export class GuestLines {
  readonly #post: (message: LogMessage) => void;
  readonly #maxLineBytes: number;
  readonly #lines: TokenBucket;
  readonly #bytes: TokenBucket;
  #waiting: LogLine[] = [];
  #waitingBytes = 0;
  #droppedLines = 0;
  #droppedBytes = 0;
  #call = 0;

  constructor(bounds: GuestBounds, post: (message: LogMessage) => void, now?: () => number) {
    this.#post = post;
    this.#maxLineBytes = bounds.logLineBytes;
    this.#lines = new TokenBucket(bounds.logLines, now);
    this.#bytes = new TokenBucket(bounds.logBytes, now);
  }

  /** Lines that follow belong to this call. */
  beginCall(call: number): void {
    this.#call = call;
  }

  /**
   * Takes a line, or drops it. The bytes are not kept.
   * @param cutBytes what of the line was cut off before
   */
  add(level: LogLevel, stream: LogLine['stream'], bytes: Uint8Array, cutBytes = 0): void {
    const end = cutAt(bytes, this.#maxLineBytes);
    const cut = bytes.length - end + cutBytes;
    if ((this.#lines.take() > 0 || this.#bytes.take(end) > 0) && stands('log-cap')) {
      this.#droppedLines++;
      this.#droppedBytes += end + cut;
      return;
    }
    this.#droppedBytes += cut;
    const text = textOf(bytes.subarray(0, end));
    this.#push({ level, stream, text: cut > 0 ? `${text}… (${cut} bytes cut)` : text, call: this.#call }, end);
  }

  /** A line of the host about the guest; not limited. */
  addOwn(level: LogLevel, text: string): void {
    this.#push({ level, stream: 'log', text, call: this.#call }, text.length);
  }

  /** Posts what is waiting, if anything is. */
  flush(): void {
    if (this.#waiting.length === 0 && this.#droppedLines === 0 && this.#droppedBytes === 0) return;
    const message: LogMessage = {
      type: 'log',
      lines: this.#waiting,
      droppedLines: this.#droppedLines,
      droppedBytes: this.#droppedBytes,
    };
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#droppedLines = 0;
    this.#droppedBytes = 0;
    this.#post(message);
  }

  #push(line: LogLine, bytes: number): void {
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    if (this.#waiting.length >= MAX_WAITING_LINES || this.#waitingBytes >= MAX_WAITING_BYTES) this.flush();
  }
}

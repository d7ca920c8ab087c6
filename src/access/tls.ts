import { HostError } from '../errors.js';
import { ACCESS_LIMITS } from '../limits.js';
import type { Log } from '../observe/log.js';
import { checkTls, readTlsFiles, type TlsFiles, type TlsMaterial, type TlsPaths } from './tls-material.js';

/** What `/metrics` shows. */
export interface TlsCounts {
  /** When the server's certificate ends, in seconds of Unix time. */
  expirySeconds: number;
  /** Changes of the files that are in use, and those that were refused. */
  reloads: { taken: number; refused: number };
}

/** What a look at the files came to. */
export type TlsLook = 'same' | 'taken' | 'refused';

export interface TlsOptions {
  log: Log;
  /** How often the files are looked at. */
  checkMs?: number;
  /** Told of each change that was taken. */
  onTaken?: () => void;
  /** Told of each change that was refused, and why. */
  onRefused?: (reason: string) => void;
}

/**
 * The server's certificate, kept up to date: its files are looked at every few seconds, and on demand. What does not fit or is
 * half written changes nothing, and is said once. Connections that are open stay as they are.
 */
export class Tls {
  readonly counts: TlsCounts;
  readonly #paths: TlsPaths;
  readonly #log: Log;
  readonly #onTaken: () => void;
  readonly #onRefused: (reason: string) => void;
  readonly #users = new Set<(files: TlsFiles) => void>();
  readonly #timer: NodeJS.Timeout;
  #material: TlsMaterial;
  /** What was looked at last, which may have been refused. */
  #seen: TlsFiles;
  #turn: Promise<unknown> = Promise.resolve();
  #warned = false;
  /** What was said last of files that are refused: once is enough. */
  #refusal: string | undefined;

  private constructor(paths: TlsPaths, material: TlsMaterial, { log, checkMs, onTaken, onRefused }: TlsOptions) {
    this.#paths = paths;
    this.#log = log;
    this.#onTaken = onTaken ?? (() => {});
    this.#onRefused = onRefused ?? (() => {});
    this.#material = material;
    this.#seen = material.files;
    this.counts = { expirySeconds: material.expiresMs / 1000, reloads: { taken: 0, refused: 0 } };
    this.#warnIfExpired();
    this.#timer = setInterval(() => void this.look(), checkMs ?? ACCESS_LIMITS.tlsCheckMs).unref();
  }

  /** @throws HostError CONFIG_INVALID: a server that starts has nothing older to fall back on. */
  static async open(paths: TlsPaths, options: TlsOptions): Promise<Tls> {
    return new Tls(paths, checkTls(await readTlsFiles(paths)), options);
  }

  get files(): TlsFiles {
    return this.#material.files;
  }

  /** Whether clients are asked for their certificates. */
  get asksClients(): boolean {
    return this.#material.files.clientCa !== undefined;
  }

  /** Calls back with the files from each change on that is taken. */
  onChange(user: (files: TlsFiles) => void): void {
    this.#users.add(user);
  }

  /** Looks at the files now; one look at a time. */
  look(): Promise<TlsLook> {
    const look = this.#turn.then(() => this.#look());
    this.#turn = look;
    return look;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#users.clear();
  }

  async #look(): Promise<TlsLook> {
    this.#warnIfExpired();
    try {
      const files = await readTlsFiles(this.#paths);
      if (equal(files, this.#seen)) return 'same';
      this.#seen = files;
      this.#take(checkTls(files));
      this.#refusal = undefined;
      return 'taken';
    } catch (error) {
      return this.#refuse(HostError.from(error));
    }
  }

  #take(material: TlsMaterial): void {
    const now = Date.now();
    if (material.expiresMs < now && this.#material.expiresMs >= now) {
      throw new HostError('CONFIG_INVALID', 'TLS: the new certificate has expired, and the one in use has not');
    }
    for (const use of this.#users) use(material.files);
    this.#material = material;
    this.counts.expirySeconds = material.expiresMs / 1000;
    this.counts.reloads.taken++;
    this.#warned = false;
    this.#log.info({ expires: new Date(material.expiresMs).toISOString() }, 'another certificate is in use');
    this.#warnIfExpired();
    this.#onTaken();
  }

  #refuse({ message, cause }: HostError): TlsLook {
    if (message === this.#refusal) return 'refused';
    this.#refusal = message;
    this.counts.reloads.refused++;
    this.#log.error(
      { detail: message, err: cause },
      'the files of the certificate are refused; the old ones stay in use',
    );
    this.#onRefused(message);
    return 'refused';
  }

  #warnIfExpired(): void {
    if (this.#warned || this.#material.expiresMs >= Date.now()) return;
    this.#warned = true;
    const expired = new Date(this.#material.expiresMs).toISOString();
    this.#log.warn({ expired }, "the server's certificate has expired: clients refuse it");
  }
}

function equal(one: TlsFiles, other: TlsFiles): boolean {
  return (['cert', 'key', 'clientCa'] as const).every(
    (name) => Buffer.compare(one[name] ?? Buffer.alloc(0), other[name] ?? Buffer.alloc(0)) === 0,
  );
}

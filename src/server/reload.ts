import type { Gatekeeper } from '../access/gatekeeper.js';
import type { Tls } from '../access/tls.js';
import type { AccessFile } from '../config/access-file.js';
import type { LiveConfig } from '../config/live-config.js';
import type { ServerConfig } from '../config.js';
import { HostError } from '../errors.js';
import type { Log } from '../observe/log.js';
import { type Audit, SERVER_ACTOR } from '../sandbox/audit/audit-event.js';
import { sha256 } from '../sandbox/audit/audit-line.js';

/** How the configuration is read again, and who is told of what has changed. */
export interface Again {
  /** @throws HostError CONFIG_INVALID, LISTEN_REFUSED */
  read: () => ServerConfig;
  changed: (config: ServerConfig) => void;
}

export interface ReloadParts {
  live: LiveConfig;
  /** Undefined where there is nothing to read again. */
  again: Again | undefined;
  gatekeeper: Gatekeeper | undefined;
  tls: Tls | undefined;
  audit: Pick<Audit, 'appendOrNote'>;
  log: Log;
}

/**
 * Reads again what the server was started with: the configuration, the access file, the files of TLS. Each stands for itself:
 * one that is broken changes nothing, and does not keep the others. A change is in the audit log before it is in force; it is
 * in force even where that log cannot be written, since it may take rights away.
 */
export class Reload {
  readonly #parts: ReloadParts;
  #turn: Promise<void> = Promise.resolve();
  #access: string;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    if (parts.again !== undefined) parts.live.onChange(parts.again.changed);
    this.#access = fingerprint(parts.gatekeeper?.inForce);
  }

  /** One after the other, however often it is asked for. */
  run(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#run());
    return this.#turn;
  }

  async #run(): Promise<void> {
    const { tls, log } = this.#parts;
    log.info('reading the configuration again');
    await this.#told('configuration', () => this.#reloadConfig());
    await this.#told('access_file', () => this.#reloadAccess());
    // Says itself what came of it.
    await tls?.look();
  }

  async #reloadConfig(): Promise<void> {
    const { live, again, log } = this.#parts;
    if (again === undefined) return;
    const { taken, waiting, commit } = live.compare(again.read());
    if (waiting.length > 0) log.warn({ settings: waiting }, 'settings have changed that need a restart');
    if (taken.length === 0) return;
    await this.#audit({ of: 'configuration', changed: taken.join(', ') });
    commit();
    log.info({ settings: taken }, 'settings have changed');
  }

  async #reloadAccess(): Promise<void> {
    const { gatekeeper, log } = this.#parts;
    if (gatekeeper === undefined) return;
    const file = gatekeeper.read();
    const found = fingerprint(file);
    if (found === this.#access) return;
    const [tokens, certificates] = [file.tokens.length, file.certificates.length];
    await this.#audit({
      of: 'access_file',
      sha256: found,
      tokens: String(tokens),
      certificates: String(certificates),
    });
    gatekeeper.use(file);
    this.#access = found;
    log.info({ tokens, certificates }, 'another access file is in force');
  }

  /** Says loudly what is broken. */
  async #told(of: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const { message, reason } = HostError.from(error);
      this.#parts.log.error(
        { of, detail: message, err: error },
        'what was read again is broken: the old one stays in force',
      );
      await this.#audit({ of, refused: reason });
    }
  }

  #audit(details: Record<string, string>): Promise<void> {
    return this.#parts.audit.appendOrNote({ event: 'config.change', actor: SERVER_ACTOR, details });
  }
}

const fingerprint = (file: AccessFile | undefined): string => sha256(JSON.stringify(file ?? null));

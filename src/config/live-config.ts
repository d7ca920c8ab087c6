import type { ServerConfig } from '../config.js';
import { fileKey, SETTINGS, type Setting } from '../settings.js';
import { LIVE_SECTIONS } from './sections.js';

/** What became of another configuration, by the keys of the file. */
export interface Taken {
  /** In force now. */
  taken: readonly string[];
  /** In force after a restart. */
  waiting: readonly string[];
}

const settings: readonly Setting[] = SETTINGS;
const LIVE: ReadonlySet<string> = new Set([
  ...settings.filter(({ live }) => live).map(({ key }) => key),
  ...LIVE_SECTIONS,
]);

/** What the file calls those that the configuration has under another name. */
const FILE_KEYS: Readonly<Record<string, string>> = { devDirs: 'dev_dir', memoryLimitBytes: 'memory_limit_mb' };

/** The configuration in force. Some of it may change while the server runs. */
export class LiveConfig {
  readonly #listeners: ((config: ServerConfig) => void)[] = [];
  #current: ServerConfig;

  constructor(config: ServerConfig) {
    this.#current = config;
  }

  get current(): ServerConfig {
    return this.#current;
  }

  /** Calls back with each configuration in which something has changed. */
  onChange(listener: (config: ServerConfig) => void): void {
    this.#listeners.push(listener);
  }

  /** Compares with what is in force. What can change at once is named, and changes by `commit`. */
  compare(next: ServerConfig): Taken & { commit: () => void } {
    const keys = (Object.keys(next) as (keyof ServerConfig)[]).filter((key) => !same(this.#current[key], next[key]));
    const live = keys.filter((key) => LIVE.has(key));
    return {
      taken: live.map(nameOf),
      waiting: keys.filter((key) => !LIVE.has(key)).map(nameOf),
      commit: () => {
        if (live.length === 0) return;
        this.#current = { ...this.#current, ...Object.fromEntries(live.map((key) => [key, next[key]])) };
        for (const listener of this.#listeners) listener(this.#current);
      },
    };
  }
}

const nameOf = (key: string): string => FILE_KEYS[key] ?? fileKey(key);

/** Both are plain values that were read from text. */
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

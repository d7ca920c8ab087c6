import { readFileSync } from 'node:fs';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import { packWat } from './wat-plugin.js';

const POLICIES = ['follow', 'manual', 'refuse'] as const;

export interface Asked {
  body?: string;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
  redirects?: (typeof POLICIES)[number];
}

interface FetcherOptions {
  name: string;
  asks: readonly unknown[];
  grants?: readonly unknown[];
  /** One instance, so that bodies that stay open are there in the next call. */
  stateful?: boolean;
}

/** A plugin of `test/guests/fetcher.wat`, and the requests that it is told to send. */
export class Fetcher {
  readonly name: string;
  readonly #client: Client;

  private constructor(name: string, client: Client) {
    this.name = name;
    this.#client = client;
  }

  /** Installs it with permissions that it asks for, and those that it is granted; both are the same by default. */
  static async install(
    client: Client,
    { name, asks, grants = asks, stateful = false }: FetcherOptions,
  ): Promise<Fetcher> {
    const capabilities = [
      { type: 'NeuronType', config: { layer: 'L2', neuron_type: name, description: 'Fetches what it is told.' } },
    ];
    const requirements = { required_permissions: asks, stateful };
    const wat = readFileSync('test/guests/fetcher.wat', 'utf8');
    await client.installPlugin(await packWat({ name, wat, capabilities, requirements }), {
      decisions: { grant: grants.map((each) => JSON.stringify(each)), rest: 'REST_DENY' },
    });
    await client.activatePlugin(name);
    return new Fetcher(name, client);
  }

  /** What came of one request: `fetch`, its `headers`, `open` and all pieces, or `x` for bodies that stay open. */
  async tell(what: 'fetch' | 'headers' | 'open' | 'x', url: string, asked: Asked = {}): Promise<PluginResult> {
    const { body = '', headers = {}, timeoutMs = 0, redirects = 'follow' } = asked;
    const { results } = await this.#client.processSignal({
      signal: {
        type: what,
        layer: 'L2',
        source: url,
        content: body,
        metadata: headers,
        timestampMs: String(4 * timeoutMs + POLICIES.indexOf(redirects)),
      },
      neuronType: this.name,
    });
    return results[0] as PluginResult;
  }

  /** 16 bytes of a body that is open, or `CODE`. */
  async read(body: number): Promise<string> {
    const { results } = await this.#client.processSignal({
      signal: { type: 'read', layer: 'L2', timestampMs: String(body) },
      neuronType: this.name,
    });
    return results[0]?.error?.code ?? results[0]?.signals[0]?.content ?? '';
  }

  /** `STATUS body`, or `CODE: message`. */
  async fetch(url: string, asked?: Asked): Promise<string> {
    const result = await this.tell('fetch', url, asked);
    const [signal] = result.signals;
    if (result.outcome === 'OK') return `${signal?.timestampMs} ${signal?.content}`;
    return result.outcome === 'PLUGIN_ERROR' ? `${result.error?.code}: ${result.error?.message}` : result.outcome;
  }
}

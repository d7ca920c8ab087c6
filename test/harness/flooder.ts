import { readFileSync } from 'node:fs';
import type { Client } from '../../src/client/client.js';
import { idOf, packWat } from './wat-plugin.js';

/** One call may last for its whole time. */
const MAX_FUEL = 1e12;

/** What a flood asks for, by the letter that `test/guests/flooder.wat` knows it by. */
export const FLOODS = {
  get: 'g',
  set: 's',
  search: 'f',
  fetch: 'h',
  emit: 'e',
  'call-tool': 'p',
  log: 'l',
  observe: 'm',
  'time and random': 't',
  write: 'w',
  compute: 'c',
} as const;

/** One call's worth of a flood. */
export interface Flood {
  what: keyof typeof FLOODS;
  /** How often in one call. */
  times: number;
  /** Key, query, URL, plugin or file. */
  key?: string;
  /** Value, line, content or parameters. */
  text?: string;
  tool?: string;
  /** Of the call, where it is to be less than the plugin's. */
  fuel?: number;
}

interface FlooderOptions {
  name: string;
  /** Permissions that it asks for. */
  asks?: readonly unknown[];
  /** Whether it has them. */
  granted?: boolean;
}

/** A plugin of `test/guests/flooder.wat`: it asks its host for one thing, as often as it can. */
export class Flooder {
  readonly name: string;
  readonly id: string;
  readonly #client: Client;

  private constructor(name: string, client: Client) {
    this.name = name;
    this.id = idOf(name);
    this.#client = client;
  }

  static async install(client: Client, { name, asks = [], granted = true }: FlooderOptions): Promise<Flooder> {
    const neuron = { layer: 'L8', neuron_type: name, description: 'Floods its host with calls.' };
    const bytes = await packWat({
      name,
      wat: readFileSync('test/guests/flooder.wat', 'utf8'),
      capabilities: [{ type: 'NeuronType', config: neuron }],
      requirements: { required_permissions: asks, stateful: false, max_call_ms: 30_000, max_fuel: MAX_FUEL },
    });
    await client.installPlugin(bytes, { decisions: { rest: granted ? 'REST_GRANT' : 'REST_DENY' } });
    await client.activatePlugin(name);
    return new Flooder(name, client);
  }

  /** One call. @returns how many of the host calls were refused. @throws Error where the call itself failed */
  async call({ what, times, key = 'key', text = '"value"', tool = '', fuel }: Flood): Promise<number> {
    const { results } = await this.#client.processSignal({
      signal: { id: tool, type: FLOODS[what], layer: 'L8', source: key, content: text, timestampMs: String(times) },
      neuronType: this.name,
      ...(fuel === undefined ? {} : { fuel: String(fuel) }),
    });
    const [result] = results;
    if (result?.outcome !== 'OK') throw new Error(`the flood ended: ${result?.outcome} ${result?.error?.message}`);
    return Number(result.signals[0]?.timestampMs);
  }

  /** Calls again and again, so many at a time, until `end` is called. */
  start(flood: Flood, inFlight = 1): { end: () => Promise<void> } {
    let running = true;
    const one = async (): Promise<void> => {
      while (running) await this.call(flood);
    };
    const done = Promise.all(Array.from({ length: inFlight }, one));
    // Whoever ends it hears of a failure.
    done.catch(() => undefined);
    return {
      end: async () => {
        running = false;
        await done;
      },
    };
  }

  async remove(): Promise<void> {
    await this.#client.deactivatePlugin(this.name).catch(() => undefined);
    await this.#client.uninstallPlugin(this.name).catch(() => undefined);
  }
}

import type { Client } from '../../src/client/client.js';
import { packWat } from '../harness/wat-plugin.js';

const NAME = 'bystander';

/** Answers a tool call with its parameters. */
const WAT = `(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (local.get 2))
    (i32.store (i32.const 8) (local.get 3))
    (global.set $next (i32.const 1024))
    (i32.const 0)))`;

const CAPABILITY = {
  type: 'ToolProvider',
  config: {
    tool_name: 'repeat',
    tool_description: 'Answers with its parameters.',
    parameters: [{ name: 'text', param_type: 'string', required: true, description: 'Any text.' }],
  },
};

/** A plugin that does its work beside the attacks, and somebody who checks every answer. */
export class Bystander {
  calls = 0;
  readonly wrong: string[] = [];
  readonly #client: Client;
  #running = true;
  #done: Promise<void> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  /** @param works whether it has something to do, all the time */
  async start(works = true): Promise<void> {
    await this.#client.installPlugin(await packWat({ name: NAME, wat: WAT, capabilities: [CAPABILITY] }));
    await this.#client.activatePlugin(NAME);
    if (works) this.#done = this.#work();
  }

  /** Waits until the call under way is answered. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #work(): Promise<void> {
    while (this.#running) {
      const parameters = JSON.stringify({ text: `call ${this.calls++}` });
      try {
        const { result } = await this.#client.invokeTool({ tool: 'repeat', parameters });
        if (result?.value !== parameters) this.wrong.push(`${result?.outcome} ${result?.value}`);
      } catch (error) {
        this.wrong.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
}

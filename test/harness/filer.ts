import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../src/client/client.js';
import type { PluginResult } from '../../src/client/messages.js';
import { idOf, packWat } from './wat-plugin.js';

/** Where files of the host are served: the tests of them are about nothing elsewhere. */
export const SERVES_FILES = process.platform === 'linux';
if (!SERVES_FILES) console.log('skipped: plugins are served files of the host on Linux alone');

/** A name of `test/guests/files/src/lib.rs`, and what it is about. */
export type Step = readonly [string, ...(string | number)[]];

export interface FilerOptions {
  name: string;
  asks: readonly unknown[];
  grants?: readonly unknown[];
  denies?: readonly unknown[];
  version?: string;
  /** Another module with the same tool. */
  module?: string | Uint8Array;
  requirements?: Record<string, unknown>;
}

const PARAMETERS = [{ name: 'steps', param_type: 'array', description: 'What to do.', required: true }];

/** A plugin that does with files what it is told, by Rust's standard library. */
export class Filer {
  readonly name: string;
  readonly #client: Client;

  private constructor(name: string, client: Client) {
    this.name = name;
    this.#client = client;
  }

  /** Installs it with permissions that it asks for, and those that it is granted; both are the same by default. */
  static async install(client: Client, options: FilerOptions): Promise<Filer> {
    const { name, asks, grants = asks, denies = [], version = '1.0.0', requirements = {} } = options;
    const config = { tool_name: `files_${name}`, tool_description: 'Does what it is told.', parameters: PARAMETERS };
    const bytes = await packWat({
      name,
      version,
      wat: options.module ?? readFileSync('test/guests/files/files.wasm'),
      capabilities: [{ type: 'ToolProvider', config }],
      // One instance, so that files that stay open are there in the next call.
      requirements: { required_permissions: asks, stateful: true, ...requirements },
    });
    const texts = (list: readonly unknown[]): string[] => list.map((each) => JSON.stringify(each));
    await client.installPlugin(bytes, {
      decisions: { grant: texts(grants), deny: texts(denies), rest: 'REST_DENY' },
    });
    await client.activatePlugin(name);
    return new Filer(name, client);
  }

  /** What came of each step: the value, or `KIND NUMBER` as Rust tells an error and WASI its number. */
  async run(...steps: readonly Step[]): Promise<unknown[]> {
    const result = await this.tell(steps);
    if (result.outcome !== 'OK')
      throw new Error(`${result.outcome} ${result.limit}: ${result.error?.code} ${result.error?.message}`);
    const answers = JSON.parse(result.value) as { ok?: unknown; error?: string; os?: number | null }[];
    return answers.map(({ ok, error, os }) => (error === undefined ? ok : `${error} ${os}`));
  }

  async one(...step: Step): Promise<unknown> {
    const [answer] = await this.run(step);
    return answer;
  }

  /** @param fuel the call's budget */
  async tell(steps: readonly Step[], fuel?: number): Promise<PluginResult> {
    const { result } = await this.#client.invokeTool({
      tool: `files_${this.name}`,
      parameters: JSON.stringify({ steps }),
      ...(fuel === undefined ? {} : { fuel }),
    });
    return result as PluginResult;
  }

  async remove(): Promise<void> {
    await this.#client.deactivatePlugin(this.name).catch(() => undefined);
    await this.#client.uninstallPlugin(this.name).catch(() => undefined);
  }
}

interface AuditLine {
  event: string;
  plugin?: { name: string };
  details: Record<string, string>;
}

/** What the audit log has of what a plugin was refused: the operation, the reason, and the path or the limit. */
export function denialsOf({ dataDir }: { dataDir: string }, name: string): unknown[] {
  const lines = readFileSync(join(dataDir, 'audit/000001.jsonl'), 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as AuditLine);
  const its = events.filter(({ event, plugin }) => event === 'denial' && plugin?.name === name);
  return its.map(({ details }) => [details['of'], details['reason'], details['path'] ?? details['limit']]);
}

/** A module that hands what it is told on to another filer's tool, and answers what that answers. */
export function callerOf(name: string): string {
  const [id, tool] = [idOf(name), `files_${name}`];
  return `(module
  (import "hal9:plugin/plugins@0.1.0" "call-tool" (func $call-tool (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 64)
  (data (i32.const 16) "${id}${tool}")
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "hal9:plugin/tools@0.1.0#execute")
    (param i32 i32) (param $parameters i32) (param $bytes i32) (result i32)
    (call $call-tool (i32.const 16) (i32.const ${id.length}) (i32.const ${16 + id.length}) (i32.const ${tool.length})
      (local.get $parameters) (local.get $bytes) (i32.const 1024))
    (global.set $next (i32.const 65536))
    (i32.const 1024)))`;
}

/** The permissions to do everything below a path. */
export function everything(path: string): object[] {
  return [{ FileRead: path }, { FileWrite: path }, { FileCreate: path }];
}

/** A folder with a configuration file that maps directories in it; `remove` takes it away. */
export class MappedFolder {
  readonly path: string;
  readonly flags: readonly string[];

  /** @param roots entries of the section `roots`, made of the folder */
  constructor(roots: (folder: string) => readonly object[]) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), 'hal9-roots-')));
    const file = join(this.path, 'hal9.yaml');
    writeFileSync(file, JSON.stringify({ roots: roots(this.path) }));
    this.flags = ['--config', file];
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

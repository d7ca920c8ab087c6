import { HostError } from '../../../src/errors.js';
import type {
  Changed,
  GrantsOf,
  Installed,
  InstallOrder,
  PermissionsView,
  Plugins,
  PluginView,
  Requester,
  UsageOf,
} from '../../../src/plugin/plugins-api.js';
import type { Decisions } from '../../../src/sandbox/decisions.js';
import { permissionJson } from '../../../src/sandbox/permission-parts.js';

const ID = '0d4c8e5a-3f0b-4a53-9a8a-6a9b7f3c2d10';

/**
 * Plugins that are nothing but their description, kept in memory: for what the management service and the command make
 * of answers and refusals. A package is any bytes; those that start with "bad" are refused.
 */
export class MemoryPlugins implements Plugins {
  readonly installed: Uint8Array[] = [];
  /** What is awaited before a change is answered. */
  gate: Promise<void> = Promise.resolve();
  /** Of each change that was asked for: aborted once its caller has gone. */
  readonly signals: (AbortSignal | undefined)[] = [];
  /** Of each installation. */
  readonly actors: string[] = [];
  #view: PluginView | undefined;

  /** Of each installation and each change of grants. */
  readonly orders: InstallOrder[] = [];

  async install(packageBytes: Uint8Array, order: InstallOrder, { actor, signal }: Requester): Promise<Installed> {
    this.orders.push(order);
    this.installed.push(packageBytes);
    this.actors.push(actor);
    this.signals.push(signal);
    await this.gate;
    if (Buffer.from(packageBytes.subarray(0, 3)).toString() === 'bad') {
      throw new HostError('MANIFEST_INVALID', 'metadata.version: expected a semver version, found "1"', {
        details: { path: 'metadata.version' },
      });
    }
    const changed = this.#view === undefined;
    this.#view ??= view(packageBytes.length);
    return { plugin: this.#view, changed, permissions: permissions(order.decisions) };
  }

  async usage(idOrName?: string): Promise<UsageOf[]> {
    const view = idOrName === undefined ? this.#view : this.get(idOrName);
    const limit = { limit: 'signals', used: 3, max: 1_000, perSecond: 1_000, limited: 2 };
    return view === undefined ? [] : [{ plugin: view.ref, limits: [{ ...limit, unit: 'UNIT_UNSPECIFIED' }] }];
  }

  list(): readonly PluginView[] {
    return this.#view === undefined ? [] : [this.#view];
  }

  get(idOrName: string): PluginView {
    if (this.#view === undefined || ![this.#view.ref.id, this.#view.ref.name].includes(idOrName)) {
      throw new HostError('PLUGIN_NOT_FOUND', `no plugin ${idOrName} is installed`, { details: { asked: idOrName } });
    }
    return this.#view;
  }

  /** Gives contents of the size that `files` says. */
  async readFile(idOrName: string, path: string): Promise<Uint8Array> {
    await this.gate;
    const file = this.get(idOrName).files.find((each) => each.path === path);
    if (file === undefined) throw new HostError('FILE_NOT_FOUND', `no file ${path}`);
    return new Uint8Array(file.sizeBytes).fill(file.path.length);
  }

  async activate(idOrName: string, config: string | undefined, { signal }: Requester): Promise<Changed> {
    const plugin = this.get(idOrName);
    this.signals.push(signal);
    await this.gate;
    if (config === '{"fail":"capacity"}') {
      throw new HostError('CAPACITY', 'no thread is left for another instance', { retryAfterMs: 2_500 });
    }
    if (config === '{"fail":"fault"}') throw new TypeError('cannot read /etc/secret/path');
    this.#view = { ...plugin, state: 'ACTIVE', instances: 1 };
    return { plugin: this.#view, others: [] };
  }

  async deactivate(idOrName: string, _force: boolean, { signal }: Requester): Promise<Changed> {
    this.signals.push(signal);
    await this.gate;
    this.#view = { ...this.get(idOrName), state: 'INSTALLED', instances: 0 };
    return { plugin: this.#view, others: [] };
  }

  async uninstall(idOrName: string, _force: boolean, { signal }: Requester): Promise<PluginView['ref']> {
    this.signals.push(signal);
    await this.gate;
    const { ref, state } = this.get(idOrName);
    if (state === 'ACTIVE') throw new HostError('PLUGIN_ACTIVE', `${ref.name} is active; deactivate it first`);
    this.#view = undefined;
    return ref;
  }

  permissions(idOrName: string): GrantsOf {
    return { plugin: this.get(idOrName).ref, permissions: permissions(this.orders.at(-1)?.decisions) };
  }

  async setGrants(idOrName: string, decisions: Decisions): Promise<GrantsOf> {
    this.orders.push({ dryRun: false, decisions });
    return this.permissions(idOrName);
  }
}

function permissions(decisions?: Decisions): PermissionsView {
  const texts = (list: Decisions['grant'] = []): string[] => list.map(permissionJson);
  return {
    versionLine: '1',
    asked: ['"SystemTime"'],
    granted: texts(decisions?.grant),
    denied: texts(decisions?.deny),
    effective: [],
    undecided: [],
    used: [{ permission: '"SystemTime"', allowed: 0, refused: 2 ** 40 }],
    withoutRoot: ['{"FileRead":"/data"}'],
  };
}

function view(moduleBytes: number): PluginView {
  return {
    ref: { id: ID, name: 'described', version: '1.2.3' },
    state: 'INSTALLED',
    description: 'Says nothing \u001b[31mred\u001b[0m, \u009b31mand \u202eback',
    author: 'A. Author',
    license: 'MIT',
    capabilities: [{ type: 'NeuronType', config: { layer: 'L2', neuron_type: 'echo' } }],
    permissionsAsked: ['SystemTime', { FileRead: ['/data'] }],
    digest: 'ab'.repeat(32),
    moduleBytes,
    memoryLimitBytes: 64 * 1_048_576,
    stateful: true,
    instances: 0,
    queueLength: 0,
    installedAtMs: 1_700_000_000_000,
    contractVersion: '0.1.0',
    development: false,
    unsigned: true,
    signers: [],
    files: [
      { kind: 'readme', path: 'README.md', name: '', sizeBytes: 40 },
      { kind: 'asset', path: 'large.bin', name: 'large.bin', sizeBytes: 8_000_000 },
      { kind: 'asset', path: 'empty', name: 'nothing', sizeBytes: 0 },
    ],
    dependencies: [],
  };
}

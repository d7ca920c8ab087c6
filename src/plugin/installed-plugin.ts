import { HostError } from '../errors.js';
import type { MayUse } from '../host/memory/memory-calls.js';
import type { HostCalls } from '../host/session.js';
import { GUEST_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import { isStateful, type Manifest } from '../package/manifest.js';
import { listFiles, type PackageFiles } from '../package/package-files.js';
import type { IndexEntry } from '../package/store.js';
import type { Crew } from '../pool/crew.js';
import type { CrewObserver, CrewSpec } from '../pool/crew-spec.js';
import type { Pool } from '../pool/pool.js';
import type { PreparedModule } from '../prepare/prepare.js';
import type { AssetImage } from '../protocol/assets.js';
import type { Trust } from '../sandbox/trust.js';
import { loadAssets } from './asset-image.js';
import { bindingOf } from './binding.js';
import type { ActivePlugin, CapabilityRegistry, PluginRef } from './capability-registry.js';
import type { GraphPlugin } from './dependencies.js';
import { neuronOffers, toolOffers } from './offers.js';
import type { PluginView } from './plugins-api.js';
import { requireTrust, signedPlugin } from './signed-plugin.js';

/** What is known of a plugin from its installation on. */
export interface InstalledPluginParts {
  manifest: Manifest;
  /** SHA-256 of the package's contents, in hexadecimal. */
  digest: string;
  prepared: PreparedModule;
  files: PackageFiles;
  installedAtMs: number;
  /** One JSON object as text. */
  config: string;
  development: boolean;
  /** The public keys that signed it, in base64; each signature was verified. */
  signedBy: readonly string[];
}

/** What an installed plugin needs to run. */
export interface PluginRuntime {
  pool: Pool;
  registry: CapabilityRegistry;
  hostVersion: string;
  /** This and the next two: as they are when the plugin is put into service. */
  readonly callTimeoutMs: number;
  /** Budget of a call for which neither the request nor the plugin names one. */
  readonly callFuel: number;
  readonly queueLength: number;
  /** Who answers the host calls of a plugin's instances. */
  hostCalls(ref: PluginRef, mayUse: MayUse): HostCalls;
  /** Who signed it, and whether that counts. */
  trust: Trust;
  /** Where a plugin's calls, kills, log lines and metrics go. */
  observe(ref: PluginRef): { observer: CrewObserver; metrics: PluginMetrics };
}

/** One installed plugin: at rest, or in service with a crew of its own. */
export class InstalledPlugin {
  readonly manifest: Manifest;
  readonly digest: string;
  readonly ref: PluginRef;
  readonly node: GraphPlugin;
  readonly development: boolean;
  readonly installedAtMs: number;
  config: string;
  /** The public keys that signed it, in base64. */
  signedBy: readonly string[];
  /** Whether the operator wants it in service, which it may not be for want of capacity. */
  wanted = false;
  /** What the package has besides its module. */
  readonly files: PackageFiles;
  /** For the plugins that are in service: when it was put there, as a number that grows. */
  turn = 0;
  readonly #prepared: PreparedModule;
  readonly #runtime: PluginRuntime;
  #crew: Crew | undefined;
  static #turns = 0;

  constructor(parts: InstalledPluginParts, runtime: PluginRuntime) {
    this.manifest = parts.manifest;
    this.digest = parts.digest;
    this.development = parts.development;
    this.installedAtMs = parts.installedAtMs;
    this.config = parts.config;
    this.signedBy = parts.signedBy;
    this.files = parts.files;
    this.#prepared = parts.prepared;
    this.#runtime = runtime;
    const { id, name, version } = parts.manifest.metadata;
    this.ref = { id, name, version };
    this.node = nodeOf(parts.manifest);
  }

  get active(): boolean {
    return this.#crew !== undefined;
  }

  /** Whether nobody whom the operator trusts has signed it. */
  get unsigned(): boolean {
    return this.#signers().length === 0;
  }

  /** Whether it may run, by who signed it. */
  get trusted(): boolean {
    return this.development || this.#runtime.trust.refusal(signedPlugin(this.manifest, this.signedBy)) === undefined;
  }

  /**
   * What the operator runs from a directory needs no signature.
   *
   * @throws HostError where it may not run, by who signed it: SIGNATURE_MISSING, KEY_UNTRUSTED, KEY_REVOKED
   */
  requireTrust(): void {
    if (!this.development) requireTrust(this.#runtime.trust, signedPlugin(this.manifest, this.signedBy));
  }

  /**
   * Registers the plugin for what it offers, with a crew that starts its first instance when it is needed; a stateful
   * plugin's is started now, since its thread is reserved anyway. Its assets are in memory from here on.
   *
   * @throws HostError CAPACITY; DATA_DIR_DAMAGED where the assets cannot be read
   */
  async enlist(): Promise<void> {
    if (this.#crew !== undefined) return;
    const assets = await loadAssets(this.manifest, this.files);
    const { observer, metrics } = this.#runtime.observe(this.ref);
    const crew = this.#runtime.pool.recruit(this.#crewSpec(assets), observer);
    this.#crew = crew;
    this.turn = ++InstalledPlugin.#turns;
    metrics.watch({ queueLength: () => crew.queueLength, instances: () => crew.instancesByState() });
    const offer: ActivePlugin = {
      ref: this.ref,
      neurons: neuronOffers(this.manifest),
      tools: toolOffers(this.manifest),
      crew,
    };
    this.#runtime.registry.add(offer);
  }

  /**
   * Starts an instance and waits until it takes calls; registers the plugin only then.
   *
   * @throws HostError CAPACITY, PLUGIN_LOAD_FAILED; the plugin is at rest as before.
   */
  async activate(): Promise<void> {
    if (this.#crew !== undefined) return;
    await this.enlist();
    try {
      await this.warmUp();
    } catch (error) {
      await this.deactivate(0);
      throw error;
    }
  }

  /** @throws HostError PLUGIN_LOAD_FAILED */
  async warmUp(): Promise<void> {
    await this.#crew?.warmUp();
  }

  /** Takes the plugin out of service: no new call reaches it, those under way end within `drainMs`. */
  async deactivate(drainMs: number): Promise<void> {
    const crew = this.#crew;
    if (crew === undefined) return;
    this.#crew = undefined;
    this.#runtime.registry.remove(this.ref.id);
    await this.#runtime.pool.dismiss(crew, drainMs);
    this.#runtime.observe(this.ref).metrics.watch(undefined);
  }

  /** All but what other plugins have to do with it. */
  view(): Omit<PluginView, 'dependencies'> {
    const { metadata } = this.manifest;
    const signers = this.#signers();
    return {
      ref: this.ref,
      state: this.active ? 'ACTIVE' : 'INSTALLED',
      description: metadata.description,
      author: metadata.author,
      license: metadata.license,
      capabilities: metadata.capabilities,
      permissionsAsked: metadata.requirements.required_permissions,
      digest: this.digest,
      moduleBytes: this.#prepared.moduleBytes,
      memoryLimitBytes: this.#prepared.memory.maximumBytes,
      stateful: isStateful(this.manifest),
      instances: this.#crew?.instances ?? 0,
      queueLength: this.#crew?.queueLength ?? 0,
      installedAtMs: this.installedAtMs,
      contractVersion: this.#prepared.contractVersion,
      development: this.development,
      unsigned: signers.length === 0,
      signers,
      files: listFiles(this.manifest, this.files.sizes),
    };
  }

  /** What the index on disk keeps of it. */
  indexEntry(): IndexEntry {
    const { ref, digest, wanted: active, config, installedAtMs, signedBy } = this;
    return { id: ref.id, version: ref.version, digest, active, config, installedAtMs, signedBy: [...signedBy] };
  }

  #signers(): PluginView['signers'] {
    return this.#runtime.trust.standing(signedPlugin(this.manifest, this.signedBy)).signers;
  }

  #crewSpec(assets: AssetImage | undefined): CrewSpec {
    const stateful = isStateful(this.manifest);
    const own = this.manifest.metadata.requirements.max_call_ms ?? Infinity;
    return {
      binding: { ...bindingOf(this.manifest, this.#prepared, this.config, this.#runtime.hostVersion), assets },
      host: this.#runtime.hostCalls(this.ref, () => false),
      stateful,
      maxLives: stateful ? 1 : SERVER_LIMITS.maxInstances,
      queue: { maxCalls: this.#runtime.queueLength, maxBytes: SERVER_LIMITS.maxQueueBytes },
      callFuel: this.manifest.metadata.requirements.max_fuel ?? this.#runtime.callFuel,
      callMs: Math.min(own, this.#runtime.callTimeoutMs),
      lifecycleMs: GUEST_LIMITS.lifecycleCallMs,
    };
  }
}

/** A plugin as a graph of dependencies has it. */
export function nodeOf({ metadata }: Manifest): GraphPlugin {
  const { id, name, version, requirements } = metadata;
  const dependencies = requirements.dependencies.map(({ plugin_id: pluginId, version: range, optional }) => ({
    pluginId,
    range,
    optional,
  }));
  return { id, name, version, dependencies };
}

/** @throws HostError REQUEST_INVALID unless the text is one JSON object, not larger than it may be. */
export function checkConfig(text: string): string {
  if (Buffer.byteLength(text) > REQUEST_LIMITS.maxConfigBytes) {
    throw new HostError(
      'REQUEST_INVALID',
      `config: expected at most ${REQUEST_LIMITS.maxConfigBytes} bytes, found ${Buffer.byteLength(text)}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  throw new HostError('REQUEST_INVALID', 'config: expected one JSON object as text, such as {"threshold": 0.5}');
}

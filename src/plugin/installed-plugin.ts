import type { PluginRoots } from '../host/files/plugin-roots.js';
import type { Rights } from '../host/service.js';
import type { HostCalls } from '../host/session.js';
import type { PluginLimits } from '../limits/plugin-limits.js';
import { GUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import type { PluginMetrics } from '../observe/plugin-metrics.js';
import { isStateful, type Manifest } from '../package/manifest.js';
import { listFiles, type PackageFiles } from '../package/package-files.js';
import type { IndexEntry } from '../package/store.js';
import type { Crew } from '../pool/crew.js';
import type { CrewObserver, CrewSpec } from '../pool/crew-spec.js';
import type { Pool } from '../pool/pool.js';
import type { PreparedModule } from '../prepare/prepare.js';
import type { AssetImage } from '../protocol/assets.js';
import type { UsesMessage } from '../protocol/bind.js';
import type { ConfiguredGrants } from '../sandbox/configured-grants.js';
import { type EnvironmentLookup, guestGrants, type Use, usesOf } from '../sandbox/guest-grants.js';
import { partsOf } from '../sandbox/permission-parts.js';
import type { Sheet } from '../sandbox/permitted.js';
import type { Trust } from '../sandbox/trust.js';
import { loadAssets } from './asset-image.js';
import { bindingOf } from './binding.js';
import type { ActivePlugin, CapabilityRegistry, PluginRef } from './capability-registry.js';
import type { GraphPlugin } from './dependencies.js';
import { nodeOf } from './graph-node.js';
import { neuronOffers, toolOffers } from './offers.js';
import type { PermissionUses } from './permission-uses.js';
import type { PluginGrants } from './plugin-grants.js';
import { CrewRights } from './plugin-rights.js';
import { usageOf } from './plugin-usage.js';
import type { GrantsOf, LimitView, PluginView } from './plugins-api.js';
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
  /** What the operator has decided. */
  grants: PluginGrants;
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
  hostCalls(ref: PluginRef, rights: Rights): HostCalls;
  limits(ref: PluginRef): PluginLimits;
  /** The host's directories that a plugin sees, where it may. */
  rootsOf(pluginId: string): PluginRoots;
  /** Who signed it, and whether that counts. */
  trust: Trust;
  /** Where a plugin's calls, kills, log lines and metrics go. */
  observe(ref: PluginRef): { observer: Omit<CrewObserver, 'uses'>; metrics: PluginMetrics };
  uses: PermissionUses;
  /** What the configuration grants and denies. */
  configured: ConfiguredGrants;
  environment: EnvironmentLookup;
}

/** What is counted of host calls, by the permission that it needs. */
const OPERATIONS: Readonly<Record<string, string>> = {
  SystemTime: 'time',
  SystemRandom: 'random',
  SystemEnv: 'environment',
};

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
  /** Counts from the next start of its instances on. */
  grants: PluginGrants;
  /** What the package has besides its module. */
  readonly files: PackageFiles;
  /** For the plugins that are in service: when it was put there, as a number that grows. */
  turn = 0;
  readonly #prepared: PreparedModule;
  readonly #runtime: PluginRuntime;
  #crew: Crew | undefined;
  #rights: CrewRights | undefined;
  static #turns = 0;

  constructor(parts: InstalledPluginParts, runtime: PluginRuntime) {
    this.manifest = parts.manifest;
    this.digest = parts.digest;
    this.development = parts.development;
    this.installedAtMs = parts.installedAtMs;
    this.config = parts.config;
    this.grants = parts.grants;
    this.signedBy = parts.signedBy;
    this.files = parts.files;
    this.#prepared = parts.prepared;
    this.#runtime = runtime;
    const { id, name, version } = parts.manifest.metadata;
    this.ref = { id, name, version };
    this.node = nodeOf(parts.manifest);
  }

  /** The host's directories that it sees, where it may. */
  get roots(): PluginRoots {
    return this.#runtime.rootsOf(this.ref.id);
  }

  /** What its prepared module is cached under. */
  get preparedKey(): string {
    return this.#prepared.cacheKey;
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
   * @throws HostError CAPACITY; as `requireTrust`; DATA_DIR_DAMAGED where the assets cannot be read
   */
  async enlist(): Promise<void> {
    if (this.#crew !== undefined) return;
    this.requireTrust();
    const assets = await loadAssets(this.manifest, this.files);
    const { observer, metrics } = this.#runtime.observe(this.ref);
    const { sheet } = this.grants;
    const uses = (message: UsesMessage): void => this.#used(usesOf(message, sheet), metrics);
    const rights = new CrewRights(sheet, (permission, permitted) =>
      this.#runtime.uses.record(this.ref.id, [{ permission, permitted, count: 1 }]),
    );
    const crew = this.#runtime.pool.recruit(this.#crewSpec(sheet, rights, assets), { ...observer, uses });
    [this.#crew, this.#rights] = [crew, rights];
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

  /**
   * Takes the plugin out of service: no new call reaches it, those under way end within `drainMs`.
   * @param next other grants: what they do not give is lost at once, also by calls under way
   */
  async deactivate(drainMs: number, next?: PluginGrants): Promise<void> {
    if (next !== undefined) this.#rights?.narrow(next.sheet);
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

  permissions(): GrantsOf {
    const { uses } = this.#runtime;
    return { plugin: this.ref, permissions: this.grants.view(uses.of(this.ref.id), this.roots) };
  }

  usage(): Promise<LimitView[]> {
    const { metrics } = this.#runtime.observe(this.ref);
    return this.#crew === undefined ? Promise.resolve([]) : usageOf(this.#crew, metrics);
  }

  /** What the index on disk keeps of it. */
  indexEntry(): IndexEntry {
    const { ref, digest, wanted: active, config, installedAtMs } = this;
    const entry = { id: ref.id, version: ref.version, digest, active, config, installedAtMs };
    return { ...entry, signedBy: [...this.signedBy], grants: this.grants.stored as IndexEntry['grants'] };
  }

  #signers(): PluginView['signers'] {
    return this.#runtime.trust.standing(signedPlugin(this.manifest, this.signedBy)).signers;
  }

  #used(uses: readonly Use[], metrics: PluginMetrics): void {
    this.#runtime.uses.record(this.ref.id, uses);
    for (const { permission, permitted, count } of uses)
      metrics.hostCall(OPERATIONS[partsOf(permission).kind] ?? 'other', permitted ? 'allowed' : 'denied', count);
  }

  #crewSpec(sheet: Sheet, rights: Rights, assets: AssetImage | undefined): CrewSpec {
    const stateful = isStateful(this.manifest);
    const own = this.manifest.metadata.requirements.max_call_ms ?? Infinity;
    return {
      binding: {
        ...bindingOf(
          this.manifest,
          this.#prepared,
          this.config,
          this.#runtime.hostVersion,
          guestGrants(sheet, this.#runtime.environment),
          this.#runtime.limits(this.ref),
        ),
        assets,
        directories: this.roots.directories(sheet.asked),
      },
      host: this.#runtime.hostCalls(this.ref, rights),
      stateful,
      maxLives: stateful ? 1 : SERVER_LIMITS.maxInstances,
      queue: { maxCalls: this.#runtime.queueLength, maxBytes: SERVER_LIMITS.maxQueueBytes },
      callFuel: this.manifest.metadata.requirements.max_fuel ?? this.#runtime.callFuel,
      callMs: Math.min(own, this.#runtime.callTimeoutMs),
      lifecycleMs: GUEST_LIMITS.lifecycleCallMs,
    };
  }
}

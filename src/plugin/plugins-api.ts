import type { LimitUse } from '../host/limit-use.js';
import type { NamedFile } from '../package/package-files.js';
import type { Decisions } from '../sandbox/decisions.js';

/** An installed plugin, as operators see it. */
export interface PluginView {
  ref: { id: string; name: string; version: string };
  state: 'INSTALLED' | 'ACTIVE';
  description: string;
  author: string;
  license: string;
  capabilities: readonly { type: string; config: object }[];
  /** As the manifest writes them. */
  permissionsAsked: readonly unknown[];
  /** SHA-256 of the package's contents, in hexadecimal. */
  digest: string;
  moduleBytes: number;
  memoryLimitBytes: number;
  stateful: boolean;
  instances: number;
  queueLength: number;
  installedAtMs: number;
  contractVersion: string;
  development: boolean;
  /** Nobody whom the operator trusts has signed it. */
  unsigned: boolean;
  /** The trusted keys that signed it. */
  signers: readonly { keyId: string; name: string }[];
  files: readonly NamedFile[];
  dependencies: readonly DependencyView[];
}

/** What a plugin depends on, and what of it is there. */
export interface DependencyView {
  pluginId: string;
  /** As of `semver`. */
  versionRange: string;
  optional: boolean;
  /** Empty where none is installed. */
  installedVersion: string;
}

/** A plugin after its change, and the others that were changed with it, in order. */
export interface Changed {
  plugin: PluginView;
  others: readonly PluginView['ref'][];
}

/** What a plugin may do. Permissions are JSON texts, always in the same spelling. */
export interface PermissionsView {
  /** Decisions are kept for this line of versions, for instance "1". */
  versionLine: string;
  asked: readonly string[];
  granted: readonly string[];
  denied: readonly string[];
  effective: readonly string[];
  undecided: readonly string[];
  used: readonly PermissionUse[];
  /** Of those that are effective, what no directory is mapped for. */
  withoutRoot: readonly string[];
}

/** How often a permission was needed, while the plugin had it and while it had not. */
export interface PermissionUse {
  permission: string;
  allowed: number;
  refused: number;
}

/** How a package is to be installed. */
export interface InstallOrder {
  /** Checks everything and changes nothing. */
  readonly dryRun: boolean;
  readonly decisions: Decisions;
}

/** What came, or would come, of an installation. */
export interface Installed {
  plugin: PluginView;
  /** False when the same bytes were installed already. */
  changed: boolean;
  permissions: PermissionsView;
}

export interface GrantsOf {
  plugin: PluginView['ref'];
  permissions: PermissionsView;
}

/** How much of a limit is used, and how often it was in the way since the server started. */
export interface LimitView extends LimitUse {
  limited: number;
}

export interface UsageOf {
  plugin: PluginView['ref'];
  /** Empty for a plugin that is not in service. */
  limits: readonly LimitView[];
}

/** Who asks for a change. */
export interface Requester {
  /** For the audit log: the name behind the credentials, or where the connection came from. */
  readonly actor: string;
  /** Aborted when the caller has gone. */
  readonly signal?: AbortSignal;
}

/**
 * What operators do with plugins. Every method throws HostError; one whose requester has gone before its turn has come throws
 * CALL_CANCELLED and has done nothing.
 */
export interface Plugins {
  install(packageBytes: Uint8Array, order: InstallOrder, by: Requester): Promise<Installed>;
  list(): readonly PluginView[];
  get(idOrName: string): PluginView;
  /** One of the plugin's `files`, by its path in the package. */
  readFile(idOrName: string, path: string): Promise<Uint8Array>;
  /**
   * @param config One JSON object as text; undefined keeps the last one.
   * @returns what was put into service for it, in order, besides
   */
  activate(idOrName: string, config: string | undefined, by: Requester): Promise<Changed>;
  /**
   * @param force takes those out of service first that need it
   * @returns those, in order, besides
   */
  deactivate(idOrName: string, force: boolean, by: Requester): Promise<Changed>;
  /** @param force although others need it, and although it is active */
  uninstall(idOrName: string, force: boolean, by: Requester): Promise<PluginView['ref']>;
  permissions(idOrName: string): GrantsOf;
  /** Of one plugin, or of all that are in service. */
  usage(idOrName?: string): Promise<readonly UsageOf[]>;
  /** Instances start afresh where what the plugin may do has changed. */
  setGrants(idOrName: string, decisions: Decisions, by: Requester): Promise<GrantsOf>;
}

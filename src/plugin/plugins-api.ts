import type { NamedFile } from '../package/package-files.js';

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
  install(packageBytes: Uint8Array, by: Requester): Promise<{ plugin: PluginView; changed: boolean }>;
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
}

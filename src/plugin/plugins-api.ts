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
  /** @param config One JSON object as text; undefined keeps the last one. */
  activate(idOrName: string, config: string | undefined, by: Requester): Promise<PluginView>;
  deactivate(idOrName: string, by: Requester): Promise<PluginView>;
  uninstall(idOrName: string, by: Requester): Promise<PluginView['ref']>;
}

/**
 * The messages of `proto/hal9/plugin/v1/` in their proto3 JSON form: camelCase, 64-bit integers and enums as text.
 * What is unset in an answer is null (messages) or absent (`optional` fields).
 */

export type Layer = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L6' | 'L7' | 'L8' | 'L9';

export interface Signal {
  id: string;
  type: string;
  layer: Layer | 'LAYER_UNSPECIFIED';
  source: string;
  content: string;
  /** Each value is one JSON text. */
  metadata: Record<string, string>;
  timestampMs: string;
}

export interface PluginRef {
  id: string;
  name: string;
  version: string;
}

export interface PluginError {
  code: string;
  message: string;
  details: string;
}

export interface Cost {
  /** Absent where the call was not metered. */
  fuel?: string;
  /** Of the table of weights; 0 where fuel is absent. */
  fuelVersion: number;
  guestTimeUs: string;
  queueTimeUs: string;
  memoryBytes: string;
  memoryGrowthBytes: string;
  /** Of the fuel, what plugins used that it called. */
  calledFuel: string;
}

export type OutcomeName =
  | 'OUTCOME_UNSPECIFIED'
  | 'OK'
  | 'PLUGIN_ERROR'
  | 'TRAP'
  | 'LIMIT'
  | 'CANCELLED'
  | 'HOST_BUG'
  | 'ABORTED';

export type LimitKind = 'LIMIT_UNSPECIFIED' | 'FUEL' | 'MEMORY' | 'DEADLINE' | 'OUTPUT' | 'STACK' | 'QUEUE';

export interface PluginResult {
  plugin: PluginRef | null;
  outcome: OutcomeName;
  limit: LimitKind;
  signals: Signal[];
  value: string;
  error: PluginError | null;
  cost: Cost | null;
}

export interface ProcessSignalRequest {
  signal: Partial<Signal>;
  neuronType?: string;
  pluginId?: string;
  requestId?: string;
  /** Budget of each call. */
  fuel?: string | number;
}

export interface ProcessSignalResponse {
  results: PluginResult[];
  requestId: string;
}

export interface StreamSignalsRequest {
  id: string | number;
  signals: readonly Partial<Signal>[];
  neuronType?: string;
  pluginId?: string;
  requestId?: string;
  timeoutMs?: number;
  fuel?: string | number;
}

export interface Refusal {
  code: number;
  reason: string;
  message: string;
  retryAfterMs: number;
}

export interface SignalAnswer {
  results: PluginResult[];
  refusal: Refusal | null;
}

export interface StreamSignalsResponse {
  id: string;
  answers: SignalAnswer[];
  requestId: string;
}

export interface InvokeToolRequest {
  tool: string;
  /** One JSON object as text. */
  parameters?: string;
  pluginId?: string;
  requestId?: string;
  fuel?: string | number;
}

export interface InvokeToolResponse {
  result: PluginResult | null;
  requestId: string;
}

export interface Tool {
  plugin: PluginRef | null;
  name: string;
  description: string;
  parameters: { name: string; type: string; required: boolean; description: string; defaultValue: string }[];
}

export interface ListToolsResponse {
  tools: Tool[];
}

export interface Plugin {
  ref: PluginRef | null;
  state: 'PLUGIN_STATE_UNSPECIFIED' | 'INSTALLED' | 'ACTIVE';
  description: string;
  author: string;
  license: string;
  capabilities: { type: string; config: string }[];
  permissionsAsked: string[];
  digest: string;
  moduleBytes: string;
  memoryLimitBytes: string;
  stateful: boolean;
  instances: number;
  queueLength: number;
  installedAtMs: string;
  contractVersion: string;
  development: boolean;
  unsigned: boolean;
  signers: { keyId: string; name: string }[];
  files: PackagedFile[];
  dependencies: Dependency[];
}

export interface Dependency {
  pluginId: string;
  versionRange: string;
  optional: boolean;
  /** Empty where none is installed. */
  installedVersion: string;
}

export interface PackagedFile {
  kind: string;
  path: string;
  /** Of an asset: the guest reads it as `/assets/NAME`. */
  name: string;
  sizeBytes: string;
}

export interface PluginResponse {
  plugin: Plugin | null;
}

export interface ActivatePluginResponse extends PluginResponse {
  activatedFirst: PluginRef[];
}

export interface DeactivatePluginResponse extends PluginResponse {
  deactivatedFirst: PluginRef[];
}

export interface InstallPluginResponse extends PluginResponse {
  changed: boolean;
  permissions: Permissions | null;
}

/** Each permission is one JSON text. */
export interface Permissions {
  versionLine: string;
  asked: string[];
  granted: string[];
  denied: string[];
  effective: string[];
  undecided: string[];
  withoutRoot: string[];
  used: { permission: string; allowed: string; refused: string }[];
}

export interface Decisions {
  /** JSON texts. */
  grant?: readonly string[];
  deny?: readonly string[];
  rest?: 'REST_UNSPECIFIED' | 'REST_GRANT' | 'REST_DENY';
}

export interface PluginPermissionsResponse {
  plugin: PluginRef | null;
  permissions: Permissions | null;
}

export interface ListPluginsResponse {
  plugins: Plugin[];
}

export interface UninstallPluginResponse {
  plugin: PluginRef | null;
}

/** A key that the operator has decided about. */
export interface Key {
  keyId: string;
  name: string;
  /** Base64. */
  publicKey: string;
  pluginIds: string[];
  authors: string[];
  trustedAtMs: string;
  /** "0" while it is trusted. */
  revokedAtMs: string;
}

export interface TrustKeyRequest {
  /** 32 bytes. */
  publicKey: Uint8Array;
  name: string;
  pluginIds?: readonly string[];
  authors?: readonly string[];
}

export interface ChangedKeyResponse {
  key: Key | null;
  deactivatedPluginIds: string[];
}

export interface ListKeysResponse {
  keys: Key[];
}

/** What a plugin keeps, or several plugins share. */
export interface Memory {
  /** `plugin:ID` or `shared:NAME`. */
  name: string;
  pluginName: string;
  keys: string;
  bytes: string;
  maxKeys: string;
  maxBytes: string;
}

export interface MemoryKey {
  key: string;
  valueBytes: string;
}

export interface MemoryEntry {
  key: string;
  /** One JSON text. */
  value: string;
}

export interface ListMemoriesResponse {
  memories: Memory[];
}

export interface ListMemoryKeysResponse {
  keys: MemoryKey[];
  more: boolean;
}

export interface GetMemoryEntryResponse {
  entry: MemoryEntry | null;
}

export interface ExportMemoryResponse {
  entries: MemoryEntry[];
  more: boolean;
}

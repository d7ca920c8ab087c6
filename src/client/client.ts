import type { EventEmitter } from 'node:events';
import {
  type CallOptions,
  type ClientWritableStream,
  Client as GrpcClient,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { REQUEST_LIMITS } from '../limits.js';
import { CallError } from './call-error.js';
import { type ClientTls, channelOf } from './channel.js';
import { executionDefinition, keysDefinition, managementDefinition, memoryDefinition } from './definitions.js';
import { MemoryClient } from './memory-client.js';
import type {
  ActivatePluginResponse,
  ChangedKeyResponse,
  DeactivatePluginResponse,
  Decisions,
  InstallPluginResponse,
  InvokeToolRequest,
  InvokeToolResponse,
  ListKeysResponse,
  ListPluginsResponse,
  ListToolsResponse,
  PluginPermissionsResponse,
  PluginResponse,
  ProcessSignalRequest,
  ProcessSignalResponse,
  StreamSignalsRequest,
  StreamSignalsResponse,
  TrustKeyRequest,
  UninstallPluginResponse,
} from './messages.js';
import { type PackageSettings, sendPackage } from './send-package.js';
import { SignalStream } from './signal-stream.js';
import type { PluginUsageResponse } from './usage-messages.js';

export interface ClientOptions {
  /** Deadline of each call, in milliseconds; none by default. */
  timeoutMs?: number;
  /** Sent with each call. Where it must not be overheard, `tls` belongs to it. */
  token?: string;
  /** Speaks TLS. */
  tls?: ClientTls;
  /** Bound on a request, and on a reply where it is larger than lists may be; the server's default. */
  maxMessageBytes?: number;
}

/** Options of one call. */
export interface CallSettings {
  /** Instead of the client's. */
  timeoutMs?: number;
  /** W3C trace context, carried to the server's log. */
  traceparent?: string;
  /** Aborting it hangs up. */
  signal?: AbortSignal;
}

/** Of a change that others depend on. */
export interface Force {
  /** Makes it although other plugins depend on the plugin. */
  force?: boolean;
}

/** A client of one server. It connects with the first call. */
export class Client {
  /** What plugins keep. */
  readonly memory = new MemoryClient((method, request, settings) =>
    this.#unary(memoryDefinition, method, request, settings),
  );
  readonly #grpc: GrpcClient;
  readonly #timeoutMs: number | undefined;
  readonly #token: string | undefined;

  constructor(address: string, options: ClientOptions = {}) {
    const maxBytes = options.maxMessageBytes ?? REQUEST_LIMITS.maxMessageBytes;
    this.#timeoutMs = options.timeoutMs;
    this.#token = options.token;
    const channel = channelOf(address, options.tls);
    this.#grpc = new GrpcClient(address, channel.credentials, {
      ...channel.options,
      'grpc.max_receive_message_length': Math.max(maxBytes, REQUEST_LIMITS.maxListReplyBytes),
      'grpc.max_send_message_length': maxBytes,
      // A server on loopback is not behind the proxy that the environment may name.
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
      'grpc.service_config_disable_resolution': 1,
      // Each client has connections of its own.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  processSignal(request: ProcessSignalRequest, settings?: CallSettings): Promise<ProcessSignalResponse> {
    return this.#unary(executionDefinition, 'ProcessSignal', request, settings);
  }

  invokeTool(request: InvokeToolRequest, settings?: CallSettings): Promise<InvokeToolResponse> {
    return this.#unary(executionDefinition, 'InvokeTool', request, settings);
  }

  listTools(pluginId = '', settings?: CallSettings): Promise<ListToolsResponse> {
    return this.#unary(executionDefinition, 'ListTools', { pluginId }, settings);
  }

  streamSignals(settings: CallSettings = {}): SignalStream {
    const method = methodOf(executionDefinition, 'StreamSignals');
    const stream = this.#grpc.makeBidiStreamRequest<StreamSignalsRequest, StreamSignalsResponse>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize as (bytes: Buffer) => StreamSignalsResponse,
      this.#metadata(settings),
      this.#options(settings),
    );
    cancelOnAbort(stream, settings.signal);
    return new SignalStream(stream);
  }

  listPlugins(settings?: CallSettings): Promise<ListPluginsResponse> {
    return this.#unary(managementDefinition, 'ListPlugins', {}, settings);
  }

  getPlugin(pluginId: string, settings?: CallSettings): Promise<PluginResponse> {
    return this.#unary(managementDefinition, 'GetPlugin', { pluginId }, settings);
  }

  /** @param config One JSON object as text; empty keeps the last one. */
  activatePlugin(pluginId: string, config = '', settings?: CallSettings): Promise<ActivatePluginResponse> {
    return this.#unary(managementDefinition, 'ActivatePlugin', { pluginId, config }, settings);
  }

  deactivatePlugin(pluginId: string, settings: CallSettings & Force = {}): Promise<DeactivatePluginResponse> {
    const { force = false } = settings;
    return this.#unary(managementDefinition, 'DeactivatePlugin', { pluginId, force }, settings);
  }

  uninstallPlugin(pluginId: string, settings: CallSettings & Force = {}): Promise<UninstallPluginResponse> {
    const { force = false } = settings;
    return this.#unary(managementDefinition, 'UninstallPlugin', { pluginId, force }, settings);
  }

  /** One of the files that the plugin's description lists, by its path in the package. */
  getPluginFile(pluginId: string, path: string, settings: CallSettings = {}): Promise<Uint8Array> {
    const method = methodOf(managementDefinition, 'GetPluginFile');
    const stream = this.#grpc.makeServerStreamRequest<object, { chunk: string }>(
      method.path,
      method.requestSerialize,
      method.responseDeserialize as (bytes: Buffer) => { chunk: string },
      { pluginId, path },
      this.#metadata(settings),
      this.#options(settings),
    );
    cancelOnAbort(stream, settings.signal);
    const chunks: Buffer[] = [];
    return new Promise((resolve, reject) => {
      stream.on('data', ({ chunk }: { chunk: string }) => chunks.push(Buffer.from(chunk, 'base64')));
      stream.on('error', (error: ServiceError) => reject(CallError.from(error)));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
    });
  }

  getPluginPermissions(pluginId: string, settings?: CallSettings): Promise<PluginPermissionsResponse> {
    return this.#unary(managementDefinition, 'GetPluginPermissions', { pluginId }, settings);
  }

  /** Of one plugin, or of all that are in service. */
  getPluginUsage(pluginId = '', settings?: CallSettings): Promise<PluginUsageResponse> {
    return this.#unary(managementDefinition, 'GetPluginUsage', { pluginId }, settings);
  }

  setPluginGrants(pluginId: string, decisions: Decisions, settings?: CallSettings): Promise<PluginPermissionsResponse> {
    return this.#unary(managementDefinition, 'SetPluginGrants', { pluginId, decisions }, settings);
  }

  trustKey(request: TrustKeyRequest, settings?: CallSettings): Promise<ChangedKeyResponse> {
    return this.#unary(keysDefinition, 'TrustKey', request, settings);
  }

  /** @param key Its id, the first 8 or more digits of it, or its name where that is unique. */
  revokeKey(key: string, settings?: CallSettings): Promise<ChangedKeyResponse> {
    return this.#unary(keysDefinition, 'RevokeKey', { key }, settings);
  }

  listKeys(settings?: CallSettings): Promise<ListKeysResponse> {
    return this.#unary(keysDefinition, 'ListKeys', {}, settings);
  }

  /** Sends a `.hal9` file's bytes with their hash. */
  async installPlugin(
    packageBytes: Uint8Array,
    settings: CallSettings & PackageSettings = {},
  ): Promise<InstallPluginResponse> {
    const method = methodOf(managementDefinition, 'InstallPlugin');
    let stream: ClientWritableStream<object> | undefined;
    const reply = new Promise<InstallPluginResponse>((resolve, reject) => {
      stream = this.#grpc.makeClientStreamRequest<object, InstallPluginResponse>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize as (bytes: Buffer) => InstallPluginResponse,
        this.#metadata(settings),
        this.#options(settings),
        (error, value) => (error ? reject(CallError.from(error)) : resolve(value as InstallPluginResponse)),
      );
    });
    if (stream !== undefined) cancelOnAbort(stream, settings.signal);
    // The server may refuse while chunks are still being sent; sending stops then.
    const refused = reply.then(
      () => {},
      () => {},
    );
    if (stream !== undefined) await sendPackage(stream, packageBytes, refused, settings);
    return reply;
  }

  /** Resolves once connected. @throws CallError UNAVAILABLE when nobody answers in time. */
  async ready(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#grpc.waitForReady(Date.now() + timeoutMs, (error) => (error ? reject(unreachable(error)) : resolve()));
    });
  }

  close(): void {
    this.#grpc.close();
  }

  #metadata({ traceparent }: CallSettings): Metadata {
    const metadata = new Metadata();
    if (traceparent !== undefined) metadata.set('traceparent', traceparent);
    if (this.#token !== undefined) metadata.set('authorization', `Bearer ${this.#token}`);
    return metadata;
  }

  #options({ timeoutMs = this.#timeoutMs }: CallSettings): CallOptions {
    return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
  }

  #unary<Reply>(
    service: ServiceDefinition,
    name: string,
    request: object,
    settings: CallSettings = {},
  ): Promise<Reply> {
    const method = methodOf(service, name);
    return new Promise((resolve, reject) => {
      const call = this.#grpc.makeUnaryRequest<object, Reply>(
        method.path,
        method.requestSerialize,
        method.responseDeserialize as (bytes: Buffer) => Reply,
        request,
        this.#metadata(settings),
        this.#options(settings),
        (error, reply) => (error ? reject(CallError.from(error)) : resolve(reply as Reply)),
      );
      cancelOnAbort(call, settings.signal);
    });
  }
}

/** A client of the server at `127.0.0.1:50051`, `unix:/run/hal9.sock`, … */
export function connect(address: string, options?: ClientOptions): Client {
  return new Client(address, options);
}

function methodOf(service: ServiceDefinition, name: string): ServiceDefinition[string] {
  const method = service[name];
  if (method === undefined) throw new Error(`the contract has no method ${name}`);
  return method;
}

/** Hangs up when the signal is aborted; a call that is over lets go of the signal. */
function cancelOnAbort(call: EventEmitter & { cancel(): void }, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const cancel = (): void => call.cancel();
  if (signal.aborted) return cancel();
  signal.addEventListener('abort', cancel, { once: true });
  call.once('status', () => signal.removeEventListener('abort', cancel));
}

function unreachable(cause: Error): CallError {
  const message = 'nobody answered in time';
  return new CallError({ code: 'UNAVAILABLE', reason: '', message, details: {}, retryAfterMs: undefined }, { cause });
}

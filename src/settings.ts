import { GUEST_LIMITS, REQUEST_LIMITS, SERVER_LIMITS } from './limits.js';

/**
 * The server's settings, as data: names, values and defaults. `config.ts` reads them, the command line offers them,
 * the reference prints them. From the key `grpcListen` come the flag `--grpc-listen`, the variable
 * `HAL9_GRPC_LISTEN` and the file's key `grpc_listen`.
 */

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export const LOG_FORMATS = ['json', 'pretty'] as const;

/** Where clients look for a server that they are not told of, and where a server listens by default. */
export const DEFAULT_GRPC_ADDRESS = '127.0.0.1:50051';
/** Beside other Prometheus exporters' ports. */
export const DEFAULT_HTTP_ADDRESS = '127.0.0.1:9469';

export type SettingKind =
  | { type: 'path' | 'paths' | 'grpc-address' | 'http-address' }
  | { type: 'choice'; choices: readonly string[] }
  | { type: 'integer'; min: number; max: number }
  /** A flag without a value; `true`, `false`, `1` or `0` elsewhere. */
  | { type: 'boolean' };

export interface Setting {
  /** camelCase; the other names derive from it. */
  key: string;
  kind: SettingKind;
  /** What stands for the value in the help text; empty for a boolean. */
  placeholder: string;
  meaning: string;
  /** Whether a running server takes another value on SIGHUP. */
  live?: boolean;
  /** Undefined where the setting has none. */
  default: string | number | boolean | undefined;
}

const DAY_MS = 86_400_000;
const MIB = 1_048_576;

const integer = (min: number, max: number): SettingKind => ({ type: 'integer', min, max });

export const SETTINGS = [
  {
    key: 'dataDir',
    kind: { type: 'path' },
    placeholder: 'DIR',
    meaning: 'where installed plugins are kept; one server at a time',
    default: '.hal9',
  },
  {
    key: 'grpcListen',
    kind: { type: 'grpc-address' },
    placeholder: 'HOST:PORT|unix:PATH',
    meaning:
      'where gRPC is served; other than loopback and a Unix socket need TLS and an access file; port 0 picks a free one',
    default: DEFAULT_GRPC_ADDRESS,
  },
  {
    key: 'httpListen',
    kind: { type: 'http-address' },
    placeholder: 'HOST:PORT',
    meaning: 'where /metrics, /healthz and /readyz are served, under the same conditions; port 0 picks a free one',
    default: DEFAULT_HTTP_ADDRESS,
  },
  {
    key: 'tlsCert',
    kind: { type: 'path' },
    placeholder: 'FILE',
    meaning: "the server's certificate and those between it and the root, PEM; looked at every few seconds",
    default: undefined,
  },
  {
    key: 'tlsKey',
    kind: { type: 'path' },
    placeholder: 'FILE',
    meaning: 'the private key of the certificate, PEM',
    default: undefined,
  },
  {
    key: 'tlsClientCa',
    kind: { type: 'path' },
    placeholder: 'FILE',
    meaning: 'certificates of those who issue clients theirs, PEM; with it, each gRPC client has to show one',
    default: undefined,
  },
  {
    key: 'accessFile',
    kind: { type: 'path' },
    placeholder: 'FILE',
    meaning: 'who may do what, by token or client certificate, YAML; without it, who can connect may do everything',
    default: undefined,
  },
  {
    key: 'readyFile',
    kind: { type: 'path' },
    placeholder: 'FILE',
    meaning: 'written once the server serves, removed when it stops',
    default: undefined,
  },
  {
    key: 'devDir',
    kind: { type: 'paths' },
    placeholder: 'DIR',
    meaning: 'development directory of a plugin to load, unsigned and until the server stops; may be repeated',
    default: undefined,
  },
  {
    key: 'development',
    kind: { type: 'boolean' },
    placeholder: '',
    meaning: 'take plugins that nobody whom you trust has signed; not for production',
    default: false,
  },
  {
    key: 'logFormat',
    kind: { type: 'choice', choices: LOG_FORMATS },
    placeholder: LOG_FORMATS.join('|'),
    meaning: 'form of the log on standard output',
    default: 'json',
  },
  {
    key: 'logLevel',
    live: true,
    kind: { type: 'choice', choices: LOG_LEVELS },
    placeholder: LOG_LEVELS.join('|'),
    meaning: 'least level that is logged',
    default: 'info',
  },
  {
    key: 'drainTimeoutMs',
    kind: integer(0, DAY_MS),
    placeholder: 'N',
    meaning: 'how long calls under way may take to end when the server stops',
    default: SERVER_LIMITS.drainTimeoutMs,
  },
  {
    key: 'maxThreads',
    kind: integer(1, 4_096),
    placeholder: 'N',
    meaning: 'workers of all plugins together',
    default: SERVER_LIMITS.maxThreads,
  },
  {
    key: 'spareWorkers',
    kind: integer(0, 64),
    placeholder: 'N',
    meaning: 'workers kept warm for the next plugin that needs one',
    default: SERVER_LIMITS.spareWorkers,
  },
  {
    key: 'memoryLimitMb',
    kind: integer(64, 16 * MIB),
    placeholder: 'N',
    meaning: "memory that the server may plan with, in MiB; by default the cgroup's or the machine's",
    default: undefined,
  },
  {
    key: 'callFuel',
    live: true,
    kind: integer(1, Number.MAX_SAFE_INTEGER),
    placeholder: 'N',
    meaning: 'budget of fuel of a call for which neither the request nor the plugin names one',
    default: GUEST_LIMITS.defaultCallFuel,
  },
  {
    key: 'callTimeoutMs',
    live: true,
    kind: integer(1, DAY_MS),
    placeholder: 'N',
    meaning: 'wall-clock limit of a call for which nobody set a smaller one',
    default: GUEST_LIMITS.defaultCallMs,
  },
  {
    key: 'queueLength',
    live: true,
    kind: integer(1, MIB),
    placeholder: 'N',
    meaning: 'calls that may wait for one plugin',
    default: SERVER_LIMITS.maxQueueLength,
  },
  {
    key: 'maxInFlight',
    kind: integer(1, MIB),
    placeholder: 'N',
    meaning: 'calls that the server may have under way',
    default: SERVER_LIMITS.maxInFlight,
  },
  {
    key: 'maxStreams',
    kind: integer(1, MIB),
    placeholder: 'N',
    meaning: 'concurrent gRPC calls of one connection',
    default: SERVER_LIMITS.maxStreams,
  },
  {
    key: 'maxConnections',
    kind: integer(1, MIB),
    placeholder: 'N',
    meaning: 'open connections of each listener',
    default: SERVER_LIMITS.maxConnections,
  },
  {
    key: 'maxMessageBytes',
    kind: integer(4_096, 64 * MIB),
    placeholder: 'N',
    meaning: 'size of one gRPC message, both ways',
    default: REQUEST_LIMITS.maxMessageBytes,
  },
  {
    key: 'keepaliveMs',
    kind: integer(1_000, DAY_MS),
    placeholder: 'N',
    meaning: 'silence after which the server asks whether the client is still there',
    default: SERVER_LIMITS.keepaliveMs,
  },
  {
    key: 'keepaliveTimeoutMs',
    kind: integer(100, DAY_MS),
    placeholder: 'N',
    meaning: 'how long it waits for the answer to that',
    default: SERVER_LIMITS.keepaliveTimeoutMs,
  },
] as const satisfies readonly Setting[];

export type SettingKey = (typeof SETTINGS)[number]['key'];

const words = (key: string): string[] => key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());

/** `grpcListen` -> `--grpc-listen`. */
export const flagName = (key: string): string => `--${words(key).join('-')}`;
/** `grpcListen` -> `HAL9_GRPC_LISTEN`. */
export const variableName = (key: string): string => `HAL9_${words(key).join('_').toUpperCase()}`;
/** `grpcListen` -> `grpc_listen`. */
export const fileKey = (key: string): string => words(key).join('_');

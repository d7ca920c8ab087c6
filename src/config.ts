import { resolve } from 'node:path';
import { z } from 'zod';
import { documentFaults, Faults, readDocument, shortened } from './config/document.js';
import { SECTIONS, type Sections } from './config/sections.js';
import { HostError } from './errors.js';
import {
  formatAddress,
  isLocal,
  type ListenAddress,
  parseListenAddress,
  parseTcpListenAddress,
  type TcpAddress,
} from './listen-address.js';
import {
  fileKey,
  flagName,
  type LOG_FORMATS,
  type LOG_LEVELS,
  SETTINGS,
  type Setting,
  type SettingKey,
  variableName,
} from './settings.js';

/** What the server runs with: every setting, checked. */
export interface ServerConfig extends Sections {
  dataDir: string;
  grpcListen: ListenAddress;
  httpListen: TcpAddress;
  /** Given together, or not at all. */
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsClientCa: string | undefined;
  accessFile: string | undefined;
  readyFile: string | undefined;
  devDirs: readonly string[];
  /** Packages that no trusted key has signed are taken. */
  development: boolean;
  logFormat: (typeof LOG_FORMATS)[number];
  logLevel: (typeof LOG_LEVELS)[number];
  drainTimeoutMs: number;
  maxThreads: number;
  spareWorkers: number;
  /** Undefined: the cgroup's limit, or the machine's memory. */
  memoryLimitBytes: number | undefined;
  callFuel: number;
  callTimeoutMs: number;
  queueLength: number;
  maxInFlight: number;
  maxStreams: number;
  maxConnections: number;
  maxMessageBytes: number;
  keepaliveMs: number;
  keepaliveTimeoutMs: number;
}

/** Values by key (`grpcListen`), as the command line gives them, and the configuration file. */
export type ServerFlags = { [key in SettingKey]?: unknown } & { config?: string };

/** A value and where it came from, for the message. */
interface Given {
  value: unknown;
  source: string;
}

const MIB = 1_048_576;

/**
 * Settings from flags, then `HAL9_…` variables, then the file named by `--config` or `HAL9_CONFIG`, then defaults.
 * An empty variable counts as absent.
 *
 * @throws HostError CONFIG_INVALID naming each flag, variable or key that is wrong; LISTEN_REFUSED for an address beyond
 *   loopback without TLS and an access file.
 */
export function loadConfig(flags: ServerFlags, environment: NodeJS.ProcessEnv = process.env): ServerConfig {
  const file = flags.config ?? environment[variableName('config')];
  const faults = new Faults();
  const fromFile = file === undefined || file === '' ? {} : readConfigFile(file, faults);
  const given = new Map<SettingKey, Given>();
  for (const setting of SETTINGS) {
    const found = find(setting.key, flags, environment, fromFile);
    if (found !== undefined) given.set(setting.key, found);
  }
  const settings = readSettings(given, faults);
  faults.raise();
  checkTls(settings);
  for (const key of ['grpcListen', 'httpListen'] as const) {
    faults.collect(() =>
      withSource(given.get(key)?.source ?? flagName(key), () => checkExposed(settings, settings[key])),
    );
  }
  faults.raise();
  return { ...settings, ...(sectionsSchema.parse(sectionsOf(fromFile)) as Sections) };
}

/** A variable that a plugin was granted. What configures the server, tokens and all, is no plugin's business: as if it were not set. */
export function guestVariable(name: string, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (/^HAL9_/i.test(name) || !Object.hasOwn(environment, name)) return undefined;
  return environment[name];
}

function find(
  key: SettingKey,
  flags: ServerFlags,
  environment: NodeJS.ProcessEnv,
  fromFile: Record<string, unknown>,
): Given | undefined {
  const [flag, variable] = [flagName(key), variableName(key)];
  if (flags[key] !== undefined) return { value: flags[key], source: flag };
  const text = environment[variable];
  if (text !== undefined && text !== '') return { value: text, source: variable };
  const value = fromFile[fileKey(key)];
  return value === undefined ? undefined : { value, source: `${fileKey(key)} in the configuration file` };
}

const sectionKeys = Object.keys(SECTIONS);
const sectionsSchema = z.strictObject(SECTIONS);

const sectionsOf = (document: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(document).filter(([key]) => sectionKeys.includes(key)));

/** The file's keys and values; those of sections are checked, those of settings are not yet. */
function readConfigFile(file: string, faults: Faults): Record<string, unknown> {
  const document = readDocument(file, 'the configuration file') ?? {};
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw new HostError(
      'CONFIG_INVALID',
      'the configuration file must hold keys and values, such as "log_level: debug"',
    );
  }
  const known = [...SETTINGS.map((setting) => fileKey(setting.key)), ...sectionKeys];
  const unknown = Object.keys(document).filter((key) => !known.includes(key));
  const fromFile = document as Record<string, unknown>;
  const wrong = documentFaults(sectionsSchema, sectionsOf(fromFile));
  if (unknown.length > 0)
    wrong.unshift(`unknown keys: ${unknown.map(shortened).join(', ')}; known are ${known.sort().join(', ')}`);
  for (const fault of wrong) {
    faults.collect(() => {
      throw new HostError('CONFIG_INVALID', `the configuration file: ${fault}`);
    });
  }
  return fromFile;
}

type SettingValues = Omit<ServerConfig, keyof Sections>;

/** Not to be used where there are faults. */
function readSettings(given: ReadonlyMap<SettingKey, Given>, faults: Faults): SettingValues {
  const values: Record<string, unknown> = {};
  for (const setting of SETTINGS) {
    values[setting.key] = faults.collect(() => read(setting, given.get(setting.key)));
  }
  // Each value was parsed by the schema that its own entry in SETTINGS asks for.
  const { devDir, memoryLimitMb, ...rest } = values as Omit<SettingValues, 'devDirs' | 'memoryLimitBytes'> & {
    devDir: readonly string[] | undefined;
    memoryLimitMb: number | undefined;
  };
  const memoryLimitBytes = memoryLimitMb === undefined ? undefined : memoryLimitMb * MIB;
  return { ...rest, devDirs: devDir ?? [], memoryLimitBytes };
}

function checkTls({ tlsCert, tlsKey, tlsClientCa }: SettingValues): void {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new HostError('CONFIG_INVALID', '--tls-cert and --tls-key belong together; give both, or neither');
  }
  if (tlsClientCa !== undefined && tlsCert === undefined) {
    throw new HostError('CONFIG_INVALID', '--tls-client-ca needs --tls-cert and --tls-key as well');
  }
}

/** Beyond this machine nobody gets in without saying who he is, and nobody listens in. */
function checkExposed({ tlsCert, accessFile }: SettingValues, address: ListenAddress): void {
  const missing = [
    ...(tlsCert === undefined ? ['TLS (--tls-cert and --tls-key)'] : []),
    ...(accessFile === undefined ? ['an access file (--access-file)'] : []),
  ];
  if (isLocal(address) || missing.length === 0) return;
  throw new HostError(
    'LISTEN_REFUSED',
    `beyond loopback (127.0.0.0/8, ::1, localhost) and unix:PATH the server needs TLS and an access file; ` +
      `for ${formatAddress(address)}, give ${missing.join(' and ')}, or listen on loopback`,
    { details: { host: address.type === 'tcp' ? address.host : '' } },
  );
}

function read(setting: Setting, given: Given | undefined): unknown {
  const value = given?.value ?? setting.default;
  if (value === undefined) return undefined;
  const source = given?.source ?? flagName(setting.key);
  const result = schemaOf(setting).safeParse(value);
  if (!result.success) {
    const expected = result.error.issues.map((issue) => issue.message).join('; ');
    throw new HostError('CONFIG_INVALID', `${source}: expected ${expected}, found ${JSON.stringify(value)}`);
  }
  return withSource(source, () => resolveValue(setting, result.data));
}

function schemaOf({ kind }: Setting): z.ZodType {
  switch (kind.type) {
    case 'integer': {
      const expected = { error: `a whole number from ${kind.min} to ${kind.max}` };
      const digits = z
        .string(expected)
        .regex(/^\d{1,15}$/, expected)
        .transform(Number);
      return z.union([z.int(), digits], expected).pipe(z.int().min(kind.min, expected).max(kind.max, expected));
    }
    case 'boolean': {
      const expected = { error: 'true, false, 1 or 0' };
      const words = z.enum(['true', 'false', '1', '0'], expected).transform((text) => text === 'true' || text === '1');
      return z.union([z.boolean(), words], expected);
    }
    case 'choice':
      return z.enum(kind.choices as [string, ...string[]], { error: `one of ${kind.choices.join(', ')}` });
    case 'paths': {
      const expected = { error: 'one or more paths' };
      return z.union(
        [
          z
            .string()
            .min(1)
            .transform((path) => [path]),
          z.array(z.string().min(1)),
        ],
        expected,
      );
    }
    case 'path':
      return z.string({ error: 'a path' }).min(1, { error: 'a path' });
    case 'grpc-address':
      return z.string({ error: 'HOST:PORT or unix:PATH' });
    case 'http-address':
      return z.string({ error: 'HOST:PORT' });
  }
}

function resolveValue({ kind }: Setting, value: unknown): unknown {
  if (kind.type === 'path') return resolve(value as string);
  if (kind.type === 'paths') return (value as string[]).map((path) => resolve(path));
  if (kind.type === 'grpc-address') return parseListenAddress(value as string);
  if (kind.type === 'http-address') return parseTcpListenAddress(value as string);
  return value;
}

/** Puts the flag, variable or key before the message of an address that was refused. */
function withSource<T>(source: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new HostError(error.reason, `${source}: ${error.message}`, { details: error.details });
  }
}

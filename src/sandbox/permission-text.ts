/** Permissions as people write them: `SystemTime`, `SystemEnv=HOME`, or a JSON text. */

import { HostError } from '../errors.js';
import { shellWord } from '../observe/shell-word.js';
import { type Permission, permissionSchema } from '../permissions.js';
import { type PermissionKind, partsOf, permissionJson } from './permission-parts.js';

const SHORT = /^([A-Za-z0-9]+)=(.+)$/s;

/**
 * Reads a JSON text as a manifest writes it (`"SystemTime"`, `{"SystemEnv": "HOME"}`), a name alone, or `KEY=VALUE` for a
 * permission with one value.
 * @throws HostError REQUEST_INVALID
 */
export function readPermission(text: string, where: string): Permission {
  const short = SHORT.exec(text);
  const value = short === null ? jsonOf(text) : { [short[1] as string]: short[2] };
  const result = permissionSchema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
  throw new HostError(
    'REQUEST_INVALID',
    `${where}: ${JSON.stringify(text.slice(0, 200))} is no permission: ${faults} (write SystemTime, SystemEnv=HOME, or a JSON object as in a manifest)`,
  );
}

/** The shortest text that `readPermission` reads as this permission. */
export function permissionText(permission: Permission): string {
  const { kind, path, name } = partsOf(permission);
  const value = path ?? name;
  if (value !== undefined) return `${kind}=${value}`;
  return permissionJson(permission).replace(/^"(.*)"$/, '$1');
}

/** As a server says it, for a person: one that only a newer version knows stays as it is. */
export function shownPermission(text: string): string {
  try {
    return permissionText(readPermission(text, 'the reply'));
  } catch {
    return text;
  }
}

/** The text of `permissionText` as one word of a command line. */
export function permissionWord(permission: Permission): string {
  return shellWord(permissionText(permission));
}

/** What a plugin can do with a permission, in one line. */
export function permissionMeaning(permission: Permission): string {
  const { kind, hosts, ports, path, name } = partsOf(permission);
  const where = hosts === undefined ? 'any host' : hosts.join(', ');
  const at = ports === undefined ? where : `${where}, port ${ports.join(', ')}`;
  return MEANINGS[kind]({ at, what: path ?? name ?? '' });
}

type Meaning = (parts: { at: string; what: string }) => string;

const MEANINGS: Readonly<Record<PermissionKind, Meaning>> = {
  NetworkHttp: ({ at }) => `send and fetch data over HTTP, unencrypted, from ${at}`,
  NetworkHttps: ({ at }) => `send and fetch data over HTTPS, from ${at}`,
  NetworkTcp: ({ at }) => `open TCP connections to ${at}, which no version of the server lets it do yet`,
  NetworkUdp: ({ at }) => `send and receive UDP packets, ${at}, which no version of the server lets it do yet`,
  FileRead: ({ what }) => `read files below ${what}`,
  FileWrite: ({ what }) => `change files below ${what}`,
  FileCreate: ({ what }) => `create files below ${what}`,
  SystemTime: () => 'see the time pass while it runs, so that it can measure what takes how long',
  SystemRandom: () => "draw the operating system's random numbers",
  SystemEnv: ({ what }) => `read the variable ${what} of the server's environment`,
  Hal9Signal: () => 'send signals to other neurons',
  Hal9Memory: () => 'keep and search memories of its own',
  Hal9SharedMemory: ({ what }) => `keep and search memories in ${what}, which other plugins share`,
  Hal9Metrics: () => 'report metrics',
  Hal9Learning: () => 'take part in learning',
  PluginCall: ({ what }) => `call the tools of the plugin ${what}`,
};

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

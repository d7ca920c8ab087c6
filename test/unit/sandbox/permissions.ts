import type { Permission } from '../../../src/permissions.js';
import { mayConnect } from '../../../src/sandbox/network/may-connect.js';
import { permits, type Sheet } from '../../../src/sandbox/permitted.js';
import type { Random } from '../../fuzz/random.js';

const HOSTS = ['x.test', 'a.x.test', 'b.x.test', '*.x.test', 'c.a.x.test', '*.a.x.test', 'badx.test'];
/** One that is given by its own name alone. */
const INTERNAL = '10.0.0.1';
const NAMES = HOSTS.filter((host) => !host.startsWith('*'));
const PORTS = [80, 443, 8080];
const PATHS = ['/', '/data', '/data/x', '/data/x/y', '/database'];
const VARIABLES = ['HOME', 'PATH'];

/** A permission among few, so that two of them often have something in common. */
export function anyPermission(random: Random): Permission {
  switch (random.below(5)) {
    case 0:
      return random.pick(['SystemTime', 'SystemRandom'] as const);
    case 1:
      return { SystemEnv: random.pick(VARIABLES) };
    case 2:
      return { FileRead: random.pick(PATHS) };
    default:
      return network(random);
  }
}

function network(random: Random): Permission {
  const kind = random.pick(['NetworkHttp', 'NetworkTcp'] as const);
  const hosts = random.below(3) === 0 ? {} : { hosts: [random.pick([...HOSTS, INTERNAL]), random.pick(HOSTS)] };
  const ports = random.below(2) === 0 ? {} : { ports: [random.pick(PORTS), random.pick(PORTS)] };
  return { [kind]: { ...hosts, ...ports } } as unknown as Permission;
}

/** One thing that a plugin may do, and whether a permission is about it, worked out in another way than the code does. */
export interface Single {
  permission: Permission;
  /** @param denying a denial without ports is about all of them */
  within(permission: Permission, denying?: boolean): boolean;
  /** Whether a grant gives it, given that it is asked for. */
  given(permission: Permission): boolean;
  /** Whether a plugin may do it, to the end. */
  held(sheet: Sheet): boolean;
}

function single(permission: Permission, within: Single['within']): Single {
  return { permission, within, given: (grant) => within(grant), held: (sheet) => permits(sheet, permission) };
}

/** Every single thing that these permissions can be about. */
export function singles(): Single[] {
  const plain = (['SystemTime', 'SystemRandom'] as const).map((name): Single => {
    return single(name, (permission) => permission === name);
  });
  const variables = VARIABLES.map((name): Single => {
    return single({ SystemEnv: name }, (permission) => fieldOf(permission, 'SystemEnv') === name);
  });
  const files = ['/data/x/y/z', '/database/x', '/other'].map((path): Single => {
    return single({ FileRead: path }, (permission) => {
      const root = fieldOf(permission, 'FileRead');
      return typeof root === 'string' && `${path}/`.startsWith(root === '/' ? '/' : `${root}/`);
    });
  });
  const connections = (['NetworkHttp', 'NetworkTcp'] as const).flatMap((kind) =>
    NAMES.flatMap((host) => PORTS.map((port) => connection(kind, host, port))),
  );
  return [...plain, ...variables, ...files, ...connections, ...PORTS.map(internal)];
}

function internal(port: number): Single {
  const kind = 'NetworkHttp';
  const asName = connection(kind, INTERNAL, port);
  return {
    ...asName,
    given: (grant) => asName.within(grant) && JSON.stringify(grant).includes(INTERNAL),
    held: (sheet) => asName.held(sheet) && mayConnect(sheet, { kind, address: INTERNAL, port }),
  };
}

function connection(kind: 'NetworkHttp' | 'NetworkTcp', host: string, port: number): Single {
  const itself = { [kind]: { hosts: [host], ports: [port] } } as unknown as Permission;
  return single(itself, (permission, denying = false) => {
    const value = permission === kind ? {} : fieldOf(permission, kind);
    if (typeof value !== 'object' || value === null) return false;
    const { hosts, ports } = value as { hosts?: string[]; ports?: number[] };
    const own = kind === 'NetworkHttp' && !denying ? [80] : PORTS;
    const named = new RegExp(`^(${(hosts ?? ['*.test', INTERNAL]).map(patternText).join('|')})$`);
    return named.test(host) && (ports ?? own).includes(port);
  });
}

const patternText = (pattern: string): string => pattern.replaceAll('.', '\\.').replace('*', '.+');

function fieldOf(permission: Permission, kind: string): unknown {
  return typeof permission === 'object' ? (permission as Record<string, unknown>)[kind] : undefined;
}

/** Up to so many. */
export function anyPermissions(random: Random, most: number): Permission[] {
  return Array.from({ length: random.below(most + 1) }, () => anyPermission(random));
}

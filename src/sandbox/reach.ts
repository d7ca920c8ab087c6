/** Which permissions an import can make use of: what a module does not import, it cannot do, whatever it is granted. */

import { CONTRACT_PACKAGE } from '../protocol/contract.js';
import { PREVIEW1_MODULE } from '../protocol/preview1.js';
import type { PermissionKind } from './permission-parts.js';

/** By interface of the contract; those that are missing need none. Nothing refuses metrics yet: it is what Hal9Metrics will be about. */
const INTERFACES: Readonly<Record<string, readonly PermissionKind[]>> = {
  clock: ['SystemTime'],
  random: ['SystemRandom'],
  memory: ['Hal9Memory', 'Hal9SharedMemory'],
  metrics: ['Hal9Metrics'],
  signals: ['Hal9Signal'],
  plugins: ['PluginCall'],
  http: ['NetworkHttp', 'NetworkHttps'],
};

/** By function of WASI preview 1; those that are missing need none. */
const PREVIEW1_USES: Readonly<Record<string, readonly PermissionKind[]>> = {
  clock_time_get: ['SystemTime'],
  random_get: ['SystemRandom'],
  environ_get: ['SystemEnv'],
  environ_sizes_get: ['SystemEnv'],
  path_open: ['FileRead', 'FileWrite', 'FileCreate'],
  path_filestat_get: ['FileRead'],
  path_readlink: ['FileRead'],
  path_filestat_set_times: ['FileWrite'],
  path_rename: ['FileWrite'],
  path_unlink_file: ['FileWrite'],
  path_remove_directory: ['FileWrite'],
  path_create_directory: ['FileCreate'],
  path_link: ['FileCreate'],
  path_symlink: ['FileCreate'],
};

/** @param module the import's module, such as `hal9:plugin/clock@0.1.0` */
export function permissionsOfImport(module: string, name: string): readonly PermissionKind[] {
  if (module === PREVIEW1_MODULE) return own(PREVIEW1_USES, name);
  const prefix = `${CONTRACT_PACKAGE}/`;
  if (!module.startsWith(prefix)) return [];
  return own(INTERFACES, module.slice(prefix.length).split('@')[0] ?? '');
}

/** Names come from the module: they must find nothing but what stands in the table. */
function own(table: Readonly<Record<string, readonly PermissionKind[]>>, name: string): readonly PermissionKind[] {
  return Object.hasOwn(table, name) ? (table[name] ?? []) : [];
}

/** A look at a package that runs nothing of it. */

import { HostError } from '../errors.js';
import type { PackageContents } from '../package/contents.js';
import { readPackage } from '../package/read.js';
import { memoryLimitBytes, Preparer } from '../prepare/prepare.js';
import { type PermissionKind, partsOf, permissionJson } from '../sandbox/permission-parts.js';
import { permissionsOfImport } from '../sandbox/reach.js';
import { PAGE_BYTES } from '../wasm/item-types.js';
import { type Module, readModule } from '../wasm/module.js';
import { NO_CACHE } from './plugin.js';

/** What a module imports of one interface, and which permissions that can make use of. */
export interface ImportedInterface {
  module: string;
  functions: string[];
  permissions: PermissionKind[];
}

/** What can be known of a package before it is installed. Sizes in bytes. */
export interface Inspection {
  plugin: { id: string; name: string; version: string; author: string; license: string };
  digest: string;
  packageBytes: number;
  moduleBytes: number;
  /** All memories together: what the module begins with, what it may grow to, and the limit that a server would write into it. */
  memory: { initialBytes: number; maximumBytes: number | null; limitBytes: number };
  imports: ImportedInterface[];
  exports: string[];
  permissions: {
    /** JSON texts. */
    asked: string[];
    /** Asked for, while nothing that the module imports can make use of it. */
    unreachable: string[];
    /** Could be made use of and is not asked for, so that the host answers as it does without. */
    notAskedFor: PermissionKind[];
  };
  /** Not verified here. */
  signatures: { algorithm: string; keyId: string }[];
  /** Why a server would refuse it; signatures, dependencies and grants are a server's own business. */
  refusal: { reason: string; message: string } | null;
}

/** @throws HostError where it is no package, or its module cannot be read */
export async function inspect(packageBytes: Uint8Array, hostVersion: string): Promise<Inspection> {
  const contents = await readPackage(packageBytes);
  const module = readModule(contents.wasm);
  const { id, name, version, author, license, requirements } = contents.manifest.metadata;
  const imports = importsOf(module);
  const reachable = new Set(imports.flatMap(({ permissions }) => permissions));
  const asked = requirements.required_permissions;
  const kinds = new Set(asked.map((permission) => partsOf(permission).kind));
  return {
    plugin: { id, name, version, author, license },
    digest: contents.digest,
    packageBytes: packageBytes.length,
    moduleBytes: contents.wasm.length,
    memory: memoryOf(module, memoryLimitBytes(contents.manifest)),
    imports,
    exports: module.exports.map((each) => each.name),
    permissions: {
      asked: asked.map(permissionJson),
      unreachable: asked.filter((permission) => !reachable.has(partsOf(permission).kind)).map(permissionJson),
      notAskedFor: [...reachable].filter((kind) => !kinds.has(kind)),
    },
    signatures: contents.signatures.map(({ keyId }) => ({ algorithm: 'ed25519', keyId })),
    refusal: await refusalOf(contents, hostVersion),
  };
}

function importsOf({ imports }: Module): ImportedInterface[] {
  const found = new Map<string, { functions: Set<string>; permissions: Set<PermissionKind> }>();
  for (const { module, name } of imports) {
    const each = found.get(module) ?? { functions: new Set(), permissions: new Set() };
    found.set(module, each);
    each.functions.add(name);
    for (const permission of permissionsOfImport(module, name)) each.permissions.add(permission);
  }
  return [...found].map(([module, { functions, permissions }]) => ({
    module,
    functions: [...functions],
    permissions: [...permissions],
  }));
}

function memoryOf({ memories }: Module, limitBytes: number): Inspection['memory'] {
  const sum = (pages: number[]): number => pages.reduce((total, each) => total + each, 0) * PAGE_BYTES;
  const bounded = memories.every(({ maximum }) => maximum !== undefined);
  return {
    initialBytes: sum(memories.map(({ initial }) => initial)),
    maximumBytes: bounded ? sum(memories.map(({ maximum }) => maximum ?? 0)) : null,
    limitBytes,
  };
}

async function refusalOf(contents: PackageContents, hostVersion: string): Promise<Inspection['refusal']> {
  try {
    await new Preparer({ cache: NO_CACHE, hostVersion }).prepare(contents);
    return null;
  } catch (error) {
    const { reason, message } = HostError.from(error);
    return { reason, message };
  }
}

/**
 * What a module must be for a plugin: it imports only functions that the host has, with their exact core signatures, and exports
 * whole interfaces of the contract, with theirs. Names that the module brings are compared, and looked up in maps; they never
 * become a key of an object, or code.
 */

import { HostError } from '../errors.js';
import { quote } from '../package/paths.js';
import {
  CONTRACT_PACKAGE,
  CONTRACT_VERSION,
  type ContractFunction,
  type ContractInterface,
  INTERFACES,
} from '../protocol/contract.js';
import { stands } from '../protocol/defences.js';
import { PREVIEW1, PREVIEW1_MODULE } from '../protocol/preview1.js';
import type { Export, Import } from '../wasm/item-types.js';
import { functionType, type Module } from '../wasm/module.js';
import { IMPLEMENTED } from './implemented.js';
import { describeSignature, REALLOC, type Signature, sameSignature } from './signature.js';

/** What is known of a module that has been checked. */
export interface ModuleFacts {
  /** Interfaces of the contract that it exports and imports, such as `neuron`, sorted. */
  readonly exports: readonly string[];
  readonly imports: readonly string[];
  readonly usesWasi: boolean;
  readonly hasInitialize: boolean;
  readonly contractVersion: string;
}

const POST_RETURN = 'cabi_post_';

const INTERFACE_OF = new Map<string, ContractInterface>(
  INTERFACES.map((each) => [`${each.direction} ${each.name}`, each]),
);

/**
 * Checks a module against the contract.
 * @throws HostError MODULE_INVALID, CONTRACT_VERSION, NOT_IMPLEMENTED: the message says what was expected and what was found
 */
export function checkModule(module: Module): ModuleFacts {
  const imported = checkImports(module);
  const exported = checkExports(module);
  const needsRealloc = [...imported.functions, ...exported.functions].find((each) => each.needsRealloc);
  checkMemory(module);
  checkRealloc(module, needsRealloc);
  return {
    exports: [...exported.interfaces].sort(),
    imports: [...imported.interfaces].sort(),
    usesWasi: imported.usesWasi,
    hasInitialize: exported.hasInitialize,
    contractVersion: CONTRACT_VERSION,
  };
}

interface Found {
  readonly interfaces: Set<string>;
  readonly functions: ContractFunction[];
}

function checkImports(module: Module): Found & { usesWasi: boolean } {
  const interfaces = new Set<string>();
  const functions: ContractFunction[] = [];
  let usesWasi = false;
  for (const each of module.imports) {
    const shown = `the import ${quote(each.module)} ${quote(each.name)}`;
    if (each.kind !== 'function') {
      throw invalid(
        `${shown} is a ${each.kind}; expected functions alone: a plugin has a memory and tables of its own`,
      );
    }
    refuseAsync(shown, each.module, each.name);
    const type = module.types[each.type] as Signature;
    if (each.module === PREVIEW1_MODULE) {
      checkWasi(each, type, shown);
      usesWasi = true;
      continue;
    }
    const found = findImport(each, shown);
    if (found === undefined) continue;
    const { contractInterface, contractFunction } = found;
    checkSignature(shown, contractFunction, type);
    interfaces.add(contractInterface.name);
    functions.push(contractFunction);
  }
  return { interfaces, functions, usesWasi };
}

function findImport(
  each: Import,
  shown: string,
): { contractInterface: ContractInterface; contractFunction: ContractFunction } | undefined {
  const name = contractName(each.module, shown);
  if (name === undefined) {
    if (!stands('offered-imports')) return undefined;
    throw foreignImport(each, shown);
  }
  const contractInterface = INTERFACE_OF.get(`import ${name}`);
  const contractFunction = contractInterface?.functions.find((candidate) => candidate.name === each.name);
  if (contractInterface === undefined || contractFunction === undefined) {
    if (!stands('offered-imports')) return undefined;
    throw invalid(`${shown} is not in ${CONTRACT_PACKAGE}@${CONTRACT_VERSION}`);
  }
  if (!IMPLEMENTED.imports.has(name)) throw notImplemented('imports', name);
  return { contractInterface, contractFunction };
}

function checkWasi(each: Import, type: Signature, shown: string): void {
  const expected = PREVIEW1.get(each.name);
  if (expected === undefined) {
    if (!stands('offered-imports')) return;
    throw invalid(`${shown} is not a function of WASI preview 1`);
  }
  checkSignature(shown, expected, type);
}

function foreignImport(each: Import, shown: string): HostError {
  if (each.module.startsWith('wasi:sockets/')) {
    return new HostError(
      'NOT_IMPLEMENTED',
      `${shown} is of TCP and UDP, which this version of the server does not offer, whatever is granted; ` +
        `send HTTP requests with ${CONTRACT_PACKAGE}/http@${CONTRACT_VERSION}`,
    );
  }
  if (each.module.startsWith('wasi:')) {
    return new HostError(
      'NOT_IMPLEMENTED',
      `${shown} is of WASI 0.2, which this version of the server does not offer; build for wasm32-wasip1 or wasm32-unknown-unknown`,
    );
  }
  return invalid(
    `${shown} is none that the host offers; expected ${CONTRACT_PACKAGE}/…@${CONTRACT_VERSION} or ${PREVIEW1_MODULE}`,
  );
}

function checkExports(module: Module): Found & { hasInitialize: boolean } {
  const byInterface = new Map<string, Set<string>>();
  const functions: ContractFunction[] = [];
  let hasInitialize = false;
  for (const each of module.exports) {
    const shown = `the export ${quote(each.name)}`;
    refuseAsync(shown, each.name);
    if (each.name === '_start') {
      throw invalid(`${shown} makes the module a command; expected a library (in Rust: crate-type = ["cdylib"])`);
    }
    if (each.name === '_initialize') {
      checkSignature(shown, { params: [], results: [] }, exportedType(module, each, shown));
      hasInitialize = true;
    }
    const contractFunction = checkContractExport(module, each, shown, byInterface);
    if (contractFunction !== undefined) functions.push(contractFunction);
  }
  checkPostReturns(module, byInterface);
  for (const [name, fields] of byInterface) checkComplete(name, fields);
  return { interfaces: new Set(byInterface.keys()), functions, hasInitialize };
}

/** Takes note of an export of the contract and checks it; any other export is none of the contract's business. */
function checkContractExport(
  module: Module,
  each: Export,
  shown: string,
  byInterface: Map<string, Set<string>>,
): ContractFunction | undefined {
  const hash = each.name.indexOf('#');
  const name = hash < 0 ? undefined : contractName(each.name.slice(0, hash), shown);
  if (name === undefined) return undefined;
  const field = each.name.slice(hash + 1);
  const contractFunction = INTERFACE_OF.get(`export ${name}`)?.functions.find((candidate) => candidate.name === field);
  if (contractFunction === undefined) throw invalid(`${shown} is not in ${CONTRACT_PACKAGE}@${CONTRACT_VERSION}`);
  if (!IMPLEMENTED.exports.has(name)) throw notImplemented('exports', name);
  checkSignature(shown, contractFunction, exportedType(module, each, shown));
  const fields = byInterface.get(name) ?? new Set<string>();
  byInterface.set(name, fields.add(field));
  return contractFunction;
}

/** A post-return function takes the single result of its function; the canonical ABI knows no other form. */
function checkPostReturns(module: Module, byInterface: ReadonlyMap<string, ReadonlySet<string>>): void {
  for (const each of module.exports) {
    if (!each.name.startsWith(POST_RETURN)) continue;
    const target = each.name.slice(POST_RETURN.length);
    const hash = target.indexOf('#');
    const shown = `the export ${quote(each.name)}`;
    const name = hash < 0 ? undefined : contractName(target.slice(0, hash), shown);
    if (name === undefined) continue;
    const field = target.slice(hash + 1);
    const contractFunction = INTERFACE_OF.get(`export ${name}`)?.functions.find(
      (candidate) => candidate.name === field,
    );
    if (contractFunction?.postReturn !== true || byInterface.get(name)?.has(field) !== true) {
      throw invalid(`${shown} belongs to no function that the module exports and that returns memory`);
    }
    checkSignature(shown, { params: contractFunction.results, results: [] }, exportedType(module, each, shown));
  }
}

function checkComplete(name: string, fields: ReadonlySet<string>): void {
  const missing = (INTERFACE_OF.get(`export ${name}`)?.functions ?? []).filter((each) => !fields.has(each.name));
  if (missing.length === 0 || !stands('module-shape')) return;
  const list = missing.map((each) => `${CONTRACT_PACKAGE}/${name}@${CONTRACT_VERSION}#${each.name}`).join(', ');
  throw invalid(`the module exports a part of the interface ${name}; missing: ${list}`);
}

function checkMemory(module: Module): void {
  if (!stands('module-shape')) return;
  if (module.memories.length !== 1)
    throw invalid(`expected one memory of the module's own, found ${module.memories.length}`);
  const memory = module.exports.find((each) => each.name === 'memory');
  if (memory?.kind !== 'memory')
    throw invalid(`expected the module to export its memory as "memory", found ${memory?.kind ?? 'no such export'}`);
}

function checkRealloc(module: Module, neededBy: ContractFunction | undefined): void {
  const realloc = module.exports.find((each) => each.name === 'cabi_realloc');
  if (realloc !== undefined) {
    const shown = 'the export "cabi_realloc"';
    checkSignature(shown, REALLOC, exportedType(module, realloc, shown));
  } else if (neededBy !== undefined && stands('module-shape')) {
    throw invalid(
      `the function ${neededBy.name} hands memory to the module, which must export cabi_realloc ${describeSignature(REALLOC)}`,
    );
  }
}

function exportedType(module: Module, each: Export, shown: string): Signature {
  if (each.kind !== 'function') throw invalid(`${shown} is a ${each.kind}; expected a function`);
  return functionType(module, each.index);
}

/**
 * The interface that a name such as `hal9:plugin/neuron@0.1.0` means, or undefined for a name outside the contract.
 * @throws HostError CONTRACT_VERSION for a version that this server does not speak
 */
function contractName(qualified: string, shown: string): string | undefined {
  const prefix = `${CONTRACT_PACKAGE}/`;
  if (!qualified.startsWith(prefix)) return undefined;
  const [name = '', version, ...rest] = qualified.slice(prefix.length).split('@');
  if (version === CONTRACT_VERSION && rest.length === 0) return name;
  throw new HostError(
    'CONTRACT_VERSION',
    `${shown} is of another version of the contract: this server speaks ${CONTRACT_PACKAGE}@${CONTRACT_VERSION}; ` +
      'build the plugin against that',
    { details: { spoken: CONTRACT_VERSION } },
  );
}

/** Async functions and resources of the component model are not in the contract, in whatever spelling. */
function refuseAsync(shown: string, ...names: readonly string[]): void {
  for (const name of names) {
    if (name === '$root' || name.startsWith('[export]') || /\[(async|task|callback)[-\]]/.test(name)) {
      throw invalid(
        `${shown} is of the component model's async functions or exported resources, which are not in the contract`,
      );
    }
  }
}

function checkSignature(
  shown: string,
  expected: { params: readonly string[]; results: readonly string[] },
  found: Signature,
): void {
  if (sameSignature(expected, found) || !stands('core-signatures')) return;
  throw invalid(
    `${shown} has another signature than the host's: expected ${describeSignature(expected)}, found ${describeSignature(found)}`,
  );
}

function notImplemented(verb: string, name: string): HostError {
  return new HostError(
    'NOT_IMPLEMENTED',
    `the plugin ${verb} the interface ${CONTRACT_PACKAGE}/${name}@${CONTRACT_VERSION}, which this version of the server does not implement yet`,
    { details: { interface: name } },
  );
}

function invalid(message: string): HostError {
  return new HostError('MODULE_INVALID', `the module does not follow the contract: ${message}`);
}

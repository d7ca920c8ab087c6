/** Modules for tests, in the text format, made from the contract's tables. */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type ContractFunction, INTERFACES } from '../../../src/protocol/contract.js';

export interface ModuleText {
  /** Interfaces of the contract to export whole. */
  exports?: readonly string[];
  /** Interfaces of the contract to import whole. */
  imports?: readonly string[];
  /** Text put before the memory, among the imports. */
  before?: string;
  /** Text put at the end. */
  extra?: string;
  memory?: string;
  realloc?: string;
}

const REALLOC = '(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)';

/** The text of a module that follows the contract, as far as its parts do. */
export function moduleText(parts: ModuleText = {}): string {
  const { exports = ['tools'], imports = [], before = '', extra = '', realloc = REALLOC } = parts;
  const memory = parts.memory ?? '(memory (export "memory") 1)';
  const lines = [
    ...imports.flatMap((name) =>
      functionsOf('import', name).map(
        (each) => `(import "hal9:plugin/${name}@0.1.0" "${each.name}" (func ${signature(each)}))`,
      ),
    ),
    before,
    memory,
    realloc,
    ...exports.flatMap((name) =>
      functionsOf('export', name).map(
        (each) => `(func (export "hal9:plugin/${name}@0.1.0#${each.name}") ${signature(each)} unreachable)`,
      ),
    ),
    extra,
  ];
  return `(module\n${lines.filter((line) => line !== '').join('\n')}\n)`;
}

/** Such a module, in binary. */
export function moduleBytes(parts: ModuleText = {}): Promise<Uint8Array> {
  return parse(moduleText(parts));
}

function functionsOf(direction: 'import' | 'export', name: string): readonly ContractFunction[] {
  const found = INTERFACES.find((each) => each.direction === direction && each.name === name);
  if (found === undefined) throw new Error(`the contract has no ${direction} ${name}`);
  return found.functions;
}

function signature(each: ContractFunction): string {
  return `(param ${each.params.join(' ')}) (result ${each.results.join(' ')})`;
}

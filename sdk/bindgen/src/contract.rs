//! Writes the table of core functions that the module checker holds a plugin against.

use std::fmt::Write;

use anyhow::Result;
use wit_parser::Function;
use wit_parser::abi::{AbiVariant, WasmType};

use crate::model::{Contract, Direction};

const TYPES: &str = "\
/** A type of core WebAssembly's functions, as far as the contract uses them. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** One function of the contract, as a core module sees it after lowering (canonical ABI). */
export interface ContractFunction {
  readonly name: string;
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
  /** Whether the host allocates in the guest for it: then the module must export `cabi_realloc`. */
  readonly needsRealloc: boolean;
  /** Whether the module may export `cabi_post_…` for it: one parameter, the function's core result. */
  readonly postReturn: boolean;
}

/** One interface of the package, seen from the plugin: what it exports, or what it may import. */
export interface ContractInterface {
  readonly name: string;
  readonly direction: 'export' | 'import';
  readonly functions: readonly ContractFunction[];
}
";

pub fn write(contract: &Contract) -> Result<String> {
    let mut out = crate::header();
    out.push_str(TYPES);
    let package = &contract.resolve.packages[contract.package].name;
    writeln!(out, "\nexport const CONTRACT_VERSION = '{}';", contract.version)?;
    writeln!(out, "export const CONTRACT_PACKAGE = '{}:{}';", package.namespace, package.name)?;
    writeln!(out, "\nexport const INTERFACES: readonly ContractInterface[] = [")?;
    for interface in &contract.interfaces {
        writeln!(out, "  {{")?;
        writeln!(out, "    name: '{}',", interface.name)?;
        writeln!(out, "    direction: '{}',", interface.direction.as_str())?;
        writeln!(out, "    functions: [")?;
        for function in contract.functions(interface) {
            write_function(&mut out, contract, interface.direction, function)?;
        }
        writeln!(out, "    ],\n  }},")?;
    }
    writeln!(out, "];")?;
    Ok(out)
}

fn write_function(out: &mut String, contract: &Contract, direction: Direction, function: &Function) -> Result<()> {
    let signature = contract.resolve.wasm_signature(direction.variant(), function);
    let result_allocates = function.result.is_some_and(|ty| contract.has_pointer(&ty));
    let needs_realloc = match direction {
        Direction::Export => signature.indirect_params || function.params.iter().any(|p| contract.has_pointer(&p.ty)),
        Direction::Import => result_allocates,
    };
    let post_return = direction.variant() == AbiVariant::GuestExport && result_allocates;
    writeln!(out, "      {{")?;
    writeln!(out, "        name: '{}',", function.name)?;
    writeln!(out, "        params: {},", core_types(&signature.params))?;
    writeln!(out, "        results: {},", core_types(&signature.results))?;
    writeln!(out, "        needsRealloc: {needs_realloc},")?;
    writeln!(out, "        postReturn: {post_return},")?;
    writeln!(out, "      }},")?;
    Ok(())
}

fn core_types(types: &[WasmType]) -> String {
    let names: Vec<String> = types.iter().map(|ty| format!("'{}'", core_type(*ty))).collect();
    format!("[{}]", names.join(", "))
}

/// Memories are 32-bit, so pointers and lengths are i32.
pub fn core_type(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

//! Writes an interface: its TypeScript type, and what binds its exports or serves its imports.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::Function;

use crate::bindings::{Bindings, write_docs};
use crate::contract::core_type;
use crate::model::{Direction, Interface};
use crate::names::{camel, pascal};

impl Bindings<'_> {
    pub fn write_interface(&mut self, interface: &Interface) -> Result<()> {
        let file = interface.name.as_str();
        let contract = self.contract;
        let mut out = String::new();
        write_docs(&mut out, &contract.resolve.interfaces[interface.id].docs, "");
        writeln!(out, "export interface {} {{", pascal(file))?;
        for function in contract.functions(interface) {
            write_docs(&mut out, &function.docs, "  ");
            let parameters = self.parameters(file, function)?;
            let result = self.ts_or_void(file, &function.result)?;
            writeln!(out, "  {}({parameters}): {result};", camel(&function.name))?;
        }
        writeln!(out, "}}\n")?;
        match interface.direction {
            Direction::Export => self.write_export(&mut out, interface)?,
            Direction::Import => self.write_import(&mut out, interface)?,
        }
        self.module(file).runtime.insert(("guest-core", "type GuestCore"));
        self.module(file).body.push_str(&out);
        Ok(())
    }

    fn parameters(&mut self, file: &str, function: &Function) -> Result<String> {
        let parts: Result<Vec<String>> =
            function.params.iter().map(|p| Ok(format!("{}: {}", camel(&p.name), self.ts(file, &p.ty)?))).collect();
        Ok(parts?.join(", "))
    }

    /// Binds the functions of an interface that the module exports.
    fn write_export(&mut self, out: &mut String, interface: &Interface) -> Result<()> {
        let file = interface.name.as_str();
        let contract = self.contract;
        let full_name = contract.full_name(&interface.name);
        writeln!(out, "/** Binds the module's exports of `{full_name}`. */")?;
        writeln!(out, "export function bind{}(guest: GuestCore): {} {{", pascal(file), pascal(file))?;
        let mut methods = String::new();
        for function in contract.functions(interface) {
            let signature = contract.resolve.wasm_signature(Direction::Export.variant(), function);
            if signature.indirect_params || !signature.retptr {
                bail!("{file}.{}: the generator speaks direct parameters and results in memory only", function.name);
            }
            let result = function.result.as_ref().context("an export without a result")?;
            let types: Vec<String> = signature
                .params
                .iter()
                .enumerate()
                .map(|(i, ty)| format!("p{i}: {}", ts_core(core_type(*ty))))
                .collect();
            let name = pascal(&function.name);
            let core_name = format!("{full_name}#{}", function.name);
            writeln!(out, "  const call{name} = guest.function('{core_name}') as ({}) => number;", types.join(", "))?;
            writeln!(out, "  const post{name} = guest.postReturn('{core_name}');")?;
            let mut core = Vec::new();
            for parameter in &function.params {
                core.extend(self.lower_flat(file, &parameter.ty, &camel(&parameter.name))?);
            }
            let (size, align) = (self.size(result), self.align(result));
            writeln!(methods, "    {}({}) {{", camel(&function.name), names_of(function))?;
            writeln!(methods, "      guest.enter();")?;
            writeln!(methods, "      const pointer = call{name}({});", core.join(", "))?;
            writeln!(methods, "      const at = guest.returned(pointer, {size}, {align});")?;
            writeln!(methods, "      const value = {};", self.lift_at(file, result, "at")?)?;
            writeln!(methods, "      guest.leave(post{name}, pointer);")?;
            writeln!(methods, "      return value;\n    }},")?;
        }
        writeln!(out, "  return {{\n{methods}  }};\n}}")?;
        Ok(())
    }

    /// Serves the functions of an interface that the module may import.
    fn write_import(&mut self, out: &mut String, interface: &Interface) -> Result<()> {
        let file = interface.name.as_str();
        let contract = self.contract;
        let full_name = contract.full_name(&interface.name);
        writeln!(out, "/** The core functions of `{full_name}`, answered by `service`. */")?;
        writeln!(out, "export function serve{0}(guest: GuestCore, service: {0}): CoreFunctions {{", pascal(file))?;
        self.module(file).runtime.insert(("guest-core", "type CoreFunctions"));
        writeln!(out, "  return {{")?;
        for function in contract.functions(interface) {
            self.write_served(out, file, function)?;
        }
        writeln!(out, "  }};\n}}")?;
        Ok(())
    }

    fn write_served(&mut self, out: &mut String, file: &str, function: &Function) -> Result<()> {
        let signature = self.contract.resolve.wasm_signature(Direction::Import.variant(), function);
        if signature.indirect_params {
            bail!("{file}.{}: the generator does not speak indirect parameters yet", function.name);
        }
        let core: Vec<String> = (0..signature.params.len()).map(|i| format!("p{i}")).collect();
        let types: Vec<String> = signature
            .params
            .iter()
            .zip(&core)
            .map(|(ty, name)| format!("{name}: {}", ts_core(core_type(*ty))))
            .collect();
        let answer = signature.results.first().map_or("void", |ty| ts_core(core_type(*ty)));
        let mut arguments = Vec::new();
        let mut rest = core.as_slice();
        for parameter in &function.params {
            let (own, others) = rest.split_at(self.flat_count(&parameter.ty)?);
            arguments.push(self.lift_flat(file, &parameter.ty, own)?);
            rest = others;
        }
        let call = format!("service.{}({})", camel(&function.name), arguments.join(", "));
        let key =
            if camel(&function.name) == function.name { function.name.clone() } else { format!("'{}'", function.name) };
        writeln!(out, "    {key}: ({}): {answer} => {{", types.join(", "))?;
        writeln!(out, "      guest.enterHost();\n      try {{")?;
        match (&function.result, signature.retptr) {
            (None, _) => writeln!(out, "        {call};")?,
            (Some(ty), false) => writeln!(out, "        return {};", self.lower_flat(file, ty, &call)?.join(", "))?,
            (Some(ty), true) => {
                let (size, align) = (self.size(ty), self.align(ty));
                writeln!(out, "        const at = guest.area({}, {size}, {align});", rest[0])?;
                writeln!(out, "        const answer = {call};")?;
                writeln!(out, "        {}", self.store(file, ty, "at", "answer")?)?;
            }
        }
        writeln!(out, "      }} catch (error) {{\n        throw guest.failed(error);\n      }}\n    }},")?;
        Ok(())
    }
}

fn names_of(function: &Function) -> String {
    let names: Vec<String> = function.params.iter().map(|parameter| camel(&parameter.name)).collect();
    names.join(", ")
}

fn ts_core(core: &str) -> &'static str {
    if core == "i64" { "bigint" } else { "number" }
}

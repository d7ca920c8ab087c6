//! Writes the file that names all bindings: what `workers/abi/guest.ts` looks interfaces up in.

use std::fmt::Write;

use anyhow::Result;

use crate::model::{Contract, Direction};
use crate::names::{camel, pascal};

pub fn write(contract: &Contract) -> Result<String> {
    let mut out = crate::header();
    out.push_str("import type { CoreFunctions, GuestCore } from '../guest-core.js';\n");
    for interface in &contract.interfaces {
        let name = pascal(&interface.name);
        let verb = if interface.direction == Direction::Export { "bind" } else { "serve" };
        writeln!(out, "import {{ {verb}{name}, type {name} }} from './{}.js';", interface.name)?;
    }
    let side = |direction| contract.interfaces.iter().filter(move |interface| interface.direction == direction);

    out.push_str("\n/** The interfaces that a plugin may export, bound. */\nexport interface BoundExports {\n");
    for interface in side(Direction::Export) {
        writeln!(out, "  {}?: {};", camel(&interface.name), pascal(&interface.name))?;
    }
    out.push_str("}\n\n/** Binds an exported interface by its name in the contract. */\n");
    out.push_str(
        "export const EXPORTS: ReadonlyMap<string, (guest: GuestCore, bound: BoundExports) => void> = new Map([\n",
    );
    for interface in side(Direction::Export) {
        let (name, key) = (pascal(&interface.name), camel(&interface.name));
        writeln!(
            out,
            "  ['{}', (guest: GuestCore, bound: BoundExports) => {{\n    bound.{key} = bind{name}(guest);\n  }}],",
            interface.name
        )?;
    }
    out.push_str(
        "]);\n\n/** What answers the interfaces that a plugin may import. One that is missing is not offered. */\n",
    );
    out.push_str("export interface ImportedServices {\n");
    for interface in side(Direction::Import) {
        writeln!(out, "  readonly {}?: {};", camel(&interface.name), pascal(&interface.name))?;
    }
    out.push_str("}\n\n/** Serves an imported interface by the name of its core module. */\n");
    out.push_str("export const IMPORTS: ReadonlyMap<\n  string,\n  (guest: GuestCore, services: ImportedServices) => CoreFunctions | undefined\n> = new Map([\n");
    for interface in side(Direction::Import) {
        let (name, key) = (pascal(&interface.name), camel(&interface.name));
        writeln!(
            out,
            "  ['{}', (guest: GuestCore, services: ImportedServices) => services.{key} && serve{name}(guest, services.{key})],",
            contract.full_name(&interface.name)
        )?;
    }
    out.push_str("]);\n");
    Ok(out)
}

//! The contract as read from WIT: its interfaces in the order of the worlds, and what the writers ask about types.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wit_parser::abi::AbiVariant;
use wit_parser::{Function, InterfaceId, PackageId, Resolve, SizeAlign, Type, TypeDefKind, WorldItem, WorldKey};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Export,
    Import,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Export => "export",
            Direction::Import => "import",
        }
    }

    pub fn variant(self) -> AbiVariant {
        match self {
            Direction::Export => AbiVariant::GuestExport,
            Direction::Import => AbiVariant::GuestImport,
        }
    }
}

pub struct Interface {
    pub name: String,
    pub id: InterfaceId,
    pub direction: Direction,
}

pub struct Contract {
    pub resolve: Resolve,
    pub sizes: SizeAlign,
    pub package: PackageId,
    pub version: String,
    pub interfaces: Vec<Interface>,
}

impl Contract {
    pub fn read(wit: &Path) -> Result<Contract> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(wit)?;
        let mut sizes = SizeAlign::default();
        sizes.fill(&resolve)?;
        let version =
            resolve.packages[package].name.version.as_ref().context("the package has no version")?.to_string();
        let interfaces = interfaces_of(&resolve, package)?;
        Ok(Contract { resolve, sizes, package, version, interfaces })
    }

    pub fn functions(&self, interface: &Interface) -> impl Iterator<Item = &Function> {
        self.resolve.interfaces[interface.id].functions.values()
    }

    /// As core modules name an interface: `hal9:plugin/neuron@0.1.0`.
    pub fn full_name(&self, interface: &str) -> String {
        self.resolve.id_of_name(self.package, interface)
    }

    /// The type behind aliases (`use`, `type x = y`).
    pub fn peel(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(inner) => self.peel(inner),
                _ => *ty,
            },
            primitive => *primitive,
        }
    }

    /// What a defined type is; `None` for a primitive.
    pub fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        match self.peel(ty) {
            Type::Id(id) => Some(&self.resolve.types[id].kind),
            _ => None,
        }
    }

    /// Whether a value of this type lies partly behind a pointer.
    pub fn has_pointer(&self, ty: &Type) -> bool {
        match self.kind(ty) {
            None => self.peel(ty) == Type::String,
            Some(TypeDefKind::List(_)) => true,
            Some(TypeDefKind::Record(record)) => record.fields.iter().any(|field| self.has_pointer(&field.ty)),
            Some(TypeDefKind::Tuple(tuple)) => tuple.types.iter().any(|ty| self.has_pointer(ty)),
            Some(TypeDefKind::Option(inner)) => self.has_pointer(inner),
            Some(TypeDefKind::Result(result)) => {
                [&result.ok, &result.err].into_iter().flatten().any(|ty| self.has_pointer(ty))
            }
            Some(_) => false,
        }
    }
}

/// Imports and exports of all worlds of the package; an interface is in one direction only.
fn interfaces_of(resolve: &Resolve, package: PackageId) -> Result<Vec<Interface>> {
    let mut found: Vec<Interface> = Vec::new();
    for world in resolve.packages[package].worlds.values() {
        let world = &resolve.worlds[*world];
        let imports = world.imports.iter().map(|item| (item, Direction::Import));
        for ((key, item), direction) in imports.chain(world.exports.iter().map(|item| (item, Direction::Export))) {
            let (WorldKey::Interface(id), WorldItem::Interface { .. }) = (key, item) else {
                bail!("world {}: only interfaces may be imported and exported", world.name);
            };
            let interface = &resolve.interfaces[*id];
            let name = interface.name.clone().context("an interface without a name")?;
            if interface.functions.is_empty() {
                continue;
            }
            match found.iter().find(|seen| seen.id == *id) {
                Some(seen) if seen.direction != direction => bail!("interface {name} is imported and exported"),
                Some(_) => {}
                None => found.push(Interface { name, id: *id, direction }),
            }
        }
    }
    found.sort_by_key(|interface| interface.direction == Direction::Import);
    Ok(found)
}

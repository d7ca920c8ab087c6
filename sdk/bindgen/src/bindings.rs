//! Writes the TypeScript bindings: for each interface one file, with its types, what binds an export or serves an
//! import, and the functions that lift and lower its composite types. What is written is straight-line code over
//! `workers/abi/guest-core.ts`; it looks at no type when it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{Docs, Enum, Int, InterfaceId, Record, Type, TypeDefKind, TypeOwner};

use crate::index;
use crate::model::Contract;
use crate::names::{camel, constant, pascal};

/// One file to be.
#[derive(Default)]
pub struct Module {
    /// What it takes from the other generated files: file to names, types with a leading `type `.
    imports: BTreeMap<String, BTreeSet<String>>,
    /// Names that it takes from `guest-core.ts` and `result.ts`.
    pub runtime: BTreeSet<(&'static str, &'static str)>,
    types: String,
    /// Lifting and lowering functions, by name, in the order in which they were asked for.
    functions: Vec<(String, String)>,
    pub body: String,
}

pub struct Bindings<'a> {
    pub contract: &'a Contract,
    modules: BTreeMap<String, Module>,
}

/// Returns file names and texts.
pub fn write(contract: &Contract) -> Result<Vec<(String, String)>> {
    let mut bindings = Bindings { contract, modules: BTreeMap::new() };
    for (name, id) in &contract.resolve.packages[contract.package].interfaces {
        bindings.write_types(name, *id)?;
    }
    for interface in &contract.interfaces {
        bindings.write_interface(interface)?;
    }
    let mut files: Vec<(String, String)> =
        bindings.modules.iter().map(|(name, module)| (format!("{name}.ts"), module.text())).collect();
    files.push(("index.ts".into(), index::write(contract)?));
    Ok(files)
}

impl Module {
    fn text(&self) -> String {
        let mut out = crate::header();
        let mut from: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (file, name) in &self.runtime {
            from.entry(format!("../{file}")).or_default().push(name);
        }
        for (file, names) in &self.imports {
            from.entry(format!("./{file}")).or_default().extend(names.iter().map(String::as_str));
        }
        for (file, names) in from {
            out.push_str(&import(&names, &file));
        }
        out.push('\n');
        out.push_str(&self.types);
        out.push_str(&self.body);
        for (_, text) in &self.functions {
            out.push('\n');
            out.push_str(text);
        }
        out
    }
}

impl Bindings<'_> {
    pub fn module(&mut self, file: &str) -> &mut Module {
        self.modules.entry(file.into()).or_default()
    }

    pub fn interface_name(&self, id: InterfaceId) -> String {
        self.contract.resolve.interfaces[id].name.clone().unwrap_or_default()
    }

    /// The records and enums that an interface defines.
    pub fn write_types(&mut self, file: &str, id: InterfaceId) -> Result<()> {
        for (name, ty) in &self.contract.resolve.interfaces[id].types {
            let definition = &self.contract.resolve.types[*ty];
            let mut out = String::new();
            match &definition.kind {
                TypeDefKind::Type(_) => continue,
                TypeDefKind::Record(record) => self.write_record(&mut out, file, name, &definition.docs, record)?,
                TypeDefKind::Enum(cases) => write_enum(&mut out, name, &definition.docs, cases)?,
                kind => bail!("{file}.{name}: the generator does not speak {} yet", kind.as_str()),
            }
            self.module(file).types.push_str(&out);
        }
        Ok(())
    }

    fn write_record(&mut self, out: &mut String, file: &str, name: &str, docs: &Docs, record: &Record) -> Result<()> {
        write_docs(out, docs, "");
        writeln!(out, "export interface {} {{", pascal(name))?;
        for field in &record.fields {
            write_docs(out, &field.docs, "  ");
            writeln!(out, "  {}: {};", camel(&field.name), self.ts(file, &field.ty)?)?;
        }
        writeln!(out, "}}\n")?;
        Ok(())
    }

    /// The TypeScript type of a value.
    pub fn ts(&mut self, file: &str, ty: &Type) -> Result<String> {
        Ok(match ty {
            Type::Bool => "boolean".into(),
            Type::U8 | Type::S8 | Type::U16 | Type::S16 | Type::U32 | Type::S32 | Type::F32 | Type::F64 => {
                "number".into()
            }
            Type::U64 | Type::S64 => "bigint".into(),
            Type::String => "Uint8Array".into(),
            Type::Id(id) => {
                let contract = self.contract;
                let definition = &contract.resolve.types[*id];
                match &definition.kind {
                    TypeDefKind::Type(inner) => self.ts(file, inner)?,
                    TypeDefKind::Record(_) => {
                        let (owner, name) = self.named(ty)?;
                        self.import(file, &owner, format!("type {}", pascal(&name)));
                        pascal(&name)
                    }
                    TypeDefKind::Enum(_) => "number".into(),
                    TypeDefKind::List(Type::U8) => "Uint8Array".into(),
                    TypeDefKind::List(inner) => format!("{}[]", self.ts(file, inner)?),
                    TypeDefKind::Tuple(tuple) => {
                        let parts: Result<Vec<String>> = tuple.types.iter().map(|ty| self.ts(file, ty)).collect();
                        format!("[{}]", parts?.join(", "))
                    }
                    TypeDefKind::Option(inner) => format!("{} | undefined", self.ts(file, inner)?),
                    TypeDefKind::Result(result) => {
                        self.module(file).runtime.insert(("result", "type Result"));
                        let ok = self.ts_or_void(file, &result.ok)?;
                        let err = self.ts_or_void(file, &result.err)?;
                        format!("Result<{ok}, {err}>")
                    }
                    kind => bail!("the generator does not speak {} yet", kind.as_str()),
                }
            }
            other => bail!("the generator does not speak {other:?} yet"),
        })
    }

    pub fn ts_or_void(&mut self, file: &str, ty: &Option<Type>) -> Result<String> {
        ty.as_ref().map_or(Ok("void".into()), |ty| self.ts(file, ty))
    }

    pub fn import(&mut self, file: &str, owner: &str, name: String) {
        if file != owner {
            self.module(file).imports.entry(owner.into()).or_default().insert(name);
        }
    }

    /// The interface that owns a record or enum, and the type's name there.
    pub fn named(&self, ty: &Type) -> Result<(String, String)> {
        let Type::Id(id) = self.contract.peel(ty) else { bail!("not a named type") };
        let definition = &self.contract.resolve.types[id];
        let TypeOwner::Interface(owner) = definition.owner else { bail!("a type outside an interface") };
        Ok((self.interface_name(owner), definition.name.clone().context("a type without a name")?))
    }

    // Names of the lifting and lowering functions: the type, spelled.

    pub fn spelled(&self, ty: &Type) -> Result<String> {
        Ok(match self.contract.peel(ty) {
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::Record(_) | TypeDefKind::Enum(_) => pascal(&self.named(ty)?.1),
                TypeDefKind::List(Type::U8) => "Bytes".into(),
                TypeDefKind::List(inner) => format!("ListOf{}", self.spelled(inner)?),
                TypeDefKind::Tuple(tuple) => {
                    let parts: Result<Vec<String>> = tuple.types.iter().map(|ty| self.spelled(ty)).collect();
                    format!("TupleOf{}", parts?.concat())
                }
                TypeDefKind::Option(inner) => format!("OptionOf{}", self.spelled(inner)?),
                TypeDefKind::Result(result) => {
                    let part = |ty: &Option<Type>| ty.as_ref().map_or(Ok("Nothing".into()), |ty| self.spelled(ty));
                    format!("ResultOf{}Or{}", part(&result.ok)?, part(&result.err)?)
                }
                kind => bail!("the generator does not speak {} yet", kind.as_str()),
            },
            primitive => pascal(&format!("{primitive:?}").to_lowercase()),
        })
    }

    pub fn size(&self, ty: &Type) -> usize {
        self.contract.sizes.size(ty).size_wasm32()
    }

    pub fn align(&self, ty: &Type) -> usize {
        self.contract.sizes.align(ty).align_wasm32()
    }

    pub fn payload_offset(&self, cases: &[Option<&Type>]) -> usize {
        self.contract.sizes.payload_offset(Int::U8, cases.iter().copied()).size_wasm32()
    }

    /// How many core values a type is.
    pub fn flat_count(&self, ty: &Type) -> Result<usize> {
        let mut storage = [wit_parser::abi::WasmType::I32; 32];
        let mut flat = wit_parser::abi::FlatTypes::new(&mut storage);
        if !self.contract.resolve.push_flat(ty, &mut flat) {
            bail!("a type of more than 32 core values");
        }
        Ok(flat.to_vec().len())
    }

    /// Values of a type that lie behind a pointer of their own: each is an object of ours once lifted.
    pub fn leaves(&self, ty: &Type) -> Result<usize> {
        Ok(match self.contract.peel(ty) {
            Type::String => 1,
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::List(_) => 1,
                TypeDefKind::Record(record) => {
                    let counts: Result<Vec<usize>> = record.fields.iter().map(|field| self.leaves(&field.ty)).collect();
                    counts?.iter().sum()
                }
                TypeDefKind::Tuple(tuple) => {
                    let counts: Result<Vec<usize>> = tuple.types.iter().map(|ty| self.leaves(ty)).collect();
                    counts?.iter().sum()
                }
                TypeDefKind::Option(inner) => self.leaves(inner)?,
                TypeDefKind::Enum(_) => 0,
                kind => bail!("the generator does not speak {} in a list yet", kind.as_str()),
            },
            _ => 0,
        })
    }

    /// Whether the function is still to be written. It takes its place now, so that it may be asked for again.
    pub fn reserve(&mut self, file: &str, name: &str) -> bool {
        let functions = &mut self.module(file).functions;
        let fresh = functions.iter().all(|(seen, _)| seen != name);
        if fresh {
            functions.push((name.into(), String::new()));
        }
        fresh
    }

    pub fn define(&mut self, file: &str, name: &str, text: String) {
        if let Some(found) = self.module(file).functions.iter_mut().find(|(seen, _)| seen == name) {
            found.1 = text;
        }
    }
}

/// One import declaration; of types alone where nothing else is taken.
fn import(names: &[&str], file: &str) -> String {
    let types: Option<Vec<&str>> = names.iter().map(|name| name.strip_prefix("type ")).collect();
    match types {
        Some(types) => format!("import type {{ {} }} from '{file}.js';\n", types.join(", ")),
        None => format!("import {{ {} }} from '{file}.js';\n", names.join(", ")),
    }
}

fn write_enum(out: &mut String, name: &str, docs: &Docs, cases: &Enum) -> Result<()> {
    let mut docs = docs.clone();
    let text = docs.contents.get_or_insert_default();
    text.push_str("\nA value is an index into this list.");
    write_docs(out, &docs, "");
    let names: Vec<String> = cases.cases.iter().map(|case| format!("'{}'", case.name)).collect();
    writeln!(out, "export const {}_CASES = [{}] as const;\n", constant(name), names.join(", "))?;
    Ok(())
}

pub fn write_docs(out: &mut String, docs: &Docs, indent: &str) {
    let Some(text) = docs.contents.as_deref() else { return };
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    if let [line] = lines.as_slice() {
        out.push_str(&format!("{indent}/** {line} */\n"));
        return;
    }
    out.push_str(&format!("{indent}/**\n"));
    for line in lines {
        out.push_str(&format!("{indent} * {line}\n"));
    }
    out.push_str(&format!("{indent} */\n"));
}

pub fn plus(base: &str, offset: usize) -> String {
    if offset == 0 { base.into() } else { format!("{base} + {offset}") }
}

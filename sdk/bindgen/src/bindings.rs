//! Writes the TypeScript bindings: for each interface one file, with its types, what binds an export or serves an
//! import, and the functions that lift and lower its composite types. What is written is straight-line code over
//! `workers/abi/guest-core.ts`; it looks at no type when it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{Docs, Enum, Function, Int, InterfaceId, Record, Result_, Type, TypeDefKind, TypeOwner};

use crate::contract::core_type;
use crate::model::{Contract, Direction, Interface};
use crate::names::{camel, constant, pascal};

/// One file to be.
#[derive(Default)]
struct Module {
    /// What it takes from the other generated files: file to names, types with a leading `type `.
    imports: BTreeMap<String, BTreeSet<String>>,
    /// Names that it takes from `guest-core.ts` and `result.ts`.
    runtime: BTreeSet<(&'static str, &'static str)>,
    types: String,
    /// Lifting and lowering functions, by name, in the order in which they were asked for.
    functions: Vec<(String, String)>,
    body: String,
}

pub struct Bindings<'a> {
    contract: &'a Contract,
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
    files.push(("index.ts".into(), index(contract)?));
    Ok(files)
}

impl Module {
    fn text(&self) -> String {
        let mut out = crate::header();
        let mut from: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (file, name) in &self.runtime {
            from.entry(file).or_default().push(name);
        }
        for (file, names) in from {
            out.push_str(&format!("import {{ {} }} from '../{file}.js';\n", names.join(", ")));
        }
        for (file, names) in &self.imports {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            out.push_str(&format!("import {{ {} }} from './{file}.js';\n", names.join(", ")));
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
    fn module(&mut self, file: &str) -> &mut Module {
        self.modules.entry(file.into()).or_default()
    }

    fn interface_name(&self, id: InterfaceId) -> String {
        self.contract.resolve.interfaces[id].name.clone().unwrap_or_default()
    }

    /// The records and enums that an interface defines.
    fn write_types(&mut self, file: &str, id: InterfaceId) -> Result<()> {
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
    fn ts(&mut self, file: &str, ty: &Type) -> Result<String> {
        Ok(match ty {
            Type::Bool => "boolean".into(),
            Type::U8 | Type::S8 | Type::U16 | Type::S16 | Type::U32 | Type::S32 | Type::F32 | Type::F64 => "number".into(),
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

    fn ts_or_void(&mut self, file: &str, ty: &Option<Type>) -> Result<String> {
        ty.as_ref().map_or(Ok("void".into()), |ty| self.ts(file, ty))
    }

    fn import(&mut self, file: &str, owner: &str, name: String) {
        if file != owner {
            self.module(file).imports.entry(owner.into()).or_default().insert(name);
        }
    }

    /// The interface that owns a record or enum, and the type's name there.
    fn named(&self, ty: &Type) -> Result<(String, String)> {
        let Type::Id(id) = self.contract.peel(ty) else { bail!("not a named type") };
        let definition = &self.contract.resolve.types[id];
        let TypeOwner::Interface(owner) = definition.owner else { bail!("a type outside an interface") };
        Ok((self.interface_name(owner), definition.name.clone().context("a type without a name")?))
    }

    // Names of the lifting and lowering functions: the type, spelled.

    fn spelled(&self, ty: &Type) -> Result<String> {
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

    fn size(&self, ty: &Type) -> usize {
        self.contract.sizes.size(ty).size_wasm32()
    }

    fn align(&self, ty: &Type) -> usize {
        self.contract.sizes.align(ty).align_wasm32()
    }

    // Lifting: from the guest's memory, or from core values.

    /// An expression for the value that lies at the address `at`, which the caller has checked.
    fn lift_at(&mut self, file: &str, ty: &Type, at: &str) -> Result<String> {
        Ok(match self.contract.peel(ty) {
            Type::Bool => format!("guest.view.getUint8({at}) !== 0"),
            Type::U8 => format!("guest.view.getUint8({at})"),
            Type::S8 => format!("guest.view.getInt8({at})"),
            Type::U16 => format!("guest.view.getUint16({at}, true)"),
            Type::S16 => format!("guest.view.getInt16({at}, true)"),
            Type::U32 => format!("guest.view.getUint32({at}, true)"),
            Type::S32 => format!("guest.view.getInt32({at}, true)"),
            Type::U64 => format!("guest.view.getBigUint64({at}, true)"),
            Type::S64 => format!("guest.view.getBigInt64({at}, true)"),
            Type::F32 => format!("guest.view.getFloat32({at}, true)"),
            Type::F64 => format!("guest.view.getFloat64({at}, true)"),
            Type::String => self.lift_flat(file, ty, &pair(at))?,
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::List(_) => self.lift_flat(file, ty, &pair(at))?,
                TypeDefKind::Enum(cases) => self.lift_flat(file, ty, &[tag_at(cases, at)?])?,
                _ => format!("{}(guest, {at})", self.lifter(file, ty)?),
            },
            other => bail!("the generator does not speak {other:?} yet"),
        })
    }

    /// An expression for the value that these core values are.
    fn lift_flat(&mut self, file: &str, ty: &Type, core: &[String]) -> Result<String> {
        Ok(match self.contract.peel(ty) {
            Type::Bool => format!("{} !== 0", core[0]),
            Type::U8 => format!("{} & 0xff", core[0]),
            Type::S8 => format!("({} << 24) >> 24", core[0]),
            Type::U16 => format!("{} & 0xffff", core[0]),
            Type::S16 => format!("({} << 16) >> 16", core[0]),
            Type::U32 => format!("{} >>> 0", core[0]),
            Type::U64 => format!("BigInt.asUintN(64, {})", core[0]),
            Type::S32 | Type::S64 | Type::F32 | Type::F64 => core[0].clone(),
            Type::String => format!("guest.string({}, {})", core[0], core[1]),
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::Enum(cases) => {
                    let name = self.named(ty)?.1;
                    format!("guest.oneOf({}, {}, '{name}')", core[0], cases.cases.len())
                }
                TypeDefKind::List(Type::U8) => format!("guest.bytes({}, {})", core[0], core[1]),
                TypeDefKind::List(_) => format!("{}(guest, {}, {})", self.lifter(file, ty)?, core[0], core[1]),
                TypeDefKind::Record(record) => {
                    let mut rest = core;
                    let mut fields = Vec::new();
                    for field in &record.fields {
                        let (own, others) = rest.split_at(self.flat_count(&field.ty)?);
                        fields.push(format!("{}: {}", camel(&field.name), self.lift_flat(file, &field.ty, own)?));
                        rest = others;
                    }
                    format!("{{ {} }}", fields.join(", "))
                }
                kind => bail!("the generator does not speak {} as core values yet", kind.as_str()),
            },
            other => bail!("the generator does not speak {other:?} yet"),
        })
    }

    /// The name of the function that lifts a composite type; writes it where it is not written yet.
    fn lifter(&mut self, file: &str, ty: &Type) -> Result<String> {
        let name = format!("lift{}", self.spelled(ty)?);
        let contract = self.contract;
        let kind = contract.kind(ty).context("not a composite type")?;
        let owner = match kind {
            TypeDefKind::Record(_) => self.named(ty)?.0,
            _ => file.to_string(),
        };
        self.import(file, &owner, name.clone());
        if self.reserve(&owner, &name) {
            let text = self.write_lifter(&owner, ty, kind, &name)?;
            self.define(&owner, &name, text);
        }
        Ok(name)
    }

    fn write_lifter(&mut self, file: &str, ty: &Type, kind: &TypeDefKind, name: &str) -> Result<String> {
        let result = self.ts(file, ty)?;
        self.module(file).runtime.insert(("guest-core", "type GuestCore"));
        let mut out = String::new();
        match kind {
            TypeDefKind::Record(record) => {
                writeln!(out, "export function {name}(guest: GuestCore, at: number): {result} {{\n  return {{")?;
                let fields = self.contract.sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
                let offsets: Vec<usize> = fields.iter().map(|(offset, _)| offset.size_wasm32()).collect();
                for (field, offset) in record.fields.iter().zip(offsets) {
                    let value = self.lift_at(file, &field.ty, &plus("at", offset))?;
                    writeln!(out, "    {}: {value},", camel(&field.name))?;
                }
                writeln!(out, "  }};\n}}")?;
            }
            TypeDefKind::Tuple(tuple) => {
                let mut parts = Vec::new();
                let fields = self.contract.sizes.field_offsets(tuple.types.iter());
                let offsets: Vec<usize> = fields.iter().map(|(offset, _)| offset.size_wasm32()).collect();
                for (ty, offset) in tuple.types.iter().zip(offsets) {
                    parts.push(self.lift_at(file, ty, &plus("at", offset))?);
                }
                writeln!(out, "function {name}(guest: GuestCore, at: number): {result} {{")?;
                writeln!(out, "  return [{}];\n}}", parts.join(", "))?;
            }
            TypeDefKind::List(inner) => {
                let (size, align, leaves) = (self.size(inner), self.align(inner), self.leaves(inner)?);
                let element = self.lift_at(file, inner, "at")?;
                writeln!(out, "function {name}(guest: GuestCore, pointer: number, length: number): {result} {{")?;
                writeln!(out, "  const start = guest.list(pointer, length, {size}, {align}, {leaves});")?;
                writeln!(out, "  const end = start + (length >>> 0) * {size};")?;
                writeln!(out, "  const values: {result} = [];")?;
                writeln!(out, "  for (let at = start; at < end; at += {size}) values.push({element});")?;
                writeln!(out, "  return values;\n}}")?;
            }
            TypeDefKind::Option(inner) => {
                let payload = plus("at", self.payload_offset(&[Some(inner)]));
                let value = self.lift_at(file, inner, &payload)?;
                writeln!(out, "function {name}(guest: GuestCore, at: number): {result} {{")?;
                writeln!(out, "  if (guest.oneOf(guest.view.getUint8(at), 2, 'option') === 0) return undefined;")?;
                writeln!(out, "  return {value};\n}}")?;
            }
            TypeDefKind::Result(Result_ { ok, err }) => {
                let payload = plus("at", self.payload_offset(&[ok.as_ref(), err.as_ref()]));
                let lift = |this: &mut Self, ty: &Option<Type>| match ty {
                    Some(ty) => this.lift_at(file, ty, &payload),
                    None => Ok("undefined".into()),
                };
                let (value, error) = (lift(self, ok)?, lift(self, err)?);
                writeln!(out, "function {name}(guest: GuestCore, at: number): {result} {{")?;
                writeln!(out, "  if (guest.oneOf(guest.view.getUint8(at), 2, 'result') === 0) {{")?;
                writeln!(out, "    return {{ ok: true, value: {value} }};\n  }}")?;
                writeln!(out, "  return {{ ok: false, error: {error} }};\n}}")?;
            }
            kind => bail!("the generator does not lift {} yet", kind.as_str()),
        }
        Ok(out)
    }

    // Lowering: into the guest's memory, or to core values.

    /// Statements that put the value of the expression `value` at the address `at`, which lies in the guest's memory.
    fn store(&mut self, file: &str, ty: &Type, at: &str, value: &str) -> Result<String> {
        Ok(match self.contract.peel(ty) {
            Type::Bool => format!("guest.view.setUint8({at}, {value} ? 1 : 0);"),
            Type::U8 => format!("guest.view.setUint8({at}, {value});"),
            Type::S8 => format!("guest.view.setInt8({at}, {value});"),
            Type::U16 => format!("guest.view.setUint16({at}, {value}, true);"),
            Type::S16 => format!("guest.view.setInt16({at}, {value}, true);"),
            Type::U32 => format!("guest.view.setUint32({at}, {value}, true);"),
            Type::S32 => format!("guest.view.setInt32({at}, {value}, true);"),
            Type::U64 => format!("guest.view.setBigUint64({at}, {value}, true);"),
            Type::S64 => format!("guest.view.setBigInt64({at}, {value}, true);"),
            Type::F32 => format!("guest.view.setFloat32({at}, {value}, true);"),
            Type::F64 => format!("guest.view.setFloat64({at}, {value}, true);"),
            Type::String => format!("guest.storePair({at}, guest.lower({value}), {value}.length);"),
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::List(Type::U8) => format!("guest.storePair({at}, guest.lower({value}), {value}.length);"),
                TypeDefKind::List(_) => {
                    let lower = self.lowerer(file, ty)?;
                    format!("guest.storePair({at}, {lower}(guest, {value}), {value}.length);")
                }
                TypeDefKind::Enum(cases) => match cases.tag() {
                    Int::U8 => format!("guest.view.setUint8({at}, {value});"),
                    _ => bail!("an enum of more than 256 cases"),
                },
                _ => format!("{}(guest, {at}, {value});", self.lowerer(file, ty)?),
            },
            other => bail!("the generator does not speak {other:?} yet"),
        })
    }

    /// Expressions, one a core value, that allocate and copy what lies behind pointers.
    fn lower_flat(&mut self, file: &str, ty: &Type, value: &str) -> Result<Vec<String>> {
        Ok(match self.contract.peel(ty) {
            Type::Bool => vec![format!("{value} ? 1 : 0")],
            Type::String => vec![format!("guest.lower({value})"), format!("{value}.length")],
            Type::Id(id) => match &self.contract.resolve.types[id].kind {
                TypeDefKind::Enum(_) => vec![value.into()],
                TypeDefKind::List(Type::U8) => vec![format!("guest.lower({value})"), format!("{value}.length")],
                TypeDefKind::List(_) => {
                    vec![format!("{}(guest, {value})", self.lowerer(file, ty)?), format!("{value}.length")]
                }
                TypeDefKind::Record(record) => {
                    let mut all = Vec::new();
                    for field in &record.fields {
                        all.extend(self.lower_flat(file, &field.ty, &format!("{value}.{}", camel(&field.name)))?);
                    }
                    all
                }
                kind => bail!("the generator does not speak {} as core values yet", kind.as_str()),
            },
            _ => vec![value.into()],
        })
    }

    /// The name of the function that lowers a composite type: a list to a pointer, all else to an address.
    fn lowerer(&mut self, file: &str, ty: &Type) -> Result<String> {
        let contract = self.contract;
        let kind = contract.kind(ty).context("not a composite type")?;
        let verb = if matches!(kind, TypeDefKind::List(_)) { "lower" } else { "store" };
        let name = format!("{verb}{}", self.spelled(ty)?);
        let owner = match kind {
            TypeDefKind::Record(_) => self.named(ty)?.0,
            _ => file.to_string(),
        };
        self.import(file, &owner, name.clone());
        if self.reserve(&owner, &name) {
            let text = self.write_lowerer(&owner, ty, kind, &name)?;
            self.define(&owner, &name, text);
        }
        Ok(name)
    }

    fn write_lowerer(&mut self, file: &str, ty: &Type, kind: &TypeDefKind, name: &str) -> Result<String> {
        let given = self.ts(file, ty)?;
        self.module(file).runtime.insert(("guest-core", "type GuestCore"));
        let mut out = String::new();
        match kind {
            TypeDefKind::Record(record) => {
                writeln!(out, "export function {name}(guest: GuestCore, at: number, value: {given}): void {{")?;
                let fields = self.contract.sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
                let offsets: Vec<usize> = fields.iter().map(|(offset, _)| offset.size_wasm32()).collect();
                for (field, offset) in record.fields.iter().zip(offsets) {
                    let value = format!("value.{}", camel(&field.name));
                    writeln!(out, "  {}", self.store(file, &field.ty, &plus("at", offset), &value)?)?;
                }
                writeln!(out, "}}")?;
            }
            TypeDefKind::Tuple(tuple) => {
                writeln!(out, "function {name}(guest: GuestCore, at: number, value: {given}): void {{")?;
                let fields = self.contract.sizes.field_offsets(tuple.types.iter());
                let offsets: Vec<usize> = fields.iter().map(|(offset, _)| offset.size_wasm32()).collect();
                for (i, (ty, offset)) in tuple.types.iter().zip(offsets).enumerate() {
                    writeln!(out, "  {}", self.store(file, ty, &plus("at", offset), &format!("value[{i}]"))?)?;
                }
                writeln!(out, "}}")?;
            }
            TypeDefKind::List(inner) => {
                let (size, align) = (self.size(inner), self.align(inner));
                let store = self.store(file, inner, "at", "value")?;
                writeln!(out, "function {name}(guest: GuestCore, values: {given}): number {{")?;
                writeln!(out, "  const start = guest.allocate(values.length * {size}, {align});")?;
                writeln!(out, "  let at = start;")?;
                writeln!(out, "  for (const value of values) {{\n    {store}\n    at += {size};\n  }}")?;
                writeln!(out, "  return start;\n}}")?;
            }
            TypeDefKind::Option(inner) => {
                let payload = plus("at", self.payload_offset(&[Some(inner)]));
                let store = self.store(file, inner, &payload, "value")?;
                writeln!(out, "function {name}(guest: GuestCore, at: number, value: {given}): void {{")?;
                writeln!(out, "  guest.view.setUint8(at, value === undefined ? 0 : 1);")?;
                writeln!(out, "  if (value !== undefined) {{\n    {store}\n  }}\n}}")?;
            }
            TypeDefKind::Result(Result_ { ok, err }) => {
                let payload = plus("at", self.payload_offset(&[ok.as_ref(), err.as_ref()]));
                let store = |this: &mut Self, ty: &Option<Type>, value: &str| match ty {
                    Some(ty) => this.store(file, ty, &payload, value),
                    None => Ok(String::new()),
                };
                let (value, error) = (store(self, ok, "value.value")?, store(self, err, "value.error")?);
                writeln!(out, "function {name}(guest: GuestCore, at: number, value: {given}): void {{")?;
                writeln!(out, "  guest.view.setUint8(at, value.ok ? 0 : 1);")?;
                if value.is_empty() {
                    writeln!(out, "  if (!value.ok) {{\n    {error}\n  }}\n}}")?;
                } else {
                    writeln!(out, "  if (value.ok) {{\n    {value}\n  }} else {{\n    {error}\n  }}\n}}")?;
                }
            }
            kind => bail!("the generator does not lower {} yet", kind.as_str()),
        }
        Ok(out)
    }

    fn payload_offset(&self, cases: &[Option<&Type>]) -> usize {
        self.contract.sizes.payload_offset(Int::U8, cases.iter().copied()).size_wasm32()
    }

    /// How many core values a type is.
    fn flat_count(&self, ty: &Type) -> Result<usize> {
        let mut storage = [wit_parser::abi::WasmType::I32; 32];
        let mut flat = wit_parser::abi::FlatTypes::new(&mut storage);
        if !self.contract.resolve.push_flat(ty, &mut flat) {
            bail!("a type of more than 32 core values");
        }
        Ok(flat.to_vec().len())
    }

    /// Values of a type that lie behind a pointer of their own: each is an object of ours once lifted.
    fn leaves(&self, ty: &Type) -> Result<usize> {
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
    fn reserve(&mut self, file: &str, name: &str) -> bool {
        let functions = &mut self.module(file).functions;
        let fresh = functions.iter().all(|(seen, _)| seen != name);
        if fresh {
            functions.push((name.into(), String::new()));
        }
        fresh
    }

    fn define(&mut self, file: &str, name: &str, text: String) {
        if let Some(found) = self.module(file).functions.iter_mut().find(|(seen, _)| seen == name) {
            found.1 = text;
        }
    }

    // Interfaces.

    fn write_interface(&mut self, interface: &Interface) -> Result<()> {
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
            let types: Vec<String> = signature.params.iter().enumerate().map(|(i, ty)| format!("p{i}: {}", ts_core(core_type(*ty)))).collect();
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
        let types: Vec<String> =
            signature.params.iter().zip(&core).map(|(ty, name)| format!("{name}: {}", ts_core(core_type(*ty)))).collect();
        let answer = signature.results.first().map_or("void", |ty| ts_core(core_type(*ty)));
        let mut arguments = Vec::new();
        let mut rest = core.as_slice();
        for parameter in &function.params {
            let (own, others) = rest.split_at(self.flat_count(&parameter.ty)?);
            arguments.push(self.lift_flat(file, &parameter.ty, own)?);
            rest = others;
        }
        let call = format!("service.{}({})", camel(&function.name), arguments.join(", "));
        let key = if camel(&function.name) == function.name { function.name.clone() } else { format!("'{}'", function.name) };
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

/// The file that names all bindings: what `guest.ts` looks interfaces up in.
fn index(contract: &Contract) -> Result<String> {
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
    out.push_str("export const EXPORTS: ReadonlyMap<string, (guest: GuestCore, bound: BoundExports) => void> = new Map([\n");
    for interface in side(Direction::Export) {
        let (name, key) = (pascal(&interface.name), camel(&interface.name));
        writeln!(out, "  ['{}', (guest: GuestCore, bound: BoundExports) => {{\n    bound.{key} = bind{name}(guest);\n  }}],", interface.name)?;
    }
    out.push_str("]);\n\n/** What answers the interfaces that a plugin may import. One that is missing is not offered. */\n");
    out.push_str("export interface ImportedServices {\n");
    for interface in side(Direction::Import) {
        writeln!(out, "  readonly {}?: {};", camel(&interface.name), pascal(&interface.name))?;
    }
    out.push_str("}\n\n/** Serves an imported interface by the name of its core module. */\n");
    out.push_str("export const IMPORTS: ReadonlyMap<\n  string,\n  (guest: GuestCore, services: ImportedServices) => CoreFunctions | undefined\n> = new Map([\n");
    for interface in side(Direction::Import) {
        let (name, key) = (pascal(&interface.name), camel(&interface.name));
        writeln!(out, "  ['{}', (guest: GuestCore, services: ImportedServices) => services.{key} && serve{name}(guest, services.{key})],", contract.full_name(&interface.name))?;
    }
    out.push_str("]);\n");
    Ok(out)
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

fn write_docs(out: &mut String, docs: &Docs, indent: &str) {
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

fn names_of(function: &Function) -> String {
    let names: Vec<String> = function.params.iter().map(|parameter| camel(&parameter.name)).collect();
    names.join(", ")
}

fn ts_core(core: &str) -> &'static str {
    if core == "i64" { "bigint" } else { "number" }
}

fn tag_at(cases: &Enum, at: &str) -> Result<String> {
    match cases.tag() {
        Int::U8 => Ok(format!("guest.view.getUint8({at})")),
        _ => bail!("an enum of more than 256 cases"),
    }
}

/// Pointer and length of a string or list, as they lie in memory.
fn pair(at: &str) -> [String; 2] {
    let second = match at.rsplit_once(" + ") {
        Some((base, offset)) => plus(base, offset.parse::<usize>().unwrap_or(0) + 4),
        None => plus(at, 4),
    };
    [format!("guest.view.getUint32({at}, true)"), format!("guest.view.getUint32({second}, true)")]
}

fn plus(base: &str, offset: usize) -> String {
    if offset == 0 { base.into() } else { format!("{base} + {offset}") }
}

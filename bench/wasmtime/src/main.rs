//! `bench-wasmtime MODULE fuel|plain`: reads lines `NAME SIZE`, answers each with a line: nanoseconds, checksum, fuel used.
//! It stays alive between lines, so that its runs can be interleaved with others' and its code stays compiled.

use std::io::{BufRead, Write};
use std::time::Instant;
use wasmtime::{Config, Engine, Instance, Module, Store};

const BUDGET: u64 = 1 << 60;

fn main() -> wasmtime::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let metered = arguments[2] == "fuel";
    let mut config = Config::new();
    config.consume_fuel(metered);
    let engine = Engine::new(&config)?;
    let module = Module::from_file(&engine, &arguments[1])?;
    let mut store = Store::new(&engine, ());
    if metered {
        store.set_fuel(BUDGET)?;
    }
    let instance = Instance::new(&mut store, &module, &[])?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, size) = line.split_once(' ').expect("NAME SIZE");
        let program = instance.get_typed_func::<u32, u64>(&mut store, name)?;
        if metered {
            store.set_fuel(BUDGET)?;
        }
        let start = Instant::now();
        let checksum = program.call(&mut store, size.parse().expect("a size"))?;
        let elapsed = start.elapsed().as_nanos();
        let used = if metered { BUDGET - store.get_fuel()? } else { 0 };
        writeln!(out, "{elapsed} {checksum} {used}")?;
        out.flush()?;
    }
    Ok(())
}

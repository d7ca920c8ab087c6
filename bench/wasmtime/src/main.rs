//! `bench-wasmtime MODULE fuel|plain`: reads lines `NAME SIZE`, answers each with a line: nanoseconds of processor time, checksum,
//! fuel used.
//! It stays alive between lines, so that its runs can be interleaved with others' and its code stays compiled.

use std::io::{BufRead, Write};
use std::time::Duration;
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
        let start = processor_time();
        let checksum = program.call(&mut store, size.parse().expect("a size"))?;
        let elapsed = (processor_time() - start).as_nanos();
        let used = if metered { BUDGET - store.get_fuel()? } else { 0 };
        writeln!(out, "{elapsed} {checksum} {used}")?;
        out.flush()?;
    }
    Ok(())
}

/// What this thread has run: on a busy machine, the time of day tells of others' work too.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours, which the call fills in.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "every thread has a clock");
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
}

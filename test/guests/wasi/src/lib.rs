//! A tool for each thing that Rust's standard library asks WASI for. Built by the command in
//! `test/integration/abi-wasi.test.ts`.

wit_bindgen::generate!({
    path: "../../../sdk/wit",
    inline: "
        package test:wasi;
        world tool {
            export hal9:plugin/tools@0.1.0;
        }
    ",
    generate_all,
});

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, process, thread};

use exports::hal9::plugin::tools;
use hal9::plugin::types::PluginError;

struct Guest;

export!(Guest);

impl tools::Guest for Guest {
    fn execute(tool: String, text: String) -> Result<String, PluginError> {
        Ok(match tool.as_str() {
            "print" => {
                println!("out: {text}");
                eprintln!("err: {text}");
                String::new()
            }
            "time" => SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().to_string(),
            "instant" => Instant::now().elapsed().as_nanos().to_string(),
            "sleep" => {
                let started = Instant::now();
                thread::sleep(Duration::from_millis(text.parse().unwrap()));
                started.elapsed().as_millis().to_string()
            }
            "hash" => {
                let map: HashMap<u32, u32> = (0..100).map(|i| (i, i * 2)).collect();
                map.values().sum::<u32>().to_string()
            }
            "env" => format!("{:?} {:?}", env::var(&text), env::args().count()),
            "file" => format!("{:?}", fs::read(&text).map_err(|error| error.kind())),
            "write" => format!("{:?}", fs::write(&text, "x").map_err(|error| error.kind())),
            "thread" => format!("{:?}", thread::Builder::new().spawn(|| ()).map(drop).map_err(|error| error.kind())),
            "panic" => panic!("{text}"),
            "exit" => process::exit(text.parse().unwrap()),
            _ => String::from("unknown"),
        })
    }
}

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
use std::io::{Read, Seek, SeekFrom};
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
            "read" => format!("{:?}", fs::read_to_string(&text).map_err(|error| error.kind())),
            "size" => format!("{:?}", fs::read(&text).map(|bytes| bytes.len()).map_err(|error| error.kind())),
            "list" => list(&text).unwrap_or_else(|error| format!("{:?}", error.kind())),
            "metadata" => format!(
                "{:?}",
                fs::metadata(&text).map(|data| (data.is_dir(), data.is_file(), data.len())).map_err(|error| error.kind())
            ),
            "middle" => middle(&text).unwrap_or_else(|error| format!("{:?}", error.kind())),
            "append" => format!("{:?}", fs::File::options().append(true).open(&text).map(drop).map_err(|error| error.kind())),
            "create-new" => format!("{:?}", fs::File::create_new(&text).map(drop).map_err(|error| error.kind())),
            "create-dir" => format!("{:?}", fs::create_dir(&text).map_err(|error| error.kind())),
            "remove" => format!("{:?}", fs::remove_file(&text).map_err(|error| error.kind())),
            "rename" => format!("{:?}", fs::rename(&text, "/assets/new").map_err(|error| error.kind())),
            "open-all" => {
                let open: Vec<_> = (0..1_000).map_while(|_| fs::File::open(&text).ok()).collect();
                let most = open.len();
                drop(open);
                format!("{most} {}", fs::File::open(&text).is_ok())
            }
            "thread" => format!("{:?}", thread::Builder::new().spawn(|| ()).map(drop).map_err(|error| error.kind())),
            "panic" => panic!("{text}"),
            "exit" => process::exit(text.parse().unwrap()),
            _ => String::from("unknown"),
        })
    }
}

/// The names in a directory, in order, each with what it is.
fn list(path: &str) -> std::io::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let mark = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{mark}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names.join(" "))
}

/// Three bytes from the second on, where the file says that it is, and the rest.
fn middle(path: &str) -> std::io::Result<String> {
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(1))?;
    let mut three = [0; 3];
    file.read_exact(&mut three)?;
    let place = file.stream_position()?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    let end = file.seek(SeekFrom::End(0))?;
    Ok(format!("{} {place} {rest} {end}", String::from_utf8_lossy(&three)))
}

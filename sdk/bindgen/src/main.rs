//! Reads `sdk/wit` and writes what the host is bound by: the contract table and the TypeScript bindings.
//!
//! Usage: `hal9-bindgen WIT_DIR OUT_DIR`, where OUT_DIR is the root of a checkout (or a temporary folder, to compare).

mod bindings;
mod contract;
mod index;
mod interfaces;
mod lift;
mod lower;
mod model;
mod names;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [wit, out] = arguments.as_slice() else {
        bail!("usage: hal9-bindgen WIT_DIR OUT_DIR");
    };
    let contract = model::Contract::read(wit)?;
    save(out, "src/protocol/contract.ts", &contract::write(&contract)?)?;
    for (name, text) in bindings::write(&contract)? {
        save(out, &format!("workers/abi/generated/{name}"), &text)?;
    }
    Ok(())
}

/// The first lines of every file that is written.
pub fn header() -> String {
    String::from(
        "// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.\n",
    )
}

fn save(root: &Path, path: &str, text: &str) -> Result<()> {
    let path = root.join(path);
    let folder = path.parent().context("a path without a folder")?;
    fs::create_dir_all(folder)?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", path.display());
    Ok(())
}

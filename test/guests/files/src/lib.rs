//! Does with files what it is told, by Rust's standard library; and by WASI itself what that has no words for. One tool takes a list of
//! steps, each an array of a name and what it is about, and answers for each `{"ok": VALUE}` or `{"error": KIND, "os": NUMBER}`.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hal9_plugin_sdk::prelude::*;

/// Keeps what it has opened, by the names that it was told.
#[derive(Default)]
pub struct Files {
    open: HashMap<String, File>,
}

hal9_plugin!(Files, id: "1c0ffee0-f11e-4000-8000-000000000001");

tool_plugin!(Files, tools: &[
    Tool::new("files", "Does what it is told with files.", &[Parameter::array("steps", "What to do, one after the other.")]),
]);

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Order {
    steps: Vec<Vec<Value>>,
}

impl ToolProvider for Files {
    fn execute(&mut self, _tool: &str, parameters: Json) -> Result<Json> {
        let Order { steps } = parameters.parse()?;
        let answers: Vec<Value> = steps.iter().map(|step| self.answer(step)).collect();
        Ok(Json::from(json!(answers)))
    }
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[allow(clippy::too_many_arguments)]
    fn path_open(fd: u32, follow: u32, path: *const u8, length: usize, flags: u32, rights: u64, inherited: u64, modes: u32, out: *mut u32) -> u32;
    fn path_symlink(target: *const u8, length: usize, fd: u32, path: *const u8, path_length: usize) -> u32;
    fn path_rename(fd: u32, path: *const u8, length: usize, to: u32, to_path: *const u8, to_length: usize) -> u32;
    fn path_unlink_file(fd: u32, path: *const u8, length: usize) -> u32;
    fn path_filestat_set_times(fd: u32, follow: u32, path: *const u8, length: usize, accessed: u64, modified: u64, flags: u32) -> u32;
}

const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 6;
const READDIR: u64 = 1 << 14;

impl Files {
    fn answer(&mut self, step: &[Value]) -> Value {
        match self.step(step) {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": format!("{:?}", error.kind()), "os": error.raw_os_error() }),
        }
    }

    fn step(&mut self, step: &[Value]) -> io::Result<Value> {
        let text = |index: usize| step.get(index).and_then(Value::as_str).unwrap_or_default();
        let number = |index: usize| step.get(index).and_then(Value::as_u64).unwrap_or_default();
        let (path, other) = (text(1), text(2));
        match text(0) {
            "read" => Ok(json!(fs::read_to_string(path)?)),
            "size" => Ok(json!(fs::read(path)?.len())),
            "write" => done(fs::write(path, other)),
            "fill" => done(fs::write(path, vec![b'x'; number(2) as usize])),
            "append" => done(File::options().append(true).create(true).open(path)?.write_all(other.as_bytes())),
            "create_new" => done(File::create_new(path)?.write_all(other.as_bytes())),
            "list" => list(path),
            "stat" => described(&fs::metadata(path)?),
            "lstat" => described(&fs::symlink_metadata(path)?),
            "mkdir" => done(fs::create_dir(path)),
            "mkdirs" => done(fs::create_dir_all(path)),
            "rm" => done(fs::remove_file(path)),
            "rmdir" => done(fs::remove_dir(path)),
            "rmtree" => done(fs::remove_dir_all(path)),
            "rename" => done(fs::rename(path, other)),
            "copy" => Ok(json!(fs::copy(path, other)?)),
            "link" => done(fs::hard_link(path, other)),
            "readlink" => Ok(json!(fs::read_link(path)?.to_string_lossy())),
            "open" => {
                let file = options(text(3)).open(other)?;
                done(self.keep(path, file))
            }
            "open_many" => {
                let files: Vec<File> = (0..number(2)).map_while(|_| File::open(path).ok()).collect();
                let error = File::open(path).err().map(|error| error.raw_os_error());
                Ok(json!([files.len(), error]))
            }
            "make_many" => {
                let made = (0..number(2)).take_while(|index| File::create(format!("{path}/{index}")).is_ok()).count();
                Ok(json!(made))
            }
            "close" => done(self.open.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())),
            "open_at" | "symlink_at" | "rename_at" | "rm_at" | "touch" => self.raw(step),
            _ => self.opened(step),
        }
    }

    /// What is done with a file that is open.
    fn opened(&mut self, step: &[Value]) -> io::Result<Value> {
        let text = |index: usize| step.get(index).and_then(Value::as_str).unwrap_or_default();
        let number = |index: usize| step.get(index).and_then(Value::as_u64).unwrap_or_default();
        let Some(file) = self.open.get_mut(text(1)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        match text(0) {
            "get" => {
                let mut bytes = vec![0; number(2) as usize];
                let found = file.read(&mut bytes)?;
                Ok(json!(String::from_utf8_lossy(&bytes[..found])))
            }
            "put" => done(file.write_all(text(2).as_bytes())),
            "put_bytes" => Ok(json!(file.write(&vec![b'x'; number(2) as usize])?)),
            "seek" => Ok(json!(file.seek(SeekFrom::Start(number(2)))?)),
            "seek_end" => Ok(json!(file.seek(SeekFrom::End(0))?)),
            "place" => Ok(json!(file.stream_position()?)),
            "set_len" => done(file.set_len(number(2))),
            "sync" => done(file.sync_all()),
            "fstat" => described(&file.metadata()?),
            "modified" => done(file.set_modified(UNIX_EPOCH + Duration::from_millis(number(2)))),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Functions of WASI on a directory that is open, and a path from there.
    fn raw(&mut self, step: &[Value]) -> io::Result<Value> {
        let text = |index: usize| step.get(index).and_then(Value::as_str).unwrap_or_default();
        let number = |index: usize| step.get(index).and_then(Value::as_u64).unwrap_or_default();
        let Some(directory) = self.open.get(text(1)) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let fd = directory.as_raw_fd() as u32;
        let (path, other) = (text(2), text(3));
        // SAFETY: the functions of WASI read the areas that they are given, and write one number.
        unsafe {
            match text(0) {
                "open_at" => {
                    let mut opened = 0;
                    let rights = if number(5) == 0 { READ | READDIR } else { READ | WRITE };
                    let flags = number(4) as u32;
                    errno(path_open(fd, 1, path.as_ptr(), path.len(), flags, rights, rights, 0, &raw mut opened))?;
                    let file = File::from_raw_fd(opened as i32);
                    done(self.keep(other, file))
                }
                "symlink_at" => done(errno(path_symlink(path.as_ptr(), path.len(), fd, other.as_ptr(), other.len()))),
                "rename_at" => done(errno(path_rename(fd, path.as_ptr(), path.len(), fd, other.as_ptr(), other.len()))),
                "rm_at" => done(errno(path_unlink_file(fd, path.as_ptr(), path.len()))),
                _ => done(errno(path_filestat_set_times(fd, 0, path.as_ptr(), path.len(), 0, number(3) * 1_000_000, 4))),
            }
        }
    }

    fn keep(&mut self, name: &str, file: File) -> io::Result<()> {
        self.open.insert(name.to_owned(), file);
        Ok(())
    }
}

fn done(result: io::Result<()>) -> io::Result<Value> {
    result.map(|()| Value::Null)
}

fn errno(number: u32) -> io::Result<()> {
    if number == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(number as i32)) }
}

/// A letter for each: read, write, append, truncate, create, new.
fn options(letters: &str) -> OpenOptions {
    let has = |letter: char| letters.contains(letter);
    let mut options = File::options();
    options.read(has('r')).write(has('w')).append(has('a'));
    options.truncate(has('t')).create(has('c')).create_new(has('n'));
    options
}

fn list(path: &str) -> io::Result<Value> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let mark = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{mark}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(json!(names))
}

fn described(data: &fs::Metadata) -> io::Result<Value> {
    let kind = match data.file_type() {
        kind if kind.is_dir() => "directory",
        kind if kind.is_file() => "file",
        kind if kind.is_symlink() => "symlink",
        _ => "other",
    };
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Ok(json!({ "kind": kind, "size": data.len(), "modified_ms": since(data.modified()?) as u64 }))
}

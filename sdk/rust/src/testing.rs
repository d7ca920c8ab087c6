//! A host for tests on the native target: what a plugin asks of it stays in memory and can be looked at.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use crate::bindings::host::hal9::plugin as wire;
use crate::declaration::Parameter;
use crate::error::{PluginError, Result};
use crate::http::{Request, Response};
use crate::json::{Config, Json};
use crate::lifecycle::Context;
use crate::log::Level;
use crate::signal::Signal;
use crate::tools::ToolProvider;

/// A line that the plugin logged.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How urgent it is.
    pub level: Level,
    /// The text.
    pub message: String,
}

type Series = (String, Vec<(String, String)>);
type ToolHandler = Box<dyn Fn(&str, &str, Value) -> Result<Value>>;
type HttpHandler = Box<dyn Fn(&Request) -> Result<Response>>;

/// A body that is being read: what is left of it, and what ends it early.
struct FakeBody {
    rest: Vec<u8>,
    broken: Option<PluginError>,
}

struct State {
    log: Vec<LogLine>,
    config: Map<String, Value>,
    now_ms: u64,
    monotonic_ns: u64,
    random: u64,
    counters: BTreeMap<Series, f64>,
    gauges: BTreeMap<Series, f64>,
    observations: BTreeMap<Series, Vec<f64>>,
    memory: BTreeMap<String, String>,
    memory_refusal: Option<PluginError>,
    memory_quota: Option<(usize, usize)>,
    emitted: Vec<Signal>,
    emit_refusal: Option<PluginError>,
    tools: Option<ToolHandler>,
    http: Option<HttpHandler>,
    piece_bytes: usize,
    break_bodies: Option<(usize, PluginError)>,
    bodies: BTreeMap<u32, FakeBody>,
    last_body: u32,
    directories: BTreeMap<PathBuf, PathBuf>,
}

impl State {
    fn new() -> Self {
        Self {
            log: Vec::new(),
            config: Map::new(),
            now_ms: 1_700_000_000_000,
            monotonic_ns: 0,
            random: 0x9e37_79b9_7f4a_7c15,
            counters: BTreeMap::new(),
            gauges: BTreeMap::new(),
            observations: BTreeMap::new(),
            memory: BTreeMap::new(),
            memory_refusal: None,
            memory_quota: None,
            emitted: Vec::new(),
            emit_refusal: None,
            tools: None,
            http: None,
            piece_bytes: usize::MAX,
            break_bodies: None,
            bodies: BTreeMap::new(),
            last_body: 0,
            directories: BTreeMap::new(),
        }
    }
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::new());
}

fn state<R>(work: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(work)
}

/// The fake host of this thread. Making one begins afresh: an empty log, no configuration, the clock at
/// 1,700,000,000,000 ms, the random stream at its seed. Each test has a thread of its own, and so a host of its own.
///
/// ```
/// use hal9_plugin_sdk::{clock, random, testing::FakeHost};
///
/// let host = FakeHost::new().with_time_ms(5_000).with_random_seed(7);
/// let first = random::next();
/// host.advance_ms(250);
/// assert_eq!(clock::now_ms(), 5_250);
/// assert_eq!(first, { let _again = FakeHost::new().with_random_seed(7); random::next() });
/// ```
#[derive(Debug)]
pub struct FakeHost(());

impl Default for FakeHost {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeHost {
    /// A fresh host for this thread.
    pub fn new() -> Self {
        state(|state| *state = State::new());
        Self(())
    }

    /// Gives the plugin this configuration.
    ///
    /// # Panics
    /// When it is not an object.
    pub fn with_config(self, config: Value) -> Self {
        let Value::Object(config) = config else { panic!("a plugin's configuration is a JSON object") };
        state(|state| state.config = config);
        self
    }

    /// Sets the clock, in milliseconds since the Unix epoch.
    pub fn with_time_ms(self, now_ms: u64) -> Self {
        state(|state| state.now_ms = now_ms);
        self
    }

    /// Sets the seed of the random stream.
    pub fn with_random_seed(self, seed: u64) -> Self {
        state(|state| state.random = seed);
        self
    }

    /// Refuses every call of the memory with this error, as a host does without a permission, or when a quota is used up.
    pub fn with_memory_refused(self, error: PluginError) -> Self {
        state(|state| state.memory_refusal = Some(error));
        self
    }

    /// Lets the plugin's own memory hold so many keys, and so many bytes of keys and values. What would be more is refused as a
    /// server does; there is no quota by default.
    ///
    /// ```
    /// use hal9_plugin_sdk::{memory, prelude::*, testing::FakeHost};
    ///
    /// let _host = FakeHost::new().with_memory_quota(1, 1_000);
    /// memory::set("a", &1)?;
    /// assert_eq!(memory::set("b", &1).unwrap_err().limit(), Some("memory-keys"));
    /// memory::delete("a")?;
    /// memory::set("b", &1)?;
    /// # Ok::<(), PluginError>(())
    /// ```
    pub fn with_memory_quota(self, keys: usize, bytes: usize) -> Self {
        state(|state| state.memory_quota = Some((keys, bytes)));
        self
    }

    /// Answers the plugin's calls of other plugins' tools: plugin id, tool, parameters.
    pub fn with_tools(self, handler: impl Fn(&str, &str, Value) -> Result<Value> + 'static) -> Self {
        state(|state| state.tools = Some(Box::new(handler)));
        self
    }

    /// Answers the plugin's HTTP requests.
    pub fn with_http(self, handler: impl Fn(&Request) -> Result<Response> + 'static) -> Self {
        state(|state| state.http = Some(Box::new(handler)));
        self
    }

    /// Gives bodies that are read in pieces in pieces of at most so many bytes, as a network does.
    ///
    /// # Panics
    /// When it is 0.
    pub fn with_http_pieces(self, bytes: usize) -> Self {
        assert!(bytes > 0, "a piece has at least one byte");
        state(|state| state.piece_bytes = bytes);
        self
    }

    /// Breaks bodies that are read in pieces after so many bytes, as a connection does that is lost or takes too long.
    pub fn with_http_broken_after(self, bytes: usize, error: PluginError) -> Self {
        state(|state| state.break_bodies = Some((bytes, error)));
        self
    }

    /// Refuses every signal that the plugin sends on its own with this error.
    pub fn with_signals_refused(self, error: PluginError) -> Self {
        state(|state| state.emit_refusal = Some(error));
        self
    }

    /// Lets [`crate::files::path`] lead into a directory of this machine, as an operator maps one; `/scratch` too is one that a
    /// test maps. What is denied there is for the directory's own permissions to show.
    pub fn with_directory(self, guest_path: impl AsRef<Path>, directory: impl AsRef<Path>) -> Self {
        let entry = (plain(guest_path.as_ref()), directory.as_ref().to_path_buf());
        state(|state| state.directories.extend([entry]));
        self
    }

    /// Lets time pass on both clocks.
    pub fn advance_ms(&self, milliseconds: u64) {
        state(|state| {
            state.now_ms += milliseconds;
            state.monotonic_ns += milliseconds * 1_000_000;
        });
    }

    /// What was logged, in its order.
    pub fn log(&self) -> Vec<LogLine> {
        state(|state| state.log.clone())
    }

    /// The sum of a counter.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        state(|state| state.counters.get(&series(name, labels)).copied().unwrap_or(0.0))
    }

    /// The last value of a gauge, or none when it was not set.
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        state(|state| state.gauges.get(&series(name, labels)).copied())
    }

    /// The observations of a histogram, in their order.
    pub fn observations(&self, name: &str, labels: &[(&str, &str)]) -> Vec<f64> {
        state(|state| state.observations.get(&series(name, labels)).cloned().unwrap_or_default())
    }

    /// The signals that the plugin sent on its own.
    pub fn emitted(&self) -> Vec<Signal> {
        state(|state| state.emitted.clone())
    }
}

/// Calls a tool as the server does: the parameters are checked against the declaration, defaults are filled in.
///
/// # Errors
/// `INVALID_INPUT` when there is no such tool or the parameters do not fit its declaration; what the tool answers.
pub fn call_tool<P>(plugin: &mut P, tool: &str, parameters: Value) -> Result<Value>
where
    P: ToolProvider + crate::__private::DeclaredTools,
{
    let Some(declared) = P::TOOLS.iter().find(|declared| declared.name == tool) else {
        return Err(PluginError::invalid_input(format!("the plugin declares no tool {tool:?}")));
    };
    let Value::Object(mut given) = parameters else {
        return Err(PluginError::invalid_input("expected an object with the tool's parameters"));
    };
    if let Some(unknown) = given.keys().find(|key| !declared.parameters.iter().any(|known| known.name == **key)) {
        return Err(PluginError::invalid_input(format!("{unknown:?} is no parameter of this tool")));
    }
    for parameter in declared.parameters {
        check(parameter, &mut given)?;
    }
    plugin.execute(tool, Json::from(Value::Object(given)))?.parse()
}

fn check(parameter: &Parameter, given: &mut Map<String, Value>) -> Result<()> {
    let Some(value) = given.get(parameter.name) else {
        if let Some(default) = parameter.default {
            given.insert(parameter.name.into(), serde_json::from_str(default)?);
        } else if parameter.required {
            return Err(PluginError::invalid_input(format!("{:?} is missing", parameter.name)));
        }
        return Ok(());
    };
    let fits = match parameter.param_type {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => return Err(PluginError::internal(format!("{other:?} is no type of a parameter"))),
    };
    match fits {
        true => Ok(()),
        false => Err(PluginError::invalid_input(format!("{:?}: expected {}", parameter.name, parameter.param_type))),
    }
}

/// A context as the server gives it to `load`, with this configuration.
pub fn context(config: Value) -> Context {
    Context {
        plugin_id: "00000000-0000-4000-8000-000000000000".into(),
        plugin_version: "0.0.0".into(),
        host_version: env!("CARGO_PKG_VERSION").into(),
        config: Config::from_text(config.to_string()),
    }
}

/// In the directory with the longest name that has the path. Elsewhere there is nothing, as below a file.
pub(crate) fn directory_path(guest_path: &Path) -> PathBuf {
    let guest_path = plain(guest_path);
    let found = state(|state| {
        let mut directories = state.directories.iter().rev();
        directories.find_map(|(at, directory)| Some(directory.join(guest_path.strip_prefix(at).ok()?)))
    });
    found.unwrap_or_else(|| Path::new("/dev/null").join(guest_path.strip_prefix("/").unwrap_or(&guest_path)))
}

/// `..` by the names alone, as the server takes it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

fn series(name: &str, labels: &[(&str, &str)]) -> Series {
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    labels.sort();
    (name.to_owned(), labels)
}

/// Stands in for the contract's imports, with their signatures.
pub(crate) mod imports {
    pub mod logging {
        use super::super::{Level, LogLine, state};

        pub fn log(level: Level, message: &str) {
            state(|state| state.log.push(LogLine { level, message: message.into() }));
        }
    }

    pub mod config {
        use super::super::{Value, state};

        pub fn get(key: &str) -> Option<String> {
            state(|state| state.config.get(key).map(Value::to_string))
        }

        pub fn get_all() -> String {
            state(|state| Value::Object(state.config.clone()).to_string())
        }
    }

    pub mod clock {
        use super::super::state;

        pub fn now() -> u64 {
            state(|state| state.now_ms)
        }

        pub fn monotonic() -> u64 {
            state(|state| state.monotonic_ns)
        }
    }

    pub mod random {
        use super::super::state;

        /// SplitMix64: every seed gives a stream, and the same one each time.
        pub fn next() -> u64 {
            state(|state| {
                state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state.random ^ (state.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^ (mixed >> 31)
            })
        }

        pub fn bytes(length: u32) -> Vec<u8> {
            (0..length.min(65_536)).map(|_| next() as u8).collect()
        }
    }

    pub mod metrics {
        use super::super::{Series, series, state, wire::metrics::Label};

        pub fn increment(name: &str, amount: f64, labels: &[Label]) {
            if amount.is_finite() && amount >= 0.0 {
                state(|state| *state.counters.entry(key(name, labels)).or_default() += amount);
            }
        }

        pub fn set(name: &str, value: f64, labels: &[Label]) {
            state(|state| state.gauges.insert(key(name, labels), value));
        }

        pub fn observe(name: &str, value: f64, labels: &[Label]) {
            state(|state| state.observations.entry(key(name, labels)).or_default().push(value));
        }

        fn key(name: &str, labels: &[Label]) -> Series {
            let labels: Vec<_> = labels.iter().map(|label| (label.name.as_str(), label.value.as_str())).collect();
            series(name, &labels)
        }
    }

    pub mod memory {
        use super::super::{Value, state, wire::memory::Entry, wire::types::PluginError};

        pub fn get(key: &str) -> Result<Option<String>, PluginError> {
            allowed()?;
            Ok(state(|state| state.memory.get(key).cloned()))
        }

        pub fn set(key: &str, value: &str) -> Result<(), PluginError> {
            allowed()?;
            fits(key, value)?;
            state(|state| state.memory.insert(key.into(), value.into()));
            Ok(())
        }

        /// Of the plugin's own memory, as it would be with this entry.
        fn fits(key: &str, value: &str) -> Result<(), PluginError> {
            let Some((keys, bytes)) = state(|state| state.memory_quota) else { return Ok(()) };
            if key.starts_with("shared:") {
                return Ok(());
            }
            let others = state(|state| {
                let own = state.memory.iter().filter(|(other, _)| *other != key && !other.starts_with("shared:"));
                own.map(|(key, value)| key.len() + value.len()).collect::<Vec<_>>()
            });
            let used = others.iter().sum::<usize>() + key.len() + value.len();
            full("memory-keys", others.len() + 1, keys)?;
            full("memory-bytes", used, bytes)
        }

        fn full(limit: &str, used: usize, max: usize) -> Result<(), PluginError> {
            if used <= max {
                return Ok(());
            }
            let error = crate::PluginError::resource_exhausted("the memory is full; delete what is not needed");
            Err(error.with_details(serde_json::json!({ "limit": limit, "max": max })).into())
        }

        pub fn delete(key: &str) -> Result<bool, PluginError> {
            allowed()?;
            Ok(state(|state| state.memory.remove(key).is_some()))
        }

        pub fn list_entries(prefix: &str, limit: u32) -> Result<Vec<Entry>, PluginError> {
            allowed()?;
            Ok(entries(limit, |key, _| key.starts_with(prefix)))
        }

        /// Every word of the query must be one of the value's. Not ranked: the first in the order of keys comes first.
        pub fn search(query: &str, limit: u32) -> Result<Vec<Entry>, PluginError> {
            allowed()?;
            let (before, query) = match query.split_once('/') {
                Some((before, rest)) if before.starts_with("shared:") => (format!("{before}/"), rest),
                _ => (String::new(), query),
            };
            let wanted = words(query);
            Ok(entries(limit, |key, value| {
                let mut texts = String::new();
                collect(&serde_json::from_str(value).unwrap_or(Value::Null), &mut texts);
                let found = words(&texts);
                let here = if before.is_empty() { !key.starts_with("shared:") } else { key.starts_with(&before) };
                here && !wanted.is_empty() && wanted.iter().all(|word| found.contains(word))
            }))
        }

        fn allowed() -> Result<(), PluginError> {
            state(|state| state.memory_refusal.clone()).map_or(Ok(()), |error| Err(error.into()))
        }

        fn words(text: &str) -> Vec<String> {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.map(str::to_lowercase).collect()
        }

        /// The strings and numbers in a value.
        fn collect(value: &Value, texts: &mut String) {
            match value {
                Value::String(text) => texts.extend([text, "\n"]),
                Value::Number(number) => texts.extend([&number.to_string(), "\n"]),
                Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
                Value::Object(members) => members.values().for_each(|value| collect(value, texts)),
                Value::Null | Value::Bool(_) => {}
            }
        }

        fn entries(limit: u32, wanted: impl Fn(&str, &str) -> bool) -> Vec<Entry> {
            state(|state| {
                let found = state.memory.iter().filter(|(key, value)| wanted(key, value)).take(limit as usize);
                found.map(|(key, value)| Entry { key: key.clone(), value: value.clone() }).collect()
            })
        }
    }

    pub mod signals {
        use super::super::{state, wire::types};

        pub fn emit(signal: &types::Signal) -> Result<(), types::PluginError> {
            state(|state| match state.emit_refusal.clone() {
                Some(error) => Err(error.into()),
                None => {
                    state.emitted.push(signal.clone().into());
                    Ok(())
                }
            })
        }
    }

    pub mod plugins {
        use super::super::{STATE, Value, wire::types};
        use crate::error::PluginError;

        pub fn call_tool(plugin_id: &str, tool: &str, parameters: &str) -> Result<String, types::PluginError> {
            let parameters = serde_json::from_str(parameters).unwrap_or(Value::Null);
            let handler = STATE.with_borrow_mut(|state| state.tools.take());
            let answer = match &handler {
                Some(handler) => handler(plugin_id, tool, parameters),
                None => Err(PluginError::not_implemented("the fake host has no tools: see FakeHost::with_tools")),
            };
            STATE.with_borrow_mut(|state| state.tools = handler);
            answer.map(|value| value.to_string()).map_err(Into::into)
        }
    }

    pub mod http {
        use super::super::{
            FakeBody, STATE, wire::http::Opened, wire::http::Request, wire::http::Response, wire::types,
        };
        use crate::error::PluginError;

        pub fn fetch(request: &Request) -> Result<Response, types::PluginError> {
            let handler = STATE.with_borrow_mut(|state| state.http.take());
            let answer = match &handler {
                Some(handler) => handler(request),
                None => Err(PluginError::not_implemented("the fake host has no network: see FakeHost::with_http")),
            };
            STATE.with_borrow_mut(|state| state.http = handler);
            answer.map_err(Into::into)
        }

        pub fn open(request: &Request) -> Result<Opened, types::PluginError> {
            let Response { status, url, headers, body: mut rest } = fetch(request)?;
            let number = STATE.with_borrow_mut(|state| {
                let broken = match &state.break_bodies {
                    Some((after, error)) if rest.len() > *after => {
                        rest.truncate(*after);
                        Some(error.clone())
                    }
                    _ => None,
                };
                state.last_body += 1;
                state.bodies.insert(state.last_body, FakeBody { rest, broken });
                state.last_body
            });
            Ok(Opened { body: number, status, url, headers })
        }

        pub fn read(body: u32, max_bytes: u32) -> Result<Vec<u8>, types::PluginError> {
            STATE.with_borrow_mut(|state| {
                let Some(FakeBody { rest, broken }) = state.bodies.get_mut(&body) else {
                    return Err(PluginError::invalid_input("body: expected one that is open").into());
                };
                let most = usize::try_from(max_bytes).unwrap_or(usize::MAX).min(rest.len()).min(state.piece_bytes);
                let piece = rest.drain(..most).collect::<Vec<u8>>();
                if !piece.is_empty() {
                    return Ok(piece);
                }
                let broken = broken.take();
                state.bodies.remove(&body);
                broken.map_or(Ok(piece), |error| Err(error.into()))
            })
        }

        pub fn close(body: u32) {
            STATE.with_borrow_mut(|state| state.bodies.remove(&body));
        }
    }
}

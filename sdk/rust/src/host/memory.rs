//! Keys and values that outlive the instance; a namespace per plugin. Wants the permission `Hal9Memory`.
//!
//! Keys that begin with `shared:NAME/` are in the memory NAME, which several plugins share: that wants the permission
//! `Hal9SharedMemory("NAME")`. The host answers with an error, never with a trap: `PERMISSION_DENIED` without the permission,
//! `RESOURCE_EXHAUSTED` when a quota is used up or asked too often, `INVALID_INPUT` for what is malformed or too long.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::imports::memory;
use crate::error::Result;
use crate::json::Json;

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Json,
}

/// The value of a key in a type of the author's, or none.
///
/// # Errors
/// Those of the host; `INVALID_INPUT` when the value does not fit the type.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    match memory::get(key)? {
        Some(text) => Ok(Some(serde_json::from_str(&text)?)),
        None => Ok(None),
    }
}

/// Sets the value of a key.
///
/// ```
/// use hal9_plugin_sdk::{memory, prelude::*, testing::FakeHost};
///
/// let _host = FakeHost::new();
/// memory::set("greeted", &["Ada", "Grace"])?;
/// assert_eq!(memory::get::<Vec<String>>("greeted")?.unwrap().len(), 2);
/// assert!(memory::delete("greeted")?);
/// # Ok::<(), PluginError>(())
/// ```
///
/// # Errors
/// Those of the host. Once this has returned, what was set is kept.
pub fn set<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<()> {
    Ok(memory::set(key, Json::of(value)?.as_str())?)
}

/// Takes a key away, and says whether it was there.
///
/// # Errors
/// Those of the host.
pub fn delete(key: &str) -> Result<bool> {
    Ok(memory::delete(key)?)
}

/// At most `limit` entries whose key starts with `prefix`, in the order of their keys. Above 1,000, `limit` counts as 1,000.
///
/// # Errors
/// Those of the host.
pub fn list(prefix: &str, limit: u32) -> Result<Vec<Entry>> {
    Ok(memory::list_entries(prefix, limit)?.into_iter().map(entry).collect())
}

/// Entries whose values have all words of the query, best first; at most `limit`, which counts as 1,000 above that. Searched are the
/// strings and numbers in the values, not the names of members; case and accents do not count. The query has no syntax.
///
/// ```
/// use hal9_plugin_sdk::{memory, prelude::*, testing::FakeHost};
///
/// let _host = FakeHost::new();
/// memory::set("notes/1", &json!({ "text": "A heron at the pond" }))?;
/// memory::set("notes/2", &json!({ "text": "A frog" }))?;
/// assert_eq!(memory::search("heron pond", 10)?[0].key, "notes/1");
/// assert_eq!(memory::list("notes/", 10)?.len(), 2);
/// # Ok::<(), PluginError>(())
/// ```
///
/// # Errors
/// Those of the host.
pub fn search(query: &str, limit: u32) -> Result<Vec<Entry>> {
    Ok(memory::search(query, limit)?.into_iter().map(entry).collect())
}

fn entry(entry: crate::bindings::host::hal9::plugin::memory::Entry) -> Entry {
    Entry { key: entry.key, value: Json::from_text(entry.value) }
}

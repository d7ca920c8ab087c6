//! Signals, as neurons receive and send them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::host::hal9::plugin::types as wire;
use crate::error::{PluginError, Result};

pub use wire::Layer;

impl Layer {
    /// All layers, from the lowest to the highest.
    pub const ALL: [Layer; 9] =
        [Layer::L1, Layer::L2, Layer::L3, Layer::L4, Layer::L5, Layer::L6, Layer::L7, Layer::L8, Layer::L9];

    /// 1 to 9.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// `L1` to `L9`.
    pub const fn name(self) -> &'static str {
        ["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9"][self as usize]
    }

    /// The layer above, or none above L9.
    pub fn up(self) -> Option<Layer> {
        Self::ALL.get(self as usize + 1).copied()
    }

    /// The layer below, or none below L1.
    pub fn down(self) -> Option<Layer> {
        (self as usize).checked_sub(1).map(|index| Self::ALL[index])
    }
}

/// What neurons exchange.
///
/// An answer is usually made from the signal it answers:
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// let heard = Signal::text(Layer::L2, "hello").with_metadata("language", "en");
/// let answer = heard.answer("HELLO").to_layer(Layer::L3).with_metadata("length", 5);
/// assert_eq!(answer.signal_type, "text");
/// assert_eq!(answer.metadata.get::<u32>("length")?, Some(5));
/// assert_eq!(answer.metadata.get::<String>("language")?, None);
/// # Ok::<(), PluginError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Chosen by the sender. Left empty in an answer, it becomes that of the signal answered.
    pub id: String,
    /// What kind of signal this is, for instance `text`.
    pub signal_type: String,
    /// The layer that the signal is for, or that it is sent to.
    pub layer: Layer,
    /// Who sent it. Left empty in an answer, it becomes the plugin's name.
    pub source: String,
    /// The text itself.
    pub content: String,
    /// Keys with JSON values.
    pub metadata: Metadata,
    /// Milliseconds since the Unix epoch; 0 means that the sender did not say.
    pub timestamp_ms: u64,
}

impl Signal {
    /// A signal of that type and content to that layer, everything else empty.
    pub fn new(signal_type: impl Into<String>, layer: Layer, content: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            signal_type: signal_type.into(),
            layer,
            source: String::new(),
            content: content.into(),
            metadata: Metadata::default(),
            timestamp_ms: 0,
        }
    }

    /// A signal of the type `text`.
    pub fn text(layer: Layer, content: impl Into<String>) -> Self {
        Self::new("text", layer, content)
    }

    /// A signal with this one's id, type and layer, another content, and no metadata.
    pub fn answer(&self, content: impl Into<String>) -> Self {
        Self { id: self.id.clone(), ..Self::new(self.signal_type.clone(), self.layer, content) }
    }

    /// The same signal with another id.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The same signal with another type.
    pub fn with_type(mut self, signal_type: impl Into<String>) -> Self {
        self.signal_type = signal_type.into();
        self
    }

    /// The same signal, to another layer.
    pub fn to_layer(mut self, layer: Layer) -> Self {
        self.layer = layer;
        self
    }

    /// The same signal from another source.
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// The same signal with a metadata entry, which replaces an older one of that key. A value that cannot be written
    /// as JSON becomes `null`; use [`Metadata::insert`] where that has to be noticed.
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_string(&value).unwrap_or_else(|_| "null".into());
        self.metadata.insert_text(key.into(), value);
        self
    }

    /// The same signal with that time, in milliseconds since the Unix epoch.
    pub fn at(mut self, timestamp_ms: u64) -> Self {
        self.timestamp_ms = timestamp_ms;
        self
    }
}

/// The metadata of a signal: unique keys, in their order, each with a JSON value that is read when it is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata(Vec<(String, String)>);

impl Metadata {
    /// The value of a key in a type of the author's, or none.
    ///
    /// # Errors
    /// `INVALID_INPUT`, naming the key, when the value does not fit the type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        let Some(text) = self.text(key) else { return Ok(None) };
        match serde_json::from_str(text) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(PluginError::invalid_input(format!("metadata {key:?}: {error}"))),
        }
    }

    /// The JSON text of a key, or none.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Sets a value, in place of an older one of that key.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when the value cannot be written as JSON.
    pub fn insert<T: Serialize + ?Sized>(&mut self, key: impl Into<String>, value: &T) -> Result<()> {
        let text = crate::json::Json::of(value)?.into_text();
        self.insert_text(key.into(), text);
        Ok(())
    }

    /// Takes an entry away, and says whether there was one.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(name, _)| name != key);
        self.0.len() != before
    }

    /// Keys and JSON values. A value that is not JSON comes as a text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Value)> {
        self.0.iter().map(|(key, text)| {
            (key.as_str(), serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())))
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn insert_text(&mut self, key: String, text: String) {
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = text,
            None => self.0.push((key, text)),
        }
    }
}

impl From<wire::Signal> for Signal {
    fn from(signal: wire::Signal) -> Self {
        Self {
            id: signal.id,
            signal_type: signal.type_,
            layer: signal.layer,
            source: signal.source,
            content: signal.content,
            metadata: Metadata(signal.metadata),
            timestamp_ms: signal.timestamp,
        }
    }
}

impl From<Signal> for wire::Signal {
    fn from(signal: Signal) -> Self {
        Self {
            id: signal.id,
            type_: signal.signal_type,
            layer: signal.layer,
            source: signal.source,
            content: signal.content,
            metadata: signal.metadata.0,
            timestamp: signal.timestamp_ms,
        }
    }
}

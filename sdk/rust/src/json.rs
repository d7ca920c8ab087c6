//! One JSON text: what the contract carries wherever a value has no fixed shape.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{PluginError, Result};

/// One JSON text, which is read into a type of the author's only where it is asked for.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Deserialize, Serialize)]
/// #[serde(crate = "hal9_plugin_sdk::serde")]
/// struct Point { x: f64, y: f64 }
///
/// let point: Point = Json::of(&json!({ "x": 1.0, "y": 2.0 }))?.parse()?;
/// assert_eq!(Json::of(&point)?.as_str(), r#"{"x":1.0,"y":2.0}"#);
/// # Ok::<(), PluginError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Json(String);

impl Json {
    /// Writes a value.
    ///
    /// # Errors
    /// `INTERNAL_ERROR` when it cannot be written as JSON, as a map whose keys are not texts.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        match serde_json::to_string(value) {
            Ok(text) => Ok(Self(text)),
            Err(error) => Err(PluginError::internal(error.to_string())),
        }
    }

    /// Takes a text that is known to be JSON.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Reads it into a type.
    ///
    /// # Errors
    /// `INVALID_INPUT` with serde's message when it does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, owned.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

/// A plugin's configuration: one JSON object, as the operator gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config(Json);

impl Config {
    pub(crate) fn from_text(text: String) -> Self {
        Self(Json::from_text(text))
    }

    /// Reads the configuration into a type of the author's, usually with `#[serde(default)]` on its fields.
    ///
    /// # Errors
    /// `CONFIG_ERROR` with serde's message when it does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        self.0.parse().map_err(|error| PluginError::config(error.message))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

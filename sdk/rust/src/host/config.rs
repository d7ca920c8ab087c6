//! The plugin's configuration, as the operator gave it.

use serde::de::DeserializeOwned;

use super::imports::config;
use crate::error::{PluginError, Result};
use crate::json::Config;

/// The value of a top-level key in a type of the author's, or none.
///
/// ```
/// use hal9_plugin_sdk::{config, prelude::*, testing::FakeHost};
///
/// let _host = FakeHost::new().with_config(json!({ "threshold": 0.4 }));
/// assert_eq!(config::get::<f64>("threshold")?, Some(0.4));
/// assert_eq!(config::get::<f64>("missing")?, None);
/// assert_eq!(config::get::<bool>("threshold").unwrap_err().code, ErrorCode::ConfigError);
/// # Ok::<(), PluginError>(())
/// ```
///
/// # Errors
/// `CONFIG_ERROR`, naming the key, when the value does not fit the type.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>> {
    let Some(text) = config::get(key) else { return Ok(None) };
    match serde_json::from_str(&text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => Err(PluginError::config(format!("{key:?}: {error}"))),
    }
}

/// The whole configuration.
pub fn all() -> Config {
    Config::from_text(config::get_all())
}

//! Tools of other plugins. Wants the permission `PluginCall` for each.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::imports::plugins;
use crate::error::Result;
use crate::json::Json;

/// Calls a tool of another plugin and waits for its answer.
///
/// # Errors
/// Those of the host and of the other plugin; `INVALID_INPUT` when the answer does not fit the type.
pub fn call_tool<T: DeserializeOwned>(plugin_id: &str, tool: &str, parameters: &impl Serialize) -> Result<T> {
    let answer = plugins::call_tool(plugin_id, tool, Json::of(parameters)?.as_str())?;
    Ok(serde_json::from_str(&answer)?)
}

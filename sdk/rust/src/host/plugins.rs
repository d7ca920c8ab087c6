//! Tools of other plugins. Wants the permission `PluginCall` for each.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::imports::plugins;
use crate::error::Result;
use crate::json::Json;

/// Calls a tool of another plugin and waits for its answer.
///
/// ```
/// use hal9_plugin_sdk::{plugins, prelude::*, testing::FakeHost};
///
/// let _host = FakeHost::new().with_tools(|_plugin, tool, parameters| match tool {
///     "count" => Ok(json!(parameters["text"].as_str().unwrap_or("").len())),
///     _ => Err(PluginError::invalid_input("there is no such tool")),
/// });
/// let id = "5b0d7c1a-2f64-4f0e-8a53-6c1d2e3f4a5b";
/// let length: u32 = plugins::call_tool(id, "count", &json!({ "text": "heron" }))?;
/// assert_eq!(length, 5);
/// # Ok::<(), PluginError>(())
/// ```
///
/// # Errors
/// Those of the host and of the other plugin; `INVALID_INPUT` when the answer does not fit the type.
pub fn call_tool<T: DeserializeOwned>(plugin_id: &str, tool: &str, parameters: &impl Serialize) -> Result<T> {
    let answer = plugins::call_tool(plugin_id, tool, Json::of(parameters)?.as_str())?;
    Ok(serde_json::from_str(&answer)?)
}

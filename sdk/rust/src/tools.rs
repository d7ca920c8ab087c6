//! Tools: named functions with JSON parameters.

use crate::bindings::host::hal9::plugin::types as shared;
use crate::bindings::tools::exports::hal9::plugin::tools as wire;
use crate::error::Result;
use crate::instance::{Exported, Instance};
use crate::json::Json;

/// Runs the tools that `tool_plugin!` declares.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Adder;
///
/// #[derive(Deserialize)]
/// #[serde(crate = "hal9_plugin_sdk::serde")]
/// struct Add { a: f64, b: f64 }
///
/// impl ToolProvider for Adder {
///     fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json> {
///         match tool {
///             "add" => {
///                 let Add { a, b } = parameters.parse()?;
///                 Ok(json!({ "sum": a + b }).into())
///             }
///             _ => Err(PluginError::not_implemented(format!("no tool {tool:?}"))),
///         }
///     }
/// }
///
/// let answer = Adder.execute("add", json!({ "a": 1, "b": 2 }).into()).unwrap();
/// assert_eq!(answer.as_str(), r#"{"sum":3.0}"#);
/// ```
pub trait ToolProvider {
    /// Runs the tool named. The host has already checked `parameters`, one JSON object, against the declaration, and
    /// filled in defaults. The answer is any JSON value.
    fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json>;
}

impl<P: Instance + ToolProvider> wire::Guest for Exported<P> {
    fn execute(tool: String, parameters: String) -> Result<String, shared::PluginError> {
        Self::call(|plugin| plugin.execute(&tool, Json::from_text(parameters))).map(Json::into_text)
    }
}

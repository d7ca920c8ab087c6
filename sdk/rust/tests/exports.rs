//! What the macros export, called as the host calls it: through the generated traits, with the contract's own types.

use hal9_plugin_sdk::__private::bindings::host::hal9::plugin::types as wire;
use hal9_plugin_sdk::__private::bindings::lifecycle::exports::hal9::plugin::lifecycle;
use hal9_plugin_sdk::__private::bindings::neuron::exports::hal9::plugin::neuron;
use hal9_plugin_sdk::__private::bindings::tools::exports::hal9::plugin::tools;
use hal9_plugin_sdk::__private::{Exported, Instance};
use hal9_plugin_sdk::prelude::*;

#[derive(Default)]
struct Full {
    config: String,
    calls: u32,
}

hal9_plugin!(Full, id: "1d2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b", name: "full", version: "3.2.1");
neuron_plugin!(Full, layer: Layer::L5, neuron_type: "full");
tool_plugin!(Full, tools: &[Tool::new("calls", "How many calls there were.", &[])]);

impl Lifecycle for Full {
    fn load(&mut self, context: Context) -> Result<()> {
        self.config = format!("{} {}", context.plugin_id, context.config.as_str());
        Ok(())
    }

    fn update_config(&mut self, config: Config) -> Result<()> {
        #[derive(Deserialize)]
        #[serde(crate = "hal9_plugin_sdk::serde")]
        struct Settings {
            limit: u8,
        }
        let Settings { limit } = config.parse()?;
        self.config = limit.to_string();
        Ok(())
    }
}

impl Neuron for Full {
    fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
        self.calls += 1;
        match signal.content.as_str() {
            "config" => Ok(vec![Signal::text(Layer::L6, self.config.clone())]),
            "again" => {
                let nested = <Exported<Full> as neuron::Guest>::export_state();
                Ok(vec![signal.answer(nested.unwrap_err().message)])
            }
            "fail" => Err(PluginError::timeout("too slow").with_details(json!({ "after_ms": 5 }))),
            _ => Ok(vec![signal.with_id("own").with_source("own")]),
        }
    }
}

impl ToolProvider for Full {
    fn execute(&mut self, _tool: &str, _parameters: Json) -> Result<Json> {
        Ok(json!(self.calls).into())
    }
}

/// A plugin that implements no lifecycle and offers nothing.
#[derive(Default)]
struct Bare;

hal9_plugin!(Bare, id: "2d2f3a4b-5c6d-4e7f-8a9b-0c1d2e3f4a5b");

fn context(config: &str) -> lifecycle::Context {
    lifecycle::Context {
        plugin_id: "id".into(),
        plugin_version: "1.0.0".into(),
        host_version: "0.1.0".into(),
        config: config.into(),
    }
}

fn send(content: &str) -> Result<Vec<wire::Signal>, wire::PluginError> {
    <Exported<Full> as neuron::Guest>::process(wire::Signal {
        id: "heard".into(),
        type_: "text".into(),
        layer: wire::Layer::L5,
        source: "core".into(),
        content: content.into(),
        metadata: vec![("k".into(), "[1]".into())],
        timestamp: u64::MAX,
    })
}

#[test]
fn the_lifecycle_of_a_plugin_that_has_one_is_called() {
    <Exported<Full> as lifecycle::Guest>::load(context("{}")).unwrap();
    assert_eq!(send("config").unwrap()[0].content, "id {}");
    <Exported<Full> as lifecycle::Guest>::update_config(r#"{"limit":7}"#.into()).unwrap();
    assert_eq!(send("config").unwrap()[0].content, "7");
    let error = <Exported<Full> as lifecycle::Guest>::update_config(r#"{"limit":-7}"#.into()).unwrap_err();
    assert_eq!(error.code, wire::ErrorCode::ConfigError);
    <Exported<Full> as lifecycle::Guest>::activate().unwrap();
}

#[test]
fn a_plugin_without_a_lifecycle_does_nothing_there() {
    <Exported<Bare> as lifecycle::Guest>::load(context("{}")).unwrap();
    <Exported<Bare> as lifecycle::Guest>::update_config("nonsense".into()).unwrap();
    <Exported<Bare> as lifecycle::Guest>::unload().unwrap();
}

#[test]
fn an_answer_without_id_and_source_gets_those_of_the_signal_and_the_plugin() {
    let answer = send("config").unwrap().remove(0);
    assert_eq!((answer.id.as_str(), answer.source.as_str()), ("heard", "full"));
    let answer = send("anything").unwrap().remove(0);
    assert_eq!((answer.id.as_str(), answer.source.as_str()), ("own", "own"));
    assert_eq!(answer.metadata, [("k".to_owned(), "[1]".to_owned())]);
    assert_eq!(answer.timestamp, u64::MAX);
}

#[test]
fn an_error_travels_with_its_code_and_details() {
    let error = send("fail").unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (wire::ErrorCode::Timeout, "too slow"));
    assert_eq!(error.details.as_deref(), Some(r#"{"after_ms":5}"#));
}

#[test]
fn neuron_and_tools_share_one_instance() {
    for _ in 0..3 {
        send("count").unwrap();
    }
    assert_eq!(<Exported<Full> as tools::Guest>::execute("calls".into(), "{}".into()).unwrap(), "3");
}

#[test]
fn a_call_within_a_call_is_an_error_and_no_panic() {
    assert!(send("again").unwrap()[0].content.contains("while another call of it was running"));
}

#[test]
fn what_the_macro_is_not_told_comes_from_cargo() {
    let plugin = <Bare as Instance>::PLUGIN;
    assert_eq!((plugin.name, plugin.version), ("hal9-plugin-sdk", env!("CARGO_PKG_VERSION")));
    assert_eq!((plugin.author, plugin.license), ("unknown", "MIT OR Apache-2.0"));
    assert_eq!(<Full as Instance>::PLUGIN.version, "3.2.1");
}

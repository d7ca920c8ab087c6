//! The smallest useful plugin: a neuron and a tool that answer with what they were sent.

use hal9_plugin_sdk::prelude::*;

#[derive(Default)]
pub struct Echo;

hal9_plugin!(Echo, id: "0e0c3a52-7d1f-4b8e-9a36-5f2d8c41b7e0", tags: &["example"], max_memory_mb: Some(8));
neuron_plugin!(Echo, layer: Layer::L2, neuron_type: "echo", description: "Answers a signal with the same signal");
tool_plugin!(Echo, tools: &[
    Tool::new("echo", "Answers with the text it was given.", &[Parameter::string("text", "The text.")]),
]);

#[derive(Serialize, Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Text {
    text: String,
}

impl Neuron for Echo {
    fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
        Ok(vec![Signal { source: String::new(), ..signal }])
    }
}

impl ToolProvider for Echo {
    fn execute(&mut self, _tool: &str, parameters: Json) -> Result<Json> {
        Json::of(&parameters.parse::<Text>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::testing::call_tool;

    #[test]
    fn a_signal_comes_back_with_its_content_and_metadata() {
        let sent = Signal::text(Layer::L2, "hello").with_id("7").with_metadata("depth", 3).at(12);
        let answers = Echo.process(sent.clone().with_source("core")).unwrap();
        assert_eq!(answers, [sent]);
    }

    #[test]
    fn the_tool_answers_with_its_text() {
        let answer = call_tool(&mut Echo, "echo", json!({ "text": "\u{1f44b} \"hi\"" })).unwrap();
        assert_eq!(answer, json!({ "text": "\u{1f44b} \"hi\"" }));
    }

    #[test]
    fn a_call_without_text_is_refused() {
        let error = call_tool(&mut Echo, "echo", json!({})).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
}

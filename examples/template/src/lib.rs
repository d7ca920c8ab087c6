use hal9_plugin_sdk::prelude::*;

#[derive(Default)]
pub struct MyPlugin {
    words_so_far: u64,
}

// Choose your own id: `uuidgen` prints one. Name, version, description and the like come from Cargo.toml.
hal9_plugin!(MyPlugin, id: "00000000-0000-4000-8000-000000000001");
neuron_plugin!(MyPlugin, layer: Layer::L2, neuron_type: "word-counter");
tool_plugin!(MyPlugin, tools: &[
    Tool::new("count_words", "How many words a text has.", &[Parameter::string("text", "The text.")]),
]);

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct CountWords {
    text: String,
}

impl Neuron for MyPlugin {
    fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
        self.words_so_far += signal.content.split_whitespace().count() as u64;
        info!("{} words so far", self.words_so_far);
        Ok(vec![signal.answer(self.words_so_far.to_string()).to_layer(Layer::L3)])
    }
}

impl ToolProvider for MyPlugin {
    fn execute(&mut self, _tool: &str, parameters: Json) -> Result<Json> {
        let CountWords { text } = parameters.parse()?;
        Ok(json!({ "words": text.split_whitespace().count() }).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::testing::{FakeHost, call_tool};

    #[test]
    fn words_add_up_from_signal_to_signal() {
        let host = FakeHost::new();
        let mut plugin = MyPlugin::default();
        plugin.process(Signal::text(Layer::L2, "one two")).unwrap();
        assert_eq!(plugin.process(Signal::text(Layer::L2, "three")).unwrap()[0].content, "3");
        assert_eq!(host.log()[1].message, "3 words so far");
    }

    #[test]
    fn the_tool_counts_words() {
        let answer = call_tool(&mut MyPlugin::default(), "count_words", json!({ "text": "a b c" })).unwrap();
        assert_eq!(answer, json!({ "words": 3 }));
    }
}

//! Tells how a text feels about what it says: a neuron for L2 and the tool `analyze_sentiment`.

pub mod analysis;
pub mod lexicon;
mod rules;
mod token;

use hal9_plugin_sdk::prelude::*;

use analysis::{Analysis, DEFAULT_THRESHOLD, Sentiment, analyze};
use lexicon::Lexicon;

/// Longer texts are refused: an answer within the deadline is worth more than an essay's sentiment.
const MAX_CHARACTERS: usize = 50_000;

/// How much evidence a signal carries; the tool's caller says it himself.
const SIGNAL_EVIDENCE: usize = 16;

/// The plugin: the lexicon, what the operator set, and what it has seen.
#[derive(Default)]
pub struct SentimentAnalyzer {
    lexicon: Lexicon,
    settings: Settings,
    seen: Seen,
}

/// What the operator may set.
#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde", default, deny_unknown_fields)]
struct Settings {
    /// From this score on, either way, a text is not neutral: above 0, at most 1.
    threshold: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD }
    }
}

/// How many signals were judged how: the neuron's state.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Seen {
    positive: u64,
    neutral: u64,
    negative: u64,
}

hal9_plugin!(SentimentAnalyzer,
    id: "c1a5be70-94d3-4f6e-8b1c-2e7f60d9a384",
    tags: &["example", "text", "sentiment"],
    max_memory_mb: Some(16),
);

neuron_plugin!(SentimentAnalyzer,
    layer: Layer::L2,
    neuron_type: "sentiment",
    description: "Answers a text with a signal to L3 that says how it feels, with the evidence in its metadata",
);

tool_plugin!(SentimentAnalyzer, tools: &[
    Tool::new(
        "analyze_sentiment",
        "Tells how an English text feels: sentiment, score from -1 to 1, confidence, emotions, and the words that it rests on.",
        &[
            Parameter::string("text", "The text, at most 50,000 characters."),
            Parameter::boolean("evidence", "Whether to list the words that the judgement rests on.").default_json("true"),
            Parameter::integer("max_evidence", "How many of them at most, the weightiest.").default_json("100"),
        ],
    ),
]);

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde", deny_unknown_fields)]
struct AnalyzeSentiment {
    text: String,
    evidence: bool,
    max_evidence: usize,
}

impl SentimentAnalyzer {
    fn judge(&self, text: &str, max_evidence: usize) -> Result<Analysis> {
        let characters = text.chars().count();
        if characters > MAX_CHARACTERS {
            return Err(PluginError::invalid_input(format!(
                "expected a text of at most {MAX_CHARACTERS} characters, found {characters}"
            )));
        }
        let mut analysis = analyze(text, &self.lexicon, self.settings.threshold);
        if analysis.evidence.len() > max_evidence {
            analysis.evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
            analysis.evidence.truncate(max_evidence);
            analysis.evidence.sort_by_key(|evidence| evidence.start);
        }
        Ok(analysis)
    }
}

impl Lifecycle for SentimentAnalyzer {
    fn load(&mut self, context: Context) -> Result<()> {
        self.update_config(context.config)?;
        debug!("{} words and phrases, threshold {}", self.lexicon.len(), self.settings.threshold);
        Ok(())
    }

    fn update_config(&mut self, config: Config) -> Result<()> {
        let settings: Settings = config.parse()?;
        if !(settings.threshold > 0.0 && settings.threshold <= 1.0) {
            return Err(PluginError::config(format!(
                "threshold: expected above 0, at most 1, found {}",
                settings.threshold
            )));
        }
        self.settings = settings;
        Ok(())
    }
}

impl Neuron for SentimentAnalyzer {
    fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
        let analysis = self.judge(&signal.content, SIGNAL_EVIDENCE)?;
        match analysis.sentiment {
            Sentiment::Positive => self.seen.positive += 1,
            Sentiment::Neutral => self.seen.neutral += 1,
            Sentiment::Negative => self.seen.negative += 1,
        }
        let mut answer =
            signal.answer(analysis.sentiment.name()).with_type("sentiment").to_layer(Layer::L3).at(signal.timestamp_ms);
        answer.metadata.insert("sentiment", &analysis.sentiment)?;
        answer.metadata.insert("score", &analysis.score)?;
        answer.metadata.insert("confidence", &analysis.confidence)?;
        answer.metadata.insert("emotions", &analysis.emotions)?;
        answer.metadata.insert("evidence", &analysis.evidence)?;
        Ok(vec![answer])
    }

    fn export_state(&mut self) -> Result<Vec<u8>> {
        Ok(Json::of(&self.seen)?.into_text().into_bytes())
    }

    fn import_state(&mut self, state: Vec<u8>) -> Result<()> {
        self.seen = if state.is_empty() { Seen::default() } else { hal9_plugin_sdk::serde_json::from_slice(&state)? };
        Ok(())
    }
}

impl ToolProvider for SentimentAnalyzer {
    fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json> {
        if tool != "analyze_sentiment" {
            return Err(PluginError::not_implemented(format!("no tool {tool:?} here")));
        }
        let asked: AnalyzeSentiment = parameters.parse()?;
        Json::of(&self.judge(&asked.text, if asked.evidence { asked.max_evidence } else { 0 })?)
    }
}

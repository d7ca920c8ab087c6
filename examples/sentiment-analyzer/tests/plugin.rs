//! The plugin as its callers see it, on the host that the SDK ships for tests.

use hal9_plugin_sdk::prelude::*;
use hal9_plugin_sdk::testing::{FakeHost, call_tool, context};
use sentiment_analyzer::SentimentAnalyzer;

fn analyze(text: &str) -> Value {
    call_tool(&mut SentimentAnalyzer::default(), "analyze_sentiment", json!({ "text": text })).unwrap()
}

fn sentiment(text: &str) -> String {
    analyze(text)["sentiment"].as_str().unwrap().to_owned()
}

fn score(text: &str) -> f64 {
    analyze(text)["score"].as_f64().unwrap()
}

#[test]
fn a_mark_behind_a_word_does_not_hide_it() {
    assert_eq!(sentiment("great!"), "positive");
    assert_eq!(sentiment("\u{201c}Great\u{201d}, she said."), "positive");
}

#[test]
fn a_text_without_any_feeling_has_a_plain_zero() {
    assert_eq!(analyze("The train leaves at noon.")["score"].to_string(), "0.0");
    assert_eq!(analyze("")["score"].to_string(), "0.0");
}

#[test]
fn a_denied_word_is_not_what_it_is_alone() {
    assert_eq!(sentiment("not great"), "negative");
    assert_eq!(sentiment("It isn't very good."), "negative");
    assert_ne!(sentiment("not bad at all"), "negative");
    assert_eq!(sentiment("It is neither good nor bad."), "neutral");
    assert_eq!(sentiment("It never fails to please."), "positive");
    assert_eq!(sentiment("not only useful but fun"), "positive");
}

#[test]
fn a_denial_ends_with_its_clause() {
    assert_eq!(sentiment("It did not rain, and we had a great day."), "positive");
}

#[test]
fn a_denied_comparative_is_a_superlative() {
    assert!(score("I have never been happier.") > score("I am happy."));
}

#[test]
fn strengthening_and_weakening_words_count() {
    assert!(score("extremely good") > score("very good"));
    assert!(score("very good") > score("good"));
    assert!(score("good") > score("somewhat good"));
    assert!(score("good!!!") > score("good"));
    assert!(score("it was GOOD") > score("it was good"));
}

#[test]
fn what_follows_but_outweighs_what_stands_before() {
    assert_eq!(sentiment("The food was good, but the service was bad."), "negative");
    assert_eq!(sentiment("The service was bad, but the food was good."), "positive");
    assert_eq!(sentiment("Although the room was bad, the view was good."), "positive");
}

#[test]
fn pictures_and_lengthened_words_count() {
    assert_eq!(sentiment("see you tomorrow 😊"), "positive");
    assert_eq!(sentiment("monday again :("), "negative");
    assert_eq!(sentiment("sooooo goooood"), "positive");
}

#[test]
fn a_text_without_sentiment_is_neutral() {
    for text in ["", "   ", "The meeting is on Tuesday.", "12 + 4", "\u{1f4a1}"] {
        let found = analyze(text);
        assert_eq!(found["sentiment"], "neutral", "{text}");
        assert_eq!(found["evidence"], json!([]), "{text}");
    }
    assert_eq!(analyze("")["confidence"], 0.0);
}

#[test]
fn the_evidence_says_where_and_why() {
    let text = "Çok: this is not very good 😡";
    let found = analyze(text);
    let evidence = found["evidence"].as_array().unwrap();
    assert_eq!(evidence.len(), 2);
    assert_eq!(evidence[0]["text"], "good");
    assert_eq!(evidence[0]["base"], 2.0);
    assert_eq!(evidence[0]["because"], json!(["strengthened by \"very\"", "negated by \"not\""]));
    let characters: Vec<char> = text.chars().collect();
    for each in evidence {
        let (start, end) = (each["start"].as_u64().unwrap() as usize, each["end"].as_u64().unwrap() as usize);
        assert_eq!(characters[start..end].iter().collect::<String>(), each["text"].as_str().unwrap());
    }
}

#[test]
fn emotions_are_shares_of_the_evidence() {
    let emotions = analyze("I am furious and scared.")["emotions"].clone();
    assert!(emotions["anger"].as_f64().unwrap() > emotions["fear"].as_f64().unwrap());
    let sum: f64 = emotions.as_object().unwrap().values().map(|share| share.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 0.01);
}

#[test]
fn clear_texts_are_judged_with_more_confidence_than_mixed_ones() {
    let confidence = |text: &str| analyze(text)["confidence"].as_f64().unwrap();
    assert!(confidence("A wonderful, delightful, brilliant film.") > confidence("Good, good, good, but bad."));
}

#[test]
fn the_caller_bounds_the_evidence() {
    let mut plugin = SentimentAnalyzer::default();
    let text = "good awful nice superb";
    let few = call_tool(&mut plugin, "analyze_sentiment", json!({ "text": text, "max_evidence": 2 })).unwrap();
    let words: Vec<_> = few["evidence"].as_array().unwrap().iter().map(|each| each["text"].clone()).collect();
    assert_eq!(words, ["awful", "superb"]);
    let none = call_tool(&mut plugin, "analyze_sentiment", json!({ "text": text, "evidence": false })).unwrap();
    assert_eq!(none["evidence"], json!([]));
}

#[test]
fn what_the_tool_cannot_take_is_refused() {
    let mut plugin = SentimentAnalyzer::default();
    for parameters in [
        json!({}),
        json!({ "text": 5 }),
        json!({ "text": "", "max_evidence": -1 }),
        json!({ "text": "a".repeat(50_001) }),
    ] {
        let error = call_tool(&mut plugin, "analyze_sentiment", parameters).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{error}");
    }
}

#[test]
fn the_neuron_answers_the_layer_above() {
    let heard = Signal::text(Layer::L2, "What a lovely day!").with_id("42").at(1_000);
    let answers = SentimentAnalyzer::default().process(heard).unwrap();
    assert_eq!(answers.len(), 1);
    let answer = &answers[0];
    assert_eq!((answer.id.as_str(), answer.signal_type.as_str(), answer.layer), ("42", "sentiment", Layer::L3));
    assert_eq!(answer.content, "positive");
    assert!(answer.metadata.get::<f64>("score").unwrap().unwrap() > 0.5);
    assert_eq!(answer.metadata.get::<Value>("evidence").unwrap().unwrap()[0]["text"], "lovely");
}

#[test]
fn the_state_outlives_an_instance() {
    let mut first = SentimentAnalyzer::default();
    for text in ["good", "good", "bad", "table"] {
        first.process(Signal::text(Layer::L2, text)).unwrap();
    }
    let state = first.export_state().unwrap();
    assert_eq!(state, br#"{"positive":2,"neutral":1,"negative":1}"#);
    let mut second = SentimentAnalyzer::default();
    second.import_state(state.clone()).unwrap();
    assert_eq!(second.export_state().unwrap(), state);
    assert_eq!(second.import_state(b"nonsense".to_vec()).unwrap_err().code, ErrorCode::InvalidInput);
}

#[test]
fn the_operator_sets_the_threshold() {
    let host = FakeHost::new();
    let mut plugin = SentimentAnalyzer::default();
    plugin.load(context(json!({ "threshold": 0.9 }))).unwrap();
    assert!(host.log()[0].message.contains("threshold 0.9"));
    assert_eq!(plugin.process(Signal::text(Layer::L2, "good")).unwrap()[0].content, "neutral");
    for config in [json!({ "threshold": 0 }), json!({ "treshold": 0.5 }), json!({ "threshold": "high" })] {
        assert_eq!(plugin.load(context(config)).unwrap_err().code, ErrorCode::ConfigError);
    }
}

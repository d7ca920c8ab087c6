//! Prints how often the analyzer is right on its evaluation set: `cargo run -p sentiment-analyzer --example accuracy`.
//! With `-- --wrong FILE.tsv` it lists what it gets wrong there.

use std::process::ExitCode;

use sentiment_analyzer::analysis::{DEFAULT_THRESHOLD, analyze};
use sentiment_analyzer::lexicon::Lexicon;

fn main() -> ExitCode {
    let lexicon = Lexicon::new();
    let wrong_in = std::env::args().skip_while(|argument| argument != "--wrong").nth(1);
    for name in ["tuning.tsv", "held-out.tsv"] {
        let path = format!("{}/evaluation/{name}", env!("CARGO_MANIFEST_DIR"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("expected the evaluation set {path}");
            return ExitCode::FAILURE;
        };
        let (mut right, mut all) = (0, 0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((label, sentence)) = line.split_once('\t') else { continue };
            let found = analyze(sentence, &lexicon, DEFAULT_THRESHOLD);
            all += 1;
            if found.sentiment.name() == label {
                right += 1;
            } else if wrong_in.as_deref() == Some(name) {
                println!("{label}: {sentence}\n  {} {:?}", found.score, found.evidence);
            }
        }
        println!("{name}: {right} of {all} right, {:.1} %", 100.0 * f64::from(right) / f64::from(all));
    }
    ExitCode::SUCCESS
}

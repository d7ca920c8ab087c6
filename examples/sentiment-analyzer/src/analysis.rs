//! From tokens to a judgement, with the evidence for it.

use hal9_plugin_sdk::serde::Serialize;
use std::collections::BTreeMap;

use crate::lexicon::{EMOTIONS, Entry, Lexicon};
use crate::rules;
use crate::token::{Kind, Token, tokenize};

/// How a text feels about what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(crate = "hal9_plugin_sdk::serde", rename_all = "lowercase")]
pub enum Sentiment {
    Positive,
    Neutral,
    Negative,
}

impl Sentiment {
    /// `positive`, `neutral` or `negative`.
    pub fn name(self) -> &'static str {
        match self {
            Sentiment::Positive => "positive",
            Sentiment::Neutral => "neutral",
            Sentiment::Negative => "negative",
        }
    }
}

/// A word, phrase or picture that the judgement rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
pub struct Evidence {
    /// As it stands in the text.
    pub text: String,
    /// Where it stands, in characters (Unicode code points); `end` is exclusive.
    pub start: usize,
    pub end: usize,
    /// What the lexicon says, -4 to 4.
    pub base: f64,
    /// What it counts here.
    pub weight: f64,
    /// What made the difference, for instance `negated by "not"`.
    pub because: Vec<String>,
}

/// The judgement on a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
pub struct Analysis {
    pub sentiment: Sentiment,
    /// -1 to 1.
    pub score: f64,
    /// 0 to 1: how far strength and agreement of the evidence bear the judgement out.
    pub confidence: f64,
    /// The emotions that the evidence suggests, with their shares; they add up to 1 where there are any.
    pub emotions: BTreeMap<&'static str, f64>,
    pub evidence: Vec<Evidence>,
    /// How many words the text has.
    pub words: usize,
}

/// From this score on, either way, a text is not neutral.
pub const DEFAULT_THRESHOLD: f64 = 0.25;

/// How many words, besides those that strengthen or weaken, a negation reaches over.
const NEGATION_REACH: usize = 4;
const NEGATED_POSITIVE: f64 = -0.75;
/// "Not bad" is weaker praise than "bad" is blame.
const NEGATED_NEGATIVE: f64 = -0.5;
const BEFORE_CONTRAST: f64 = 0.5;
const AFTER_CONTRAST: f64 = 1.5;
const CONCEDED: f64 = 0.5;
const ASKED: f64 = 0.3;
const SHOUTED: f64 = 1.25;
const EXCLAIMED: f64 = 0.1;
/// The score is sum / sqrt(sum² + this): one strong word makes about 0.7.
const SOFTENING: f64 = 12.0;

/// A finding, in the course of the work.
struct Hit {
    first: usize,
    last: usize,
    entry: Entry,
    weight: f64,
    negated: bool,
    because: Vec<String>,
}

/// Judges a text.
pub fn analyze(text: &str, lexicon: &Lexicon, threshold: f64) -> Analysis {
    let tokens = tokenize(text, lexicon);
    let words = tokens.iter().filter(|token| token.kind == Kind::Word).count();
    let all_shouted = tokens.iter().filter(|token| token.kind == Kind::Word).all(|token| token.shouted);
    let mut hits = Vec::new();
    for sentence in sentences(&tokens) {
        hits.extend(judge_sentence(sentence, lexicon, all_shouted));
    }
    let both_ways = hits.len() > 1 && hits.iter().all(|(_, hit)| hit.negated) && spread(&hits);
    let sum: f64 = hits.iter().map(|(_, hit)| hit.weight).sum::<f64>() * if both_ways { 0.2 } else { 1.0 };
    let total: f64 = hits.iter().map(|(_, hit)| hit.weight.abs()).sum();
    let score = sum / (sum * sum + SOFTENING).sqrt();
    let sentiment = match score {
        _ if score >= threshold => Sentiment::Positive,
        _ if score <= -threshold => Sentiment::Negative,
        _ => Sentiment::Neutral,
    };
    Analysis {
        sentiment,
        score: rounded(score),
        confidence: rounded(confidence(sentiment, score, threshold, sum.abs(), total, words)),
        emotions: emotions(hits.iter().map(|(_, hit)| hit)),
        evidence: hits.iter().map(|(sentence, hit)| evidence(text, sentence, hit)).collect(),
        words,
    }
}

/// "Neither good nor bad": everything is denied, in both directions.
fn spread(hits: &[(&[Token], Hit)]) -> bool {
    hits.iter().any(|(_, hit)| hit.weight > 0.0) && hits.iter().any(|(_, hit)| hit.weight < 0.0)
}

/// A sentence ends behind its last mark, or behind the picture that follows it.
fn sentences(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    tokens.chunk_by(|token, next| !ends_sentence(token) || ends_sentence(next) || next.kind == Kind::Picture)
}

fn ends_sentence(token: &Token) -> bool {
    token.kind == Kind::Mark && matches!(token.text.as_str(), "." | "!" | "?" | "\u{2026}" | "\n")
}

fn judge_sentence<'a>(sentence: &'a [Token], lexicon: &Lexicon, all_shouted: bool) -> Vec<(&'a [Token], Hit)> {
    let mut hits = find(sentence, lexicon);
    let last_contrast = (0..sentence.len())
        .rev()
        .find(|&at| rules::contrasts(text_at(sentence, at, -1), &sentence[at].text, text_at(sentence, at, 1)));
    let concedes = (0..sentence.len()).any(|at| rules::concedes(&sentence[at].text, text_at(sentence, at, 1)));
    let exclamations = sentence.iter().filter(|token| token.text == "!").count().min(3);
    let asked = sentence.iter().any(|token| token.text == "?");
    for hit in &mut hits {
        if sentence[hit.first].kind == Kind::Word {
            modify(hit, sentence, all_shouted);
            if let Some(at) = last_contrast {
                let (factor, side) =
                    if hit.first < at { (BEFORE_CONTRAST, "before") } else { (AFTER_CONTRAST, "after") };
                scale(hit, factor, || format!("{side} {:?}", sentence[at].text));
            }
            if let Some(word) = conceded_by(sentence, hit.first) {
                scale(hit, CONCEDED, || format!("conceded by {word:?}"));
            } else if concedes && last_contrast.is_none() {
                scale(hit, AFTER_CONTRAST, || "main clause".into());
            }
        }
        if exclamations > 0 {
            scale(hit, 1.0 + EXCLAIMED * exclamations as f64, || "exclaimed".into());
        }
        if asked {
            scale(hit, ASKED, || "asked, not said".into());
        }
    }
    hits.into_iter().map(|hit| (sentence, hit)).collect()
}

/// Every word, phrase and picture with a weight. A word that only strengthens the next finding is none itself.
fn find(sentence: &[Token], lexicon: &Lexicon) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut at = 0;
    while at < sentence.len() {
        let (length, entry) = entry_at(&sentence[at..], lexicon);
        let strengthens = length == 1
            && rules::strength(&sentence[at].text).is_some()
            && sentence.get(at + 1).is_some_and(|next| {
                next.kind == Kind::Word
                    && entry_at(&sentence[at + 1..], lexicon).1.is_some_and(|entry| entry.weight != 0.0)
            });
        if let Some(entry) = entry.filter(|entry| entry.weight != 0.0 && !strengthens) {
            let (first, last) = (at, at + length - 1);
            hits.push(Hit { first, last, entry, weight: entry.weight, negated: false, because: Vec::new() });
        }
        at += length;
    }
    hits
}

/// What the lexicon says of the phrase, or the word, that begins here; and how many tokens that is.
fn entry_at(tokens: &[Token], lexicon: &Lexicon) -> (usize, Option<Entry>) {
    match tokens[0].kind {
        Kind::Mark => (1, None),
        Kind::Picture => (1, lexicon.get(&tokens[0].text)),
        Kind::Word => {
            let words: Vec<&str> = tokens
                .iter()
                .take(6)
                .take_while(|token| token.kind == Kind::Word)
                .map(|token| token.text.as_str())
                .collect();
            match lexicon.phrase(&words) {
                Some((length, entry)) => (length, Some(entry)),
                None => (1, lexicon.word(words[0])),
            }
        }
    }
}

/// What stands before the finding in its clause: words that strengthen or weaken it, and those that deny it.
fn modify(hit: &mut Hit, sentence: &[Token], all_shouted: bool) {
    if !all_shouted && sentence[hit.first..=hit.last].iter().any(|token| token.shouted) {
        scale(hit, SHOUTED, || "shouted".into());
    }
    let mut negators = Vec::new();
    let mut passed = 0;
    let mut adjacent = true;
    let mut superlative = rules::compares(&sentence[hit.first].text);
    for at in (0..hit.first).rev() {
        let token = &sentence[at];
        let (before, after) = (text_at(sentence, at, -1), text_at(sentence, at, 1));
        if token.kind != Kind::Word || ends_clause(before, &token.text, after) || passed > NEGATION_REACH {
            break;
        }
        let strength = before.and_then(|first| rules::pair_strength(first, &token.text));
        if let Some(factor) = strength.or_else(|| rules::strength(&token.text)) {
            superlative |= matches!(token.text.as_str(), "so" | "more" | "such") && before != Some("not");
            if adjacent {
                scale(hit, factor, || {
                    format!("{} by {:?}", if factor < 1.0 { "weakened" } else { "strengthened" }, token.text)
                });
            }
        } else if rules::negates(&token.text) && !rules::negation_is_idle(before, &token.text, after) {
            // "Neither … nor" is one denial.
            if token.text != "neither" || negators.is_empty() {
                negators.push(at);
            }
            adjacent = false;
        } else {
            adjacent = false;
            passed += 1;
        }
    }
    deny(hit, sentence, &negators, superlative);
}

/// Whether what stands before this word does not reach what follows it.
fn ends_clause(before: Option<&str>, word: &str, after: Option<&str>) -> bool {
    matches!(word, "because" | "although" | "though" | "while" | "if" | "when" | "who" | "which")
        || rules::contrasts(before, word, after)
        || rules::takes_the_denial(word, after)
        || word == "and" && after.is_some_and(rules::begins_clause)
}

fn deny(hit: &mut Hit, sentence: &[Token], negators: &[usize], superlative: bool) {
    let Some(&nearest) = negators.first() else { return };
    let negator = &sentence[nearest].text;
    let enough = sentence[hit.last + 1..].iter().take(3).any(|token| token.text == "enough");
    if enough && rules::denies_ability(negator) {
        return scale(hit, 1.2, || format!("never enough by {negator:?}"));
    }
    if superlative && matches!(negator.as_str(), "never" | "couldn't" | "can't" | "cannot" | "nothing" | "nobody") {
        return scale(hit, 1.2, || format!("more than ever by {negator:?}"));
    }
    if negators.len().is_multiple_of(2) {
        return hit.because.push("denied twice".into());
    }
    let factor = if hit.weight > 0.0 { NEGATED_POSITIVE } else { NEGATED_NEGATIVE };
    scale(hit, factor, || format!("negated by {negator:?}"));
    hit.negated = true;
    let at_all = text_at(sentence, hit.last, 1) == Some("at") && text_at(sentence, hit.last, 2) == Some("all");
    if at_all {
        scale(hit, 1.3, || "strengthened by \"at all\"".into());
    }
}

/// The word that began a clause in which this finding stands, and which ended before the main one.
fn conceded_by(sentence: &[Token], at: usize) -> Option<&str> {
    let from = sentence[..at].iter().rposition(|token| token.kind == Kind::Mark).map_or(0, |mark| mark + 1);
    (from..at)
        .find(|&index| rules::concedes(&sentence[index].text, text_at(sentence, index, 1)))
        .map(|index| sentence[index].text.as_str())
}

fn text_at(sentence: &[Token], at: usize, step: isize) -> Option<&str> {
    Some(sentence.get(at.checked_add_signed(step)?)?.text.as_str())
}

fn scale(hit: &mut Hit, factor: f64, why: impl FnOnce() -> String) {
    hit.weight *= factor;
    hit.because.push(why());
}

/// Strength and agreement for a judgement; distance from one for a neutral text.
fn confidence(sentiment: Sentiment, score: f64, threshold: f64, sum: f64, total: f64, words: usize) -> f64 {
    match sentiment {
        Sentiment::Neutral if words == 0 => 0.0,
        Sentiment::Neutral if total == 0.0 => 0.6,
        Sentiment::Neutral => 0.3 + 0.3 * (1.0 - score.abs() / threshold.max(f64::EPSILON)),
        _ => 0.4 + 0.6 * score.abs() * (sum / total).min(1.0),
    }
}

/// A denied emotion is not there; denied joy is taken for half as much sadness.
fn emotions<'a>(hits: impl Iterator<Item = &'a Hit>) -> BTreeMap<&'static str, f64> {
    let mut sums = BTreeMap::new();
    for hit in hits {
        for (index, name) in EMOTIONS.into_iter().enumerate().filter(|(index, _)| hit.entry.emotions >> index & 1 == 1)
        {
            match (hit.negated, index) {
                (false, _) => *sums.entry(name).or_insert(0.0) += hit.weight.abs(),
                (true, 0) => *sums.entry("sadness").or_insert(0.0) += hit.weight.abs() / 2.0,
                (true, _) => {}
            }
        }
    }
    let total: f64 = sums.values().sum();
    sums.into_iter().map(|(name, sum)| (name, rounded(sum / total))).collect()
}

fn evidence(text: &str, sentence: &[Token], hit: &Hit) -> Evidence {
    let (start, end) = (sentence[hit.first].start, sentence[hit.last].end);
    Evidence {
        text: text.chars().skip(start).take(end - start).collect(),
        start,
        end,
        base: hit.entry.weight,
        weight: rounded(hit.weight),
        because: hit.because.clone(),
    }
}

/// Three decimals are more than the method knows. Zero is never negative, as the sum of no weights is.
fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0 + 0.0
}

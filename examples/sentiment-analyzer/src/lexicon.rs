//! The weighted words, and how an inflected form finds its word.

const SOURCE: &str = include_str!("lexicon.txt");

/// What a text may feel besides its sentiment.
pub const EMOTIONS: [&str; 8] = ["joy", "trust", "anticipation", "surprise", "sadness", "fear", "anger", "disgust"];

/// What the lexicon knows of a word or phrase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// -4 to 4; 0 where a word is known to mean nothing.
    pub weight: f64,
    /// One bit for each of [`EMOTIONS`].
    pub emotions: u8,
}

/// Words and phrases, sorted; phrases have `_` between their words.
pub struct Lexicon(Vec<(&'static str, Entry)>);

impl Default for Lexicon {
    fn default() -> Self {
        Self::new()
    }
}

impl Lexicon {
    /// Reads the lexicon that was compiled in.
    pub fn new() -> Self {
        let mut entries = Vec::new();
        let mut group = Entry { weight: 0.0, emotions: 0 };
        for line in SOURCE.lines() {
            if let Some(header) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                group = read_group(header);
            } else if !line.starts_with('#') {
                entries.extend(line.split_ascii_whitespace().map(|word| (word, group)));
            }
        }
        entries.sort_unstable_by_key(|(word, _)| *word);
        Self(entries)
    }

    /// The entry of exactly this word, or phrase with `_`.
    pub fn get(&self, word: &str) -> Option<Entry> {
        let index = self.0.binary_search_by_key(&word, |(known, _)| *known).ok()?;
        Some(self.0[index].1)
    }

    /// The entry of the longest phrase with which `words` begins, and how many words it has. At least two.
    pub fn phrase(&self, words: &[&str]) -> Option<(usize, Entry)> {
        let first = *words.first()?;
        let from = self.0.partition_point(|(known, _)| *known < first);
        let mut best = None;
        for (known, entry) in self.0[from..].iter().take_while(|(known, _)| known.starts_with(first)) {
            let length = known.split('_').count();
            let longer = best.is_none_or(|(found, _)| length > found);
            if length > 1 && longer && length <= words.len() && known.split('_').eq(words[..length].iter().copied()) {
                best = Some((length, *entry));
            }
        }
        best
    }

    /// The entry of a word, of what it is an inflected form of, or of what it is without lengthened letters.
    pub fn word(&self, word: &str) -> Option<Entry> {
        if let Some(entry) = self.inflected(word) {
            return Some(entry);
        }
        [2, 1]
            .into_iter()
            .map(|keep| shorten_runs(word, keep))
            .filter(|short| short != word)
            .find_map(|s| self.inflected(&s))
    }

    fn inflected(&self, word: &str) -> Option<Entry> {
        self.get(word).or_else(|| stems(word).iter().find_map(|stem| self.get(stem)))
    }

    /// How many words and phrases there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `-3 anger disgust`: a weight, and emotions.
fn read_group(header: &str) -> Entry {
    let mut parts = header.split_ascii_whitespace();
    let weight = parts.next().and_then(|part| part.parse().ok()).expect("lexicon.txt: a group begins with its weight");
    let emotions = parts.fold(0, |mask, name| {
        let index =
            EMOTIONS.iter().position(|emotion| *emotion == name).expect("lexicon.txt: an emotion that is not known");
        mask | 1 << index
    });
    Entry { weight, emotions }
}

/// What the word may be a form of, the likeliest first.
fn stems(word: &str) -> Vec<String> {
    let mut stems = Vec::new();
    let word = word.strip_suffix("'s").map_or(word, |owner| {
        stems.push(owner.to_owned());
        owner
    });
    for (suffix, endings) in [
        ("iness", &["y"] as &[&str]),
        ("ness", &[""]),
        ("ily", &["y"]),
        ("bly", &["ble"]),
        ("ly", &["", "le"]),
        ("ies", &["y"]),
        ("es", &["", "e"]),
        ("s", &[""]),
        ("ied", &["y"]),
        ("ed", &["", "e"]),
        ("ing", &["", "e"]),
        ("ier", &["y"]),
        ("iest", &["y"]),
        ("er", &["", "e"]),
        ("est", &["", "e"]),
    ] {
        let Some(stem) = word.strip_suffix(suffix) else { continue };
        if stem.chars().count() < 3 {
            continue;
        }
        stems.extend(endings.iter().map(|ending| format!("{stem}{ending}")));
        if let Some(single) = without_doubled_consonant(stem) {
            stems.push(single.to_owned());
        }
    }
    stems
}

/// `stopp` of `stopped` is `stop`.
fn without_doubled_consonant(stem: &str) -> Option<&str> {
    let bytes = stem.as_bytes();
    let [.., before, last] = bytes else { return None };
    (before == last && last.is_ascii_lowercase() && !b"aeiouls".contains(last)).then(|| &stem[..stem.len() - 1])
}

/// Runs of three and more of the same letter, cut to `keep`.
fn shorten_runs(word: &str, keep: usize) -> String {
    let letters: Vec<char> = word.chars().collect();
    letters.chunk_by(|a, b| a == b).flat_map(|run| &run[..if run.len() >= 3 { keep } else { run.len() }]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_once() {
        let lexicon = Lexicon::new();
        assert!(lexicon.len() > 1_000, "{}", lexicon.len());
        let repeated: Vec<_> =
            lexicon.0.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect();
        assert!(repeated.is_empty(), "{repeated:?}");
    }

    #[test]
    fn inflected_and_lengthened_forms_find_their_word() {
        let lexicon = Lexicon::new();
        for (form, word) in
            [("charms", "charm"), ("gooood", "good"), ("cosiness", "cosy"), ("noisier", "noisy"), ("ruining", "ruin")]
        {
            assert_eq!(lexicon.word(form), lexicon.get(word), "{form}");
        }
        assert_eq!(lexicon.word("table"), None);
    }

    #[test]
    fn the_longest_phrase_counts() {
        let lexicon = Lexicon::new();
        let (length, entry) = lexicon.phrase(&["waste", "of", "time", "and"]).unwrap();
        assert_eq!((length, entry.weight), (3, -4.0));
        assert!(lexicon.phrase(&["waste", "bin"]).is_none());
    }
}

//! Splits a text into words, marks and pictures, each with its place.

use crate::lexicon::Lexicon;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters and digits, with apostrophes between them.
    Word,
    /// A sentiment written as a picture: an emoji or an emoticon.
    Picture,
    /// One of `. ! ? , ; : … -` and the like; a line break counts as a full stop.
    Mark,
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub kind: Kind,
    /// In lower case, with straight apostrophes.
    pub text: String,
    /// Where it stands, in characters (Unicode code points); `end` is exclusive.
    pub start: usize,
    pub end: usize,
    /// A word of two letters or more, all of them capitals.
    pub shouted: bool,
}

/// The tokens of a text, in their order. Spaces, and signs that mean nothing here, are left out.
pub fn tokenize(text: &str, lexicon: &Lexicon) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if let Some(length) = emoticon_at(&characters, at, lexicon) {
            tokens.push(token(Kind::Picture, &characters, at, at + length));
            at += length;
        } else if is_word(characters[at]) {
            let end = word_end(&characters, at);
            tokens.push(token(Kind::Word, &characters, at, end));
            at = end;
        } else {
            if let Some(kind) = sign(characters[at], lexicon) {
                tokens.push(token(kind, &characters, at, at + 1));
            }
            at += 1;
        }
    }
    tokens
}

fn sign(character: char, lexicon: &Lexicon) -> Option<Kind> {
    match character {
        '.' | '!' | '?' | ',' | ';' | ':' | '\u{2026}' | '\u{2013}' | '\u{2014}' | '(' | ')' | '\n' => Some(Kind::Mark),
        _ if !character.is_ascii() && lexicon.get(character.encode_utf8(&mut [0; 4])).is_some() => Some(Kind::Picture),
        _ => None,
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric()
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}')
}

/// A word goes on over an apostrophe that has a letter on its other side.
fn word_end(characters: &[char], start: usize) -> usize {
    let mut end = start + 1;
    while let Some(&character) = characters.get(end) {
        let inside = is_apostrophe(character) && characters.get(end + 1).is_some_and(|&next| is_word(next));
        if !is_word(character) && !inside {
            break;
        }
        end += 1;
    }
    end
}

const MAX_EMOTICON: usize = 4;

/// The length of the longest emoticon that begins here. One that could be part of something else, as the `:/` of a
/// link or the `:d` of a time, must stand alone.
fn emoticon_at(characters: &[char], at: usize, lexicon: &Lexicon) -> Option<usize> {
    if !matches!(characters[at], ':' | ';' | '=' | '<' | '>' | '^' | 'x' | 'X') {
        return None;
    }
    let before = at.checked_sub(1).map(|index| characters[index]);
    for length in (2..=MAX_EMOTICON.min(characters.len() - at)).rev() {
        let found: String = characters[at..at + length].iter().flat_map(|character| character.to_lowercase()).collect();
        if lexicon.get(&found).is_none() || found.chars().all(is_word) && found != "xd" {
            continue;
        }
        let after = characters.get(at + length);
        let alone = !before.is_some_and(is_word) && !after.is_some_and(|&next| is_word(next) || next == '/');
        if alone || found.ends_with([')', '(']) {
            return Some(length);
        }
    }
    None
}

fn token(kind: Kind, characters: &[char], start: usize, end: usize) -> Token {
    let original = &characters[start..end];
    let letters = original.iter().filter(|character| character.is_alphabetic());
    Token {
        kind,
        text: original
            .iter()
            .flat_map(|&character| if is_apostrophe(character) { '\'' } else { character }.to_lowercase())
            .collect(),
        start,
        end,
        shouted: kind == Kind::Word
            && letters.clone().count() >= 2
            && letters.clone().all(|letter| letter.is_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokenize(text, &Lexicon::new()).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn a_word_is_told_from_the_mark_behind_it() {
        assert_eq!(texts("That's great!!"), ["that's", "great", "!", "!"]);
        assert_eq!(texts("top-notch, \u{201c}really\u{201d}"), ["top", "notch", ",", "really"]);
        assert_eq!(texts("don\u{2019}t"), ["don't"]);
    }

    #[test]
    fn offsets_count_characters() {
        let tokens = tokenize("Ça, 😊 ÜBER!", &Lexicon::new());
        let places: Vec<_> = tokens.iter().map(|token| (token.start, token.end)).collect();
        assert_eq!(places, [(0, 2), (2, 3), (4, 5), (6, 10), (10, 11)]);
        assert_eq!(tokens[2].kind, Kind::Picture);
        assert!(tokens[3].shouted && !tokens[0].shouted);
    }

    #[test]
    fn emoticons_are_found_and_links_and_times_are_not_taken_for_them() {
        assert_eq!(texts("day:) bye :-("), ["day", ":)", "bye", ":-("]);
        assert!(
            !tokenize("see http://a.example at 7:D2", &Lexicon::new()).iter().any(|token| token.kind == Kind::Picture)
        );
    }
}

//! Words that change what other words mean.

/// How much a word before a sentiment strengthens (above 1) or weakens it, or none.
pub fn strength(word: &str) -> Option<f64> {
    Some(match word {
        "extremely" | "absolutely" | "incredibly" | "unbelievably" | "utterly" | "insanely" | "exceptionally" => 1.6,
        "completely" | "totally" | "entirely" | "thoroughly" | "amazingly" | "remarkably" | "terribly" | "awfully" => {
            1.5
        }
        "truly" | "deeply" | "highly" | "super" | "especially" | "particularly" | "seriously" | "ridiculously" => 1.4,
        "very" | "really" | "so" | "such" | "too" | "much" | "way" | "damn" | "surprisingly" | "far" | "more"
        | "most" => 1.3,
        "quite" | "pretty" | "always" | "even" | "just" => 1.1,
        "fairly" | "rather" | "relatively" => 0.85,
        "almost" | "nearly" | "moderately" | "kinda" | "sorta" => 0.75,
        "somewhat" | "mildly" | "bit" | "little" | "partly" => 0.6,
        "slightly" | "marginally" => 0.5,
        _ => return None,
    })
}

/// Two words that do so together.
pub fn pair_strength(first: &str, second: &str) -> Option<f64> {
    matches!((first, second), ("kind", "of") | ("sort", "of")).then_some(0.7)
}

/// Whether a word turns what follows into its opposite.
pub fn negates(word: &str) -> bool {
    word.ends_with("n't")
        || matches!(
            word,
            "not"
                | "no"
                | "never"
                | "neither"
                | "nor"
                | "nobody"
                | "none"
                | "nothing"
                | "nowhere"
                | "without"
                | "cannot"
                | "hardly"
                | "barely"
                | "scarcely"
                | "rarely"
                | "seldom"
                | "less"
                | "cant"
                | "dont"
                | "wont"
                | "isnt"
                | "doesnt"
                | "didnt"
                | "wasnt"
                | "werent"
                | "arent"
                | "wouldnt"
                | "couldnt"
                | "shouldnt"
                | "aint"
                | "hasnt"
                | "havent"
                | "hadnt"
        )
}

/// Whether a negating word means something else here, by what stands before and behind it: "not only", "nothing but",
/// "hard not to", "no doubt".
pub fn negation_is_idle(before: Option<&str>, word: &str, after: Option<&str>) -> bool {
    match (word, after) {
        ("not", Some("only" | "just" | "merely" | "to")) => after != Some("to") || before == Some("hard"),
        ("nothing", Some("but" | "short")) | ("no", Some("doubt" | "wonder" | "matter")) => true,
        _ => false,
    }
}

/// Whether what follows outweighs what stands before, in the same sentence.
pub fn contrasts(before: Option<&str>, word: &str, after: Option<&str>) -> bool {
    match word {
        "but" => {
            !matches!(before, Some("nothing" | "anything" | "everything" | "all" | "help")) && after != Some("also")
        }
        "however" | "nevertheless" | "nonetheless" => true,
        "yet" => before.is_some_and(|mark| mark == "," || mark == ";"),
        _ => false,
    }
}

/// Whether a word begins a clause that gives way to the main one.
pub fn concedes(word: &str, after: Option<&str>) -> bool {
    matches!(word, "although" | "though" | "despite" | "notwithstanding") || word == "spite" && after == Some("of")
}

/// Whether a word is a comparative: denied, it is a superlative ("couldn't be happier").
pub fn compares(word: &str) -> bool {
    matches!(word, "better" | "worse" | "more") || word.ends_with("ier") || word.ends_with("er") && word.len() > 5
}

/// Whether a word makes a superlative of what it denies where "enough" follows: "can't recommend it enough".
pub fn denies_ability(word: &str) -> bool {
    matches!(word, "can't" | "cannot" | "cant" | "couldn't" | "couldnt")
}

/// Whether a denial ends with this word: "never fails to please".
pub fn takes_the_denial(word: &str, after: Option<&str>) -> bool {
    matches!(word, "fail" | "fails" | "failed" | "failing") && after == Some("to")
}

/// Whether a word begins a clause with a subject of its own, where "and" stands before it.
pub fn begins_clause(word: &str) -> bool {
    matches!(word, "i" | "we" | "you" | "he" | "she" | "it" | "they" | "this" | "that" | "the" | "there")
}

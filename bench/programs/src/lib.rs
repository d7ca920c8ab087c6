//! Programs to measure metering with. Each takes a size and answers a checksum of what it computed.

use std::fmt::Write as _;

mod kernels;
mod libraries;

/// Random numbers that are the same everywhere (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A text of about `words` words, with some structure of Markdown.
pub(crate) fn text(words: u32) -> String {
    let mut random = Random(7);
    let mut text = String::new();
    for word in 0..words {
        let number = random.next();
        match number % 23 {
            0 => text.push_str("\n\n## "),
            1 => text.push_str("\n\n- "),
            2 => write!(text, "**{}** ", number % 1000).unwrap(),
            3 => text.push_str("`code` "),
            4 => write!(text, "[link](https://example.org/{word}) ").unwrap(),
            5 => text.push_str("\n\n"),
            _ => {}
        }
        for _ in 0..(2 + number % 7) {
            text.push(char::from(b'a' + (random.next() % 26) as u8));
        }
        text.push(' ');
    }
    text
}

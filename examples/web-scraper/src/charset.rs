//! In which encoding a page is written. Source: HTML standard, section 13.2.3, "Determining the character encoding".

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// What of a page is searched for the name of its encoding.
const PRESCANNED_BYTES: usize = 1_024;

/// A byte order mark wins, then what the server says, then what the page says; else it is UTF-8 if it can be.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> String {
    let named = content_type.and_then(charset_of).or_else(|| named_within(bytes));
    let encoding = named.unwrap_or(if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 });
    // This looks at the byte order mark first.
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// `charset=NAME`, with or without quotes, in a header's value or a tag.
fn charset_of(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("charset")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let end = rest.find(['"', '\'', ';', ' ', '/', '>']).unwrap_or(rest.len());
    Encoding::for_label(&rest.as_bytes()[..end])
}

fn named_within(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(PRESCANNED_BYTES)]);
    start.split('<').filter(|tag| tag.len() > 4 && tag.as_bytes()[..4].eq_ignore_ascii_case(b"meta")).find_map(|tag| {
        let tag = tag.split('>').next().unwrap_or_default();
        charset_of(tag)
    })
}

use crate::{checksum, text};
use sha2::Digest;

/// Hashes `size` KiB with SHA-256.
#[unsafe(no_mangle)]
pub extern "C" fn sha256(size: u32) -> u64 {
    let mut hasher = sha2::Sha256::new();
    let block = [7u8; 1024];
    for _ in 0..size {
        hasher.update(block);
    }
    checksum(&hasher.finalize())
}

/// Packs and unpacks a text of `size` words.
#[unsafe(no_mangle)]
pub extern "C" fn deflate(size: u32) -> u64 {
    let text = text(size);
    let packed = miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 6);
    let unpacked = miniz_oxide::inflate::decompress_to_vec(&packed).expect("what was packed unpacks");
    assert!(unpacked == text.as_bytes());
    checksum(&packed)
}

/// Renders Markdown of `size` words.
#[unsafe(no_mangle)]
pub extern "C" fn markdown(size: u32) -> u64 {
    let text = text(size);
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(&text));
    checksum(html.as_bytes())
}

/// Parses and prints JSON with `size` objects.
#[unsafe(no_mangle)]
pub extern "C" fn json(size: u32) -> u64 {
    let objects: Vec<_> = (0..size)
        .map(|number| serde_json::json!({"id": number, "name": format!("object {number}"), "tags": ["a", "b", number], "ratio": f64::from(number) / 7.0}))
        .collect();
    let printed = serde_json::to_string(&objects).expect("it prints");
    let parsed: serde_json::Value = serde_json::from_str(&printed).expect("it parses");
    checksum(parsed.to_string().as_bytes())
}

/// Searches a text of `size` words for patterns.
#[unsafe(no_mangle)]
pub extern "C" fn regex(size: u32) -> u64 {
    let text = text(size);
    let pattern = regex_lite::Regex::new(r"(?i)\b[a-f]+([0-9]*)[g-z]{2,4}\b|https?://[a-z.]+/\d+").expect("it compiles");
    pattern.find_iter(&text).fold(0, |sum, found| sum ^ checksum(found.as_str().as_bytes()).rotate_left(found.start() as u32 & 63))
}

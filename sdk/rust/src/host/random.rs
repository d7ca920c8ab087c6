//! Random numbers. Without the permission `SystemRandom` they come from a stream that is seeded per instance.

use super::imports::random;

/// What the host gives in one call.
const MAX_BYTES_PER_CALL: usize = 65_536;

/// Random bytes, as many as asked for.
pub fn bytes(length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        bytes.extend(random::bytes((length - bytes.len()).min(MAX_BYTES_PER_CALL) as u32));
    }
    bytes
}

/// 64 random bits.
pub fn next() -> u64 {
    random::next()
}

/// A number from 0 to below 1.
pub fn unit() -> f64 {
    (next() >> 11) as f64 / (1u64 << 53) as f64
}

//! Time. Without the permission `SystemTime` it stands at the start of the call.

use super::imports::clock;

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> u64 {
    clock::now()
}

/// Nanoseconds since an unspecified moment of this instance; never goes back.
pub fn monotonic_ns() -> u64 {
    clock::monotonic()
}

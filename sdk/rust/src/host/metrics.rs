//! The plugin's own metrics. Names and label combinations are bounded; what goes beyond is dropped and counted.

use super::imports::metrics;
use crate::bindings::host::hal9::plugin::metrics::Label;

/// Adds to a counter; negative or non-finite amounts are dropped.
///
/// ```
/// use hal9_plugin_sdk::{metrics, testing::FakeHost};
///
/// let host = FakeHost::new();
/// metrics::increment("words", 3.0, &[("language", "en")]);
/// assert_eq!(host.counter("words", &[("language", "en")]), 3.0);
/// ```
pub fn increment(name: &str, amount: f64, labels: &[(&str, &str)]) {
    metrics::increment(name, amount, &owned(labels));
}

/// Sets a gauge.
pub fn set(name: &str, value: f64, labels: &[(&str, &str)]) {
    metrics::set(name, value, &owned(labels));
}

/// Puts an observation into a histogram.
pub fn observe(name: &str, value: f64, labels: &[(&str, &str)]) {
    metrics::observe(name, value, &owned(labels));
}

fn owned(labels: &[(&str, &str)]) -> Vec<Label> {
    labels.iter().map(|(name, value)| Label { name: (*name).into(), value: (*value).into() }).collect()
}

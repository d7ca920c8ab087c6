//! Signals that a plugin sends on its own. Wants the permission `Hal9Signal`.

use super::imports::signals;
use crate::error::Result;
use crate::signal::Signal;

/// Sends a signal to an adjacent layer. It is delivered after this call has ended.
///
/// ```
/// use hal9_plugin_sdk::{prelude::*, signals, testing::FakeHost};
///
/// let host = FakeHost::new();
/// signals::emit(Signal::text(Layer::L3, "a heron").with_metadata("certain", true))?;
/// assert_eq!(host.emitted()[0].content, "a heron");
/// # Ok::<(), PluginError>(())
/// ```
///
/// # Errors
/// Those of the host.
pub fn emit(signal: Signal) -> Result<()> {
    Ok(signals::emit(&signal.into())?)
}

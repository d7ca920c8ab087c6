//! Signals that a plugin sends on its own. Wants the permission `Hal9Signal`.

use super::imports::signals;
use crate::error::Result;
use crate::signal::Signal;

/// Sends a signal to an adjacent layer. It is delivered after this call has ended.
///
/// # Errors
/// Those of the host.
pub fn emit(signal: Signal) -> Result<()> {
    Ok(signals::emit(&signal.into())?)
}

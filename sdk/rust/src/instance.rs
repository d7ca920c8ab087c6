//! The one value of the author's type that lives in an instance.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::host::hal9::plugin::types::PluginError as WireError;
use crate::declaration::Plugin;
use crate::error::{PluginError, Result};
use crate::lifecycle::Hooks;

/// What `hal9_plugin!` implements for the author's type.
pub trait Instance: Default + 'static {
    /// What the macro was told.
    const PLUGIN: Plugin;

    /// Runs `work` with the slot in which this thread keeps its instance.
    fn with_slot<R>(work: impl FnOnce(&RefCell<Option<Self>>) -> R) -> R;

    /// The lifecycle functions.
    fn hooks() -> Hooks<Self>;
}

/// Stands for the author's type where the contract wants an implementation: the exported functions hang on it.
pub struct Exported<P>(PhantomData<P>);

impl<P: Instance> Exported<P> {
    /// Runs `work` on the instance, which the first call makes.
    ///
    /// # Errors
    /// What `work` answers; `INTERNAL_ERROR` when the host calls into a call that has not ended, which the contract
    /// rules out.
    pub(crate) fn call<R>(work: impl FnOnce(&mut P) -> Result<R>) -> Result<R, WireError> {
        let outcome = P::with_slot(|slot| match slot.try_borrow_mut() {
            Ok(mut plugin) => work(plugin.get_or_insert_with(start)),
            Err(_) => Err(PluginError::internal("the plugin was called while another call of it was running")),
        });
        outcome.map_err(WireError::from)
    }
}

fn start<P: Default>() -> P {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    std::panic::set_hook(Box::new(|panic| {
        // Without WASI, standard error leads nowhere; the message would be lost with the trap.
        crate::log::write(crate::log::Level::Error, &panic.to_string());
    }));
    P::default()
}

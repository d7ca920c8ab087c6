//! What the host offers to a plugin.
//!
//! On a WebAssembly target the functions lead to the contract's imports; a module imports those alone that its plugin
//! uses. On any other target they lead to the fake host of [`crate::testing`].

pub mod clock;
pub mod config;
pub mod files;
pub mod http;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod plugins;
pub mod random;
pub mod signals;

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::host::hal9::plugin as imports;
#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::imports;

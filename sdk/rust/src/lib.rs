//! Write HAL9 plugins in Rust.
//!
//! A plugin is a type with the traits of what it offers, and a macro for each:
//!
//! ```
//! use hal9_plugin_sdk::prelude::*;
//!
//! #[derive(Default)]
//! struct Shouter;
//!
//! hal9_plugin!(Shouter, id: "5b0d7c1a-2f64-4f0e-8a53-6c1d2e3f4a5b", description: "Says it louder");
//! neuron_plugin!(Shouter, layer: Layer::L2, neuron_type: "shouter");
//!
//! impl Neuron for Shouter {
//!     fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
//!         info!("heard {} bytes", signal.content.len());
//!         Ok(vec![signal.answer(signal.content.to_uppercase())])
//!     }
//! }
//!
//! # fn main() {
//! // Natively, the host is a fake one: tests need no server.
//! let host = hal9_plugin_sdk::testing::FakeHost::new();
//! let answers = Shouter.process(Signal::text(Layer::L2, "hello")).unwrap();
//! assert_eq!(answers[0].content, "HELLO");
//! assert_eq!(host.log()[0].message, "heard 5 bytes");
//! # }
//! ```
//!
//! It is built with `crate-type = ["cdylib", "rlib"]` for `wasm32-wasip1` (or `wasm32-unknown-unknown`, where
//! `println!` vanishes and `SystemTime::now()` traps), and packed with `hal9 plugin pack`, which writes the manifest
//! from what the macros put into the module ([`fragment`]).
//!
//! An instance is one value of the type, made by `Default`, on one thread; what `&mut self` keeps is there in the next
//! call. After a panic the instance is gone, and the server makes a new one.

// The macros and the generated code name this crate from outside; so must its own examples and tests.
extern crate self as hal9_plugin_sdk;

#[doc(hidden)]
pub mod bindings;
mod declaration;
mod error;
pub mod fragment;
mod host;
mod instance;
mod json;
mod lifecycle;
mod macros;
mod neuron;
mod signal;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod tools;

pub use declaration::{Dependency, Destinations, NeuronType, Parameter, Permission, Plugin, Tool};
pub use error::{ErrorCode, PluginError, Result, code_name};
pub use host::{clock, config, files, http, log, memory, metrics, plugins, random, signals};
pub use json::{Config, Json};
pub use lifecycle::{Context, Lifecycle};
pub use neuron::Neuron;
pub use signal::{Layer, Metadata, Signal};
pub use tools::ToolProvider;

pub use serde;
pub use serde_json;

/// Everything that a plugin usually needs.
pub mod prelude {
    pub use crate::serde::{Deserialize, Serialize};
    pub use crate::serde_json::{Value, json};
    pub use crate::{
        Config, Context, Dependency, ErrorCode, Json, Layer, Lifecycle, Metadata, Neuron, Parameter, Permission,
        PluginError, Result, Signal, Tool, ToolProvider,
    };
    pub use crate::{debug, error, hal9_plugin, info, neuron_plugin, tool_plugin, trace, warn};
}

/// For the macros. Nothing here is part of the SDK's interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings;
    pub use crate::fragment::{Fragments, bytes as fragment_bytes, length as fragment_length};
    pub use crate::instance::{Exported, Instance};
    pub use crate::lifecycle::{Hooks, Probe, WithLifecycle, WithoutLifecycle};
    pub use wit_bindgen;

    /// The tools that `tool_plugin!` declared for a type.
    pub trait DeclaredTools {
        /// In the order of the declaration.
        const TOOLS: &'static [crate::Tool];
    }

    /// What `neuron_plugin!` declared for a type.
    pub trait DeclaredNeuron {
        /// Its layer, name and description.
        const NEURON: crate::NeuronType;
    }

    /// Fails to compile, naming the trait, where a plugin does not implement it.
    pub fn assert_neuron<P: Instance + crate::Neuron>() {}

    /// Fails to compile, naming the trait, where a plugin does not implement it.
    pub fn assert_tool_provider<P: Instance + crate::ToolProvider>() {}
}

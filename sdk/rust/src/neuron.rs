//! Neurons: a plugin's part in the hierarchy.

use crate::bindings::host::hal9::plugin::types as shared;
use crate::bindings::neuron::exports::hal9::plugin::neuron as wire;
use crate::error::Result;
use crate::instance::{Exported, Instance};
use crate::signal::Signal;

/// Answers signals. `neuron_plugin!` exports it.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Counter { heard: u64 }
///
/// impl Neuron for Counter {
///     fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
///         self.heard += 1;
///         Ok(vec![signal.answer(format!("{} signals so far", self.heard))])
///     }
/// }
///
/// let mut counter = Counter::default();
/// counter.process(Signal::text(Layer::L1, "one")).unwrap();
/// let answers = counter.process(Signal::text(Layer::L1, "two")).unwrap();
/// assert_eq!(answers[0].content, "2 signals so far");
/// ```
pub trait Neuron {
    /// Answers a signal with zero or more signals, each to the layer that it names.
    fn process(&mut self, signal: Signal) -> Result<Vec<Signal>>;

    /// The state in a form of the plugin's own, for a snapshot or a reload. Empty when it has none.
    fn export_state(&mut self) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Takes over what `export_state` of this or an older version gave.
    fn import_state(&mut self, state: Vec<u8>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}

impl<P: Instance + Neuron> wire::Guest for Exported<P> {
    fn process(signal: shared::Signal) -> Result<Vec<shared::Signal>, shared::PluginError> {
        let id = signal.id.clone();
        let answers = Self::call(|plugin| plugin.process(signal.into()))?;
        Ok(answers.into_iter().map(|answer| complete(answer, &id, P::PLUGIN.name).into()).collect())
    }

    fn export_state() -> Result<Vec<u8>, shared::PluginError> {
        Self::call(P::export_state)
    }

    fn import_state(state: Vec<u8>) -> Result<(), shared::PluginError> {
        Self::call(|plugin| plugin.import_state(state))
    }
}

fn complete(mut answer: Signal, id: &str, plugin_name: &str) -> Signal {
    if answer.id.is_empty() {
        answer.id = id.to_owned();
    }
    if answer.source.is_empty() {
        answer.source = plugin_name.to_owned();
    }
    answer
}

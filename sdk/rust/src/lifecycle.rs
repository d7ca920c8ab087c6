//! What a plugin is told about its own life.

use crate::bindings::host::hal9::plugin::types::PluginError as WireError;
use crate::bindings::lifecycle::exports::hal9::plugin::lifecycle as wire;
use crate::error::Result;
use crate::instance::{Exported, Instance};
use crate::json::Config;

/// What a plugin is told when it is loaded.
#[derive(Debug, Clone)]
pub struct Context {
    /// The id in the plugin's manifest.
    pub plugin_id: String,
    /// The version in the plugin's manifest.
    pub plugin_version: String,
    /// The version of the server.
    pub host_version: String,
    /// The plugin's configuration.
    pub config: Config,
}

/// What happens around a plugin's calls. Implementing it is optional, and so is each of its functions: a plugin that
/// has no use for them leaves the trait out.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Greeter { greeting: String }
///
/// #[derive(Deserialize)]
/// #[serde(crate = "hal9_plugin_sdk::serde")]
/// struct Settings { #[serde(default = "hello")] greeting: String }
/// fn hello() -> String { "Hello".into() }
///
/// impl Lifecycle for Greeter {
///     fn load(&mut self, context: Context) -> Result<()> {
///         self.update_config(context.config)
///     }
///     fn update_config(&mut self, config: Config) -> Result<()> {
///         self.greeting = config.parse::<Settings>()?.greeting;
///         Ok(())
///     }
/// }
///
/// let mut greeter = Greeter::default();
/// greeter.load(hal9_plugin_sdk::testing::context(json!({}))).unwrap();
/// assert_eq!(greeter.greeting, "Hello");
/// ```
pub trait Lifecycle {
    /// The first call an instance gets. An error ends the instance.
    fn load(&mut self, context: Context) -> Result<()> {
        let _ = context;
        Ok(())
    }

    /// The plugin was put into service: calls follow.
    fn activate(&mut self) -> Result<()> {
        Ok(())
    }

    /// The plugin was taken out of service: no call follows until `activate`.
    fn deactivate(&mut self) -> Result<()> {
        Ok(())
    }

    /// The last call. The instance is thrown away whatever it answers.
    fn unload(&mut self) -> Result<()> {
        Ok(())
    }

    /// The operator changed the configuration: the new one, whole.
    fn update_config(&mut self, config: Config) -> Result<()> {
        let _ = config;
        Ok(())
    }
}

/// The lifecycle functions of a plugin, or those that do nothing where it implements none.
pub struct Hooks<P> {
    load: fn(&mut P, Context) -> Result<()>,
    activate: fn(&mut P) -> Result<()>,
    deactivate: fn(&mut P) -> Result<()>,
    unload: fn(&mut P) -> Result<()>,
    update_config: fn(&mut P, Config) -> Result<()>,
}

/// Finds out, for one concrete type, whether it implements [`Lifecycle`]: on `&Probe<P>` the method of
/// [`WithLifecycle`] is found first, and that of [`WithoutLifecycle`], one reference further, only when it is missing.
pub struct Probe<P>(pub std::marker::PhantomData<P>);

/// See [`Probe`].
pub trait WithLifecycle<P> {
    /// The functions of the author's implementation.
    fn hooks(&self) -> Hooks<P>;
}

impl<P: Lifecycle> WithLifecycle<P> for Probe<P> {
    fn hooks(&self) -> Hooks<P> {
        Hooks {
            load: P::load,
            activate: P::activate,
            deactivate: P::deactivate,
            unload: P::unload,
            update_config: P::update_config,
        }
    }
}

/// See [`Probe`].
pub trait WithoutLifecycle<P> {
    /// Functions that do nothing.
    fn hooks(&self) -> Hooks<P>;
}

impl<P> WithoutLifecycle<P> for &Probe<P> {
    fn hooks(&self) -> Hooks<P> {
        Hooks {
            load: |_, _| Ok(()),
            activate: |_| Ok(()),
            deactivate: |_| Ok(()),
            unload: |_| Ok(()),
            update_config: |_, _| Ok(()),
        }
    }
}

impl<P: Instance> wire::Guest for Exported<P> {
    fn load(context: wire::Context) -> Result<(), WireError> {
        let context = Context {
            plugin_id: context.plugin_id,
            plugin_version: context.plugin_version,
            host_version: context.host_version,
            config: Config::from_text(context.config),
        };
        Self::call(|plugin| (P::hooks().load)(plugin, context))
    }

    fn activate() -> Result<(), WireError> {
        Self::call(P::hooks().activate)
    }

    fn deactivate() -> Result<(), WireError> {
        Self::call(P::hooks().deactivate)
    }

    fn unload() -> Result<(), WireError> {
        Self::call(P::hooks().unload)
    }

    fn update_config(config: String) -> Result<(), WireError> {
        Self::call(|plugin| (P::hooks().update_config)(plugin, Config::from_text(config)))
    }
}

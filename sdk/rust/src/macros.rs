//! The macros with which a plugin says what it is and what it offers.

/// Makes a type a plugin: names it, and exports the lifecycle functions.
///
/// The type implements `Default`, which makes the one value that an instance keeps, and [`Lifecycle`](crate::Lifecycle)
/// where it has something to do there. What follows it are the fields of [`Plugin`](crate::Plugin); `id` must be
/// given, the others default to what Cargo.toml says.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Mirror;
///
/// hal9_plugin!(Mirror,
///     id: "b3c2a7de-0f3e-4c6a-9d52-6a1f5a1f0e11",
///     name: "mirror",
///     description: "Sends back what it is sent",
///     permissions: &[Permission::SystemTime],
///     max_memory_mb: Some(8),
/// );
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! hal9_plugin {
    ($plugin:ty $(, $field:ident : $value:expr)* $(,)?) => {
        impl $crate::__private::Instance for $plugin {
            #[allow(clippy::needless_update)]
            const PLUGIN: $crate::Plugin = $crate::Plugin {
                $($field: $value,)*
                ..$crate::Plugin::from_cargo(
                    ::core::env!("CARGO_PKG_NAME"),
                    ::core::env!("CARGO_PKG_VERSION"),
                    ::core::env!("CARGO_PKG_AUTHORS"),
                    ::core::env!("CARGO_PKG_DESCRIPTION"),
                    ::core::env!("CARGO_PKG_LICENSE"),
                    ::core::env!("CARGO_PKG_REPOSITORY"),
                    ::core::env!("CARGO_PKG_HOMEPAGE"),
                )
            };

            fn with_slot<R>(work: impl FnOnce(&::std::cell::RefCell<::core::option::Option<Self>>) -> R) -> R {
                ::std::thread_local! {
                    static SLOT: ::std::cell::RefCell<::core::option::Option<$plugin>> =
                        const { ::std::cell::RefCell::new(::core::option::Option::None) };
                }
                SLOT.with(work)
            }

            fn hooks() -> $crate::__private::Hooks<Self> {
                #[allow(unused_imports)]
                use $crate::__private::{WithLifecycle as _, WithoutLifecycle as _};
                (&$crate::__private::Probe::<$plugin>(::core::marker::PhantomData)).hooks()
            }
        }

        $crate::__fragments!($crate::__private::Fragments::Plugin(
            &<$plugin as $crate::__private::Instance>::PLUGIN
        ));

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$plugin>;
            $crate::__private::bindings::lifecycle::export!(
                Exported with_types_in $crate::__private::bindings::lifecycle
            );
        };
    };
}

/// Exports a plugin's [`Neuron`](crate::Neuron) and declares it: `layer` and `neuron_type`, and a `description`.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Mirror;
///
/// hal9_plugin!(Mirror, id: "b3c2a7de-0f3e-4c6a-9d52-6a1f5a1f0e11", description: "Sends back what it is sent");
/// neuron_plugin!(Mirror, layer: Layer::L2, neuron_type: "mirror", description: "Answers each signal with itself");
///
/// impl Neuron for Mirror {
///     fn process(&mut self, signal: Signal) -> Result<Vec<Signal>> {
///         Ok(vec![signal])
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! neuron_plugin {
    ($plugin:ty $(, $field:ident : $value:expr)* $(,)?) => {
        impl $crate::__private::DeclaredNeuron for $plugin {
            #[allow(clippy::needless_update)]
            const NEURON: $crate::NeuronType =
                $crate::NeuronType { $($field: $value,)* ..$crate::NeuronType::DEFAULT };
        }

        $crate::__fragments!($crate::__private::Fragments::Neuron(
            &<$plugin as $crate::__private::DeclaredNeuron>::NEURON
        ));

        const _: fn() = $crate::__private::assert_neuron::<$plugin>;

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$plugin>;
            $crate::__private::bindings::neuron::export!(
                Exported with_types_in $crate::__private::bindings::neuron
            );
        };
    };
}

/// Exports a plugin's [`ToolProvider`](crate::ToolProvider) and declares its tools.
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// #[derive(Default)]
/// struct Words;
///
/// hal9_plugin!(Words, id: "8d6f2f0a-97a4-4f0c-9c1b-3a9d5d1c7b20", description: "Counts words");
/// tool_plugin!(Words, tools: &[
///     Tool::new("count_words", "How many words a text has.", &[
///         Parameter::string("text", "The text."),
///         Parameter::integer("at_least", "Letters that a word must have.").default_json("1"),
///     ]),
/// ]);
///
/// #[derive(Deserialize)]
/// #[serde(crate = "hal9_plugin_sdk::serde")]
/// struct CountWords { text: String, at_least: usize }
///
/// impl ToolProvider for Words {
///     fn execute(&mut self, _tool: &str, parameters: Json) -> Result<Json> {
///         let CountWords { text, at_least } = parameters.parse()?;
///         let words = text.split_whitespace().filter(|word| word.chars().count() >= at_least).count();
///         Ok(json!({ "words": words }).into())
///     }
/// }
///
/// # fn main() {
/// // As the server does it: parameters checked against the declaration, defaults filled in.
/// let answer = hal9_plugin_sdk::testing::call_tool(&mut Words, "count_words", json!({ "text": "a bc" })).unwrap();
/// assert_eq!(answer, json!({ "words": 2 }));
/// # }
/// ```
#[macro_export]
macro_rules! tool_plugin {
    ($plugin:ty, tools: $tools:expr $(,)?) => {
        impl $crate::__private::DeclaredTools for $plugin {
            const TOOLS: &'static [$crate::Tool] = $tools;
        }

        $crate::__fragments!($crate::__private::Fragments::Tools(<$plugin as $crate::__private::DeclaredTools>::TOOLS));

        const _: fn() = $crate::__private::assert_tool_provider::<$plugin>;

        #[cfg(target_family = "wasm")]
        const _: () = {
            type Exported = $crate::__private::Exported<$plugin>;
            $crate::__private::bindings::tools::export!(
                Exported with_types_in $crate::__private::bindings::tools
            );
        };
    };
}

/// Puts fragments into the module's section. They are computed on every target, so that a wrong value is an error of
/// native builds too.
#[doc(hidden)]
#[macro_export]
macro_rules! __fragments {
    ($fragments:expr) => {
        const _: () = {
            const LENGTH: usize = $crate::__private::fragment_length(&$fragments);
            #[used]
            #[cfg_attr(target_family = "wasm", unsafe(link_section = "hal9:manifest"))]
            static FRAGMENTS: [u8; LENGTH] = $crate::__private::fragment_bytes(&$fragments);
        };
    };
}

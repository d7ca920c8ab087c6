//! What wit-bindgen makes of the contract in `sdk/wit`: one `generate!` for what the host offers, and one for each
//! interface that a plugin may export, so that a plugin exports those it has and no other. All share the types of
//! `host`. Nothing here is meant for an author; the macros of this crate refer to it.

#![allow(missing_docs)]

/// The imports. A function that a plugin does not call is not imported by its module.
pub mod host {
    wit_bindgen::generate!({
        world: "host",
        path: "../wit",
        pub_export_macro: true,
        runtime_path: "::hal9_plugin_sdk::__private::wit_bindgen::rt",
    });
}

pub mod lifecycle {
    wit_bindgen::generate!({
        world: "lifecycle-plugin",
        path: "../wit",
        pub_export_macro: true,
        runtime_path: "::hal9_plugin_sdk::__private::wit_bindgen::rt",
        default_bindings_module: "::hal9_plugin_sdk::__private::bindings::lifecycle",
        with: { "hal9:plugin/types@0.1.0": crate::bindings::host::hal9::plugin::types },
    });
}

pub mod neuron {
    wit_bindgen::generate!({
        world: "neuron-plugin",
        path: "../wit",
        pub_export_macro: true,
        runtime_path: "::hal9_plugin_sdk::__private::wit_bindgen::rt",
        default_bindings_module: "::hal9_plugin_sdk::__private::bindings::neuron",
        with: { "hal9:plugin/types@0.1.0": crate::bindings::host::hal9::plugin::types },
    });
}

pub mod tools {
    wit_bindgen::generate!({
        world: "tools-plugin",
        path: "../wit",
        pub_export_macro: true,
        runtime_path: "::hal9_plugin_sdk::__private::wit_bindgen::rt",
        default_bindings_module: "::hal9_plugin_sdk::__private::bindings::tools",
        with: { "hal9:plugin/types@0.1.0": crate::bindings::host::hal9::plugin::types },
    });
}

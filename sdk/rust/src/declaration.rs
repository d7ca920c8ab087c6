//! What a plugin says about itself: the values that the macros take.

use crate::signal::Layer;

/// Identity and needs of a plugin. `hal9_plugin!` fills in from Cargo.toml what its caller leaves out.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// A UUID in lower case, chosen once and kept over all versions.
    pub id: &'static str,
    /// Default: the package's name in Cargo.toml.
    pub name: &'static str,
    /// Default: the package's version in Cargo.toml.
    pub version: &'static str,
    /// Default: the first of the authors in Cargo.toml, else `unknown`.
    pub author: &'static str,
    /// Default: the description in Cargo.toml.
    pub description: &'static str,
    /// Default: the licence in Cargo.toml, else `unlicensed`.
    pub license: &'static str,
    /// Default: the repository in Cargo.toml. Empty: none.
    pub repository: &'static str,
    /// Default: the homepage in Cargo.toml. Empty: none.
    pub homepage: &'static str,
    /// Words to find the plugin by.
    pub tags: &'static [&'static str],
    /// What the plugin asks for. It gets what the operator grants of it.
    pub permissions: &'static [Permission],
    /// Other plugins that this one calls.
    pub dependencies: &'static [Dependency],
    /// The oldest HAL9 server that will do.
    pub min_hal9_version: &'static str,
    /// How much memory an instance may take, in MiB; the server's default when not given.
    pub max_memory_mb: Option<u32>,
    /// How long a call may take, in milliseconds; the server's default when not given.
    pub max_call_ms: Option<u32>,
    /// Whether a call depends on earlier ones. When not given, the server assumes it of neurons, not of tools alone.
    pub stateful: Option<bool>,
}

impl Plugin {
    /// The values that hold where the macro's caller gives none.
    pub const DEFAULT: Plugin = Plugin {
        id: "",
        name: "",
        version: "",
        author: "",
        description: "",
        license: "",
        repository: "",
        homepage: "",
        tags: &[],
        permissions: &[],
        dependencies: &[],
        min_hal9_version: "0.1.0",
        max_memory_mb: None,
        max_call_ms: None,
        stateful: None,
    };

    /// The values of a Cargo.toml, as the environment of its build has them.
    pub const fn from_cargo(
        name: &'static str,
        version: &'static str,
        authors: &'static str,
        description: &'static str,
        license: &'static str,
        repository: &'static str,
        homepage: &'static str,
    ) -> Plugin {
        let author = if authors.is_empty() { "unknown" } else { first_author(authors) };
        let license = if license.is_empty() { "unlicensed" } else { license };
        Plugin { name, version, author, description, license, repository, homepage, ..Plugin::DEFAULT }
    }
}

/// Cargo joins authors with colons.
const fn first_author(authors: &'static str) -> &'static str {
    let bytes = authors.as_bytes();
    let mut end = 0;
    while end < bytes.len() && bytes[end] != b':' {
        end += 1;
    }
    authors.split_at(end).0
}

/// Something that a plugin asks for.
#[derive(Debug, Clone, Copy)]
pub enum Permission {
    /// HTTP, to any host that the operator grants.
    NetworkHttp,
    /// HTTP, to these hosts.
    NetworkHttpTo(Destinations),
    /// HTTPS, to any host that the operator grants.
    NetworkHttps,
    /// HTTPS, to these hosts.
    NetworkHttpsTo(Destinations),
    /// TCP, to any host that the operator grants.
    NetworkTcp,
    /// TCP, to these hosts.
    NetworkTcpTo(Destinations),
    /// UDP, to any host that the operator grants.
    NetworkUdp,
    /// UDP, to these hosts.
    NetworkUdpTo(Destinations),
    /// To read files below a path.
    FileRead(&'static str),
    /// To change files below a path.
    FileWrite(&'static str),
    /// To make files below a path.
    FileCreate(&'static str),
    /// To see the time pass; without it, the clock stands at the call's start.
    SystemTime,
    /// Real randomness; without it, a stream that is seeded per instance.
    SystemRandom,
    /// To see an environment variable.
    SystemEnv(&'static str),
    /// To send signals of its own.
    Hal9Signal,
    /// To keep keys and values.
    Hal9Memory,
    /// To keep keys and values in the memory of that name, which plugins share: its keys begin with `shared:NAME/`.
    Hal9SharedMemory(&'static str),
    /// To report metrics.
    Hal9Metrics,
    /// To take part in learning.
    Hal9Learning,
    /// To call the tools of the plugin of that id.
    PluginCall(&'static str),
}

/// Where a network permission reaches. Without hosts, any host that the operator grants; without ports, 80 for HTTP, 443 for
/// HTTPS, and any for the others.
#[derive(Debug, Clone, Copy)]
pub struct Destinations {
    /// Host names, patterns such as `*.example.com`, or addresses.
    pub hosts: &'static [&'static str],
    /// Port numbers.
    pub ports: &'static [u16],
}

/// Another plugin that this one needs.
#[derive(Debug, Clone, Copy)]
pub struct Dependency {
    /// The other plugin's id.
    pub plugin_id: &'static str,
    /// A range of versions, such as `^1.2.0`.
    pub version: &'static str,
    /// Whether the plugin does without it.
    pub optional: bool,
}

/// What `neuron_plugin!` declares.
#[derive(Debug, Clone, Copy)]
pub struct NeuronType {
    /// The layer whose signals the neuron takes.
    pub layer: Layer,
    /// A name for what it does, by which callers pick it.
    pub neuron_type: &'static str,
    /// For a person.
    pub description: &'static str,
}

impl NeuronType {
    /// Where the macro's caller gives no description.
    pub const DEFAULT: NeuronType = NeuronType { layer: Layer::L1, neuron_type: "", description: "" };
}

/// A tool, as `tool_plugin!` declares it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Letters, digits, `_`, `.` and `-`.
    pub name: &'static str,
    /// What it does and answers, for a person or a model that chooses tools.
    pub description: &'static str,
    /// The members of its parameter object.
    pub parameters: &'static [Parameter],
}

impl Tool {
    /// Declares a tool.
    pub const fn new(name: &'static str, description: &'static str, parameters: &'static [Parameter]) -> Self {
        Self { name, description, parameters }
    }
}

/// A member of a tool's parameter object.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its key.
    pub name: &'static str,
    /// Its JSON type: `string`, `number`, `integer`, `boolean`, `array` or `object`.
    pub param_type: &'static str,
    /// Whether the caller must give it.
    pub required: bool,
    /// What it means.
    pub description: &'static str,
    /// What the host fills in where the caller gives none: one JSON text.
    pub default: Option<&'static str>,
}

impl Parameter {
    /// A text that must be given.
    pub const fn string(name: &'static str, description: &'static str) -> Self {
        Self::of("string", name, description)
    }

    /// A number that must be given.
    pub const fn number(name: &'static str, description: &'static str) -> Self {
        Self::of("number", name, description)
    }

    /// A whole number that must be given.
    pub const fn integer(name: &'static str, description: &'static str) -> Self {
        Self::of("integer", name, description)
    }

    /// `true` or `false`, which must be given.
    pub const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::of("boolean", name, description)
    }

    /// A list that must be given.
    pub const fn array(name: &'static str, description: &'static str) -> Self {
        Self::of("array", name, description)
    }

    /// An object that must be given.
    pub const fn object(name: &'static str, description: &'static str) -> Self {
        Self::of("object", name, description)
    }

    /// The same, but the caller may leave it out.
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same, but the host fills in this value, one JSON text, where the caller leaves it out.
    pub const fn default_json(mut self, json: &'static str) -> Self {
        self.required = false;
        self.default = Some(json);
        self
    }

    const fn of(param_type: &'static str, name: &'static str, description: &'static str) -> Self {
        Self { name, param_type, required: true, description, default: None }
    }
}

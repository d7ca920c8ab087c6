//! The declarations of a plugin as bytes of the custom section `hal9:manifest`, made while the plugin is compiled.
//!
//! The linker concatenates what the crates put into a section, in an order of its own. So the section is a sequence of
//! fragments, each of which says where it ends, and their order means nothing:
//!
//! | bytes | |
//! |---|---|
//! | 4 | `H9P1`: the plugin itself; `H9C1`: one capability |
//! | 4 | length of what follows, unsigned, little endian |
//! | length | one JSON object in UTF-8 |
//!
//! `H9P1` stands exactly once: the manifest's `metadata` without `capabilities`. `H9C1` stands once for each
//! capability: `{"type": …, "config": {…}}` as in the manifest. The digit is the version of this format.

use crate::declaration::{Destinations, NeuronType, Parameter, Permission, Plugin, Tool};

const PLUGIN: [u8; 4] = *b"H9P1";
const CAPABILITY: [u8; 4] = *b"H9C1";

/// What one macro puts into the section.
pub enum Fragments<'a> {
    /// Of `hal9_plugin!`.
    Plugin(&'a Plugin),
    /// Of `neuron_plugin!`.
    Neuron(&'a NeuronType),
    /// Of `tool_plugin!`: one for each tool.
    Tools(&'a [Tool]),
}

/// How many bytes the fragments take.
pub const fn length(fragments: &Fragments) -> usize {
    let mut writer = Writer::<0>::new();
    writer.fragments(fragments);
    writer.length
}

/// The fragments; `N` must be their length.
pub const fn bytes<const N: usize>(fragments: &Fragments) -> [u8; N] {
    let mut writer = Writer::<N>::new();
    writer.fragments(fragments);
    assert!(writer.length == N);
    writer.bytes
}

/// Writes as far as there is room and counts on: with `N` 0 it counts alone.
struct Writer<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    const fn fragments(&mut self, fragments: &Fragments) {
        match fragments {
            Fragments::Plugin(plugin) => {
                check_plugin(plugin);
                let mut counter = Writer::<0>::new();
                counter.plugin(plugin);
                self.header(PLUGIN, counter.length);
                self.plugin(plugin);
            }
            Fragments::Neuron(neuron) => {
                assert!(!neuron.neuron_type.is_empty(), "neuron_plugin!: neuron_type is missing");
                let mut counter = Writer::<0>::new();
                counter.neuron(neuron);
                self.header(CAPABILITY, counter.length);
                self.neuron(neuron);
            }
            Fragments::Tools(tools) => {
                assert!(!tools.is_empty(), "tool_plugin!: expected at least one tool");
                let mut index = 0;
                while index < tools.len() {
                    check_tool(&tools[index]);
                    let mut counter = Writer::<0>::new();
                    counter.tool(&tools[index]);
                    self.header(CAPABILITY, counter.length);
                    self.tool(&tools[index]);
                    index += 1;
                }
            }
        }
    }

    const fn header(&mut self, kind: [u8; 4], length: usize) {
        let length = (length as u32).to_le_bytes();
        let mut index = 0;
        while index < 4 {
            self.byte(kind[index]);
            index += 1;
        }
        index = 0;
        while index < 4 {
            self.byte(length[index]);
            index += 1;
        }
    }

    const fn plugin(&mut self, plugin: &Plugin) {
        self.raw("{");
        self.first("id", plugin.id);
        self.text("name", plugin.name);
        self.text("version", plugin.version);
        self.text("author", plugin.author);
        self.text("description", plugin.description);
        self.text("license", plugin.license);
        if !plugin.repository.is_empty() {
            self.text("repository", plugin.repository);
        }
        if !plugin.homepage.is_empty() {
            self.text("homepage", plugin.homepage);
        }
        if !plugin.tags.is_empty() {
            self.raw(",\"tags\":");
            self.strings(plugin.tags);
        }
        self.raw(",\"requirements\":{");
        self.first("min_hal9_version", plugin.min_hal9_version);
        if let Some(megabytes) = plugin.max_memory_mb {
            self.raw(",\"max_memory_mb\":");
            self.number(megabytes);
        }
        self.permissions(plugin.permissions);
        self.dependencies(plugin);
        if let Some(stateful) = plugin.stateful {
            self.raw(if stateful { ",\"stateful\":true" } else { ",\"stateful\":false" });
        }
        if let Some(milliseconds) = plugin.max_call_ms {
            self.raw(",\"max_call_ms\":");
            self.number(milliseconds);
        }
        self.raw("}}");
    }

    const fn permissions(&mut self, permissions: &[Permission]) {
        self.raw(",\"required_permissions\":[");
        let mut index = 0;
        while index < permissions.len() {
            if index > 0 {
                self.raw(",");
            }
            self.permission(&permissions[index]);
            index += 1;
        }
        self.raw("]");
    }

    const fn permission(&mut self, permission: &Permission) {
        match permission {
            Permission::NetworkHttp => self.string("NetworkHttp"),
            Permission::NetworkHttps => self.string("NetworkHttps"),
            Permission::NetworkTcp => self.string("NetworkTcp"),
            Permission::NetworkUdp => self.string("NetworkUdp"),
            Permission::SystemTime => self.string("SystemTime"),
            Permission::SystemRandom => self.string("SystemRandom"),
            Permission::Hal9Signal => self.string("Hal9Signal"),
            Permission::Hal9Memory => self.string("Hal9Memory"),
            Permission::Hal9Metrics => self.string("Hal9Metrics"),
            Permission::Hal9Learning => self.string("Hal9Learning"),
            Permission::NetworkHttpTo(to) => self.network("NetworkHttp", to),
            Permission::NetworkHttpsTo(to) => self.network("NetworkHttps", to),
            Permission::NetworkTcpTo(to) => self.network("NetworkTcp", to),
            Permission::NetworkUdpTo(to) => self.network("NetworkUdp", to),
            Permission::FileRead(path) => self.one_key("FileRead", path),
            Permission::FileWrite(path) => self.one_key("FileWrite", path),
            Permission::FileCreate(path) => self.one_key("FileCreate", path),
            Permission::SystemEnv(name) => self.one_key("SystemEnv", name),
            Permission::PluginCall(id) => self.one_key("PluginCall", id),
            Permission::Hal9SharedMemory(name) => self.one_key("Hal9SharedMemory", name),
        }
    }

    const fn network(&mut self, name: &str, to: &Destinations) {
        self.raw("{");
        self.string(name);
        self.raw(":{");
        if !to.hosts.is_empty() {
            self.raw("\"hosts\":");
            self.strings(to.hosts);
        }
        if !to.ports.is_empty() {
            self.raw(if to.hosts.is_empty() { "\"ports\":[" } else { ",\"ports\":[" });
            let mut index = 0;
            while index < to.ports.len() {
                if index > 0 {
                    self.raw(",");
                }
                self.number(to.ports[index] as u32);
                index += 1;
            }
            self.raw("]");
        }
        self.raw("}}");
    }

    const fn one_key(&mut self, name: &str, value: &str) {
        self.raw("{");
        self.first(name, value);
        self.raw("}");
    }

    const fn dependencies(&mut self, plugin: &Plugin) {
        self.raw(",\"dependencies\":[");
        let mut index = 0;
        while index < plugin.dependencies.len() {
            let dependency = &plugin.dependencies[index];
            self.raw(if index > 0 { ",{" } else { "{" });
            self.first("plugin_id", dependency.plugin_id);
            self.text("version", dependency.version);
            self.raw(if dependency.optional { ",\"optional\":true}" } else { ",\"optional\":false}" });
            index += 1;
        }
        self.raw("]");
    }

    const fn neuron(&mut self, neuron: &NeuronType) {
        self.raw("{\"type\":\"NeuronType\",\"config\":{");
        self.first("layer", neuron.layer.name());
        self.text("neuron_type", neuron.neuron_type);
        self.text("description", neuron.description);
        self.raw("}}");
    }

    const fn tool(&mut self, tool: &Tool) {
        self.raw("{\"type\":\"ToolProvider\",\"config\":{");
        self.first("tool_name", tool.name);
        self.text("tool_description", tool.description);
        self.raw(",\"parameters\":[");
        let mut index = 0;
        while index < tool.parameters.len() {
            if index > 0 {
                self.raw(",");
            }
            self.parameter(&tool.parameters[index]);
            index += 1;
        }
        self.raw("]}}");
    }

    const fn parameter(&mut self, parameter: &Parameter) {
        self.raw("{");
        self.first("name", parameter.name);
        self.text("param_type", parameter.param_type);
        self.raw(if parameter.required { ",\"required\":true" } else { ",\"required\":false" });
        self.text("description", parameter.description);
        if let Some(json) = parameter.default {
            self.raw(",\"default\":");
            self.raw(json);
        }
        self.raw("}");
    }

    const fn text(&mut self, key: &str, value: &str) {
        self.raw(",");
        self.first(key, value);
    }

    const fn first(&mut self, key: &str, value: &str) {
        self.string(key);
        self.raw(":");
        self.string(value);
    }

    const fn strings(&mut self, values: &[&str]) {
        self.raw("[");
        let mut index = 0;
        while index < values.len() {
            if index > 0 {
                self.raw(",");
            }
            self.string(values[index]);
            index += 1;
        }
        self.raw("]");
    }

    /// A JSON string: RFC 8259 section 7 wants quotation marks, backslashes and controls below U+0020 escaped.
    const fn string(&mut self, text: &str) {
        self.byte(b'"');
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            let byte = bytes[index];
            if byte == b'"' || byte == b'\\' {
                self.byte(b'\\');
                self.byte(byte);
            } else if byte < 0x20 {
                self.raw("\\u00");
                self.byte(b"0123456789abcdef"[(byte >> 4) as usize]);
                self.byte(b"0123456789abcdef"[(byte & 15) as usize]);
            } else {
                self.byte(byte);
            }
            index += 1;
        }
        self.byte(b'"');
    }

    const fn number(&mut self, value: u32) {
        if value >= 10 {
            self.number(value / 10);
        }
        self.byte(b'0' + (value % 10) as u8);
    }

    const fn raw(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            self.byte(bytes[index]);
            index += 1;
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.length < N {
            self.bytes[self.length] = byte;
        }
        self.length += 1;
    }
}

const fn check_plugin(plugin: &Plugin) {
    assert!(is_uuid(plugin.id), "hal9_plugin!: id must be a UUID in lower case, such as those of `uuidgen`");
    assert!(!plugin.name.is_empty(), "hal9_plugin!: name is empty");
    assert!(!plugin.version.is_empty(), "hal9_plugin!: version is empty");
    assert!(!plugin.author.is_empty(), "hal9_plugin!: author is empty");
    assert!(!plugin.license.is_empty(), "hal9_plugin!: license is empty");
}

const fn check_tool(tool: &Tool) {
    assert!(!tool.name.is_empty(), "tool_plugin!: a tool has no name");
    let mut index = 0;
    while index < tool.parameters.len() {
        assert!(!tool.parameters[index].name.is_empty(), "tool_plugin!: a parameter has no name");
        index += 1;
    }
}

const fn is_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return false;
    }
    let mut index = 0;
    while index < 36 {
        let dash = matches!(index, 8 | 13 | 18 | 23);
        if dash != (bytes[index] == b'-') || !dash && !matches!(bytes[index], b'0'..=b'9' | b'a'..=b'f') {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const PLUGIN: Plugin = Plugin {
        id: "3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f",
        name: "quo\"te\\d",
        version: "1.2.3",
        author: "Äuthor\u{1}",
        description: "two\nlines",
        license: "MIT",
        tags: &["a", "b"],
        permissions: &[
            Permission::SystemTime,
            Permission::FileRead("/data"),
            Permission::NetworkHttpsTo(Destinations { hosts: &["example.com"], ports: &[443, 8443] }),
            Permission::NetworkTcpTo(Destinations { hosts: &[], ports: &[7] }),
            Permission::Hal9SharedMemory("team-notes"),
        ],
        max_memory_mb: Some(1024),
        stateful: Some(false),
        ..Plugin::DEFAULT
    };
    const TOOLS: &[Tool] = &[
        Tool::new("one", "", &[]),
        Tool::new(
            "two",
            "d",
            &[Parameter::integer("n", "how often").default_json("[1,2]"), Parameter::string("s", "").optional()],
        ),
    ];

    fn parse(mut bytes: &[u8]) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let length = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
            let kind = String::from_utf8(bytes[..4].to_vec()).unwrap();
            found.push((kind, serde_json::from_slice(&bytes[8..8 + length]).unwrap()));
            bytes = &bytes[8 + length..];
        }
        found
    }

    #[test]
    fn a_plugin_is_one_fragment_of_escaped_json() {
        const N: usize = length(&Fragments::Plugin(&PLUGIN));
        let found = parse(&bytes::<N>(&Fragments::Plugin(&PLUGIN)));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "H9P1");
        assert_eq!(
            found[0].1,
            json!({
                "id": PLUGIN.id, "name": PLUGIN.name, "version": "1.2.3", "author": PLUGIN.author,
                "description": "two\nlines", "license": "MIT", "tags": ["a", "b"],
                "requirements": {
                    "min_hal9_version": "0.1.0", "max_memory_mb": 1024, "stateful": false, "dependencies": [],
                    "required_permissions": [
                        "SystemTime", { "FileRead": "/data" },
                        { "NetworkHttps": { "hosts": ["example.com"], "ports": [443, 8443] } },
                        { "NetworkTcp": { "ports": [7] } },
                        { "Hal9SharedMemory": "team-notes" },
                    ],
                },
            })
        );
    }

    #[test]
    fn each_tool_is_a_fragment() {
        const N: usize = length(&Fragments::Tools(TOOLS));
        let found = parse(&bytes::<N>(&Fragments::Tools(TOOLS)));
        assert_eq!(found.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["H9C1", "H9C1"]);
        assert_eq!(
            found[1].1,
            json!({ "type": "ToolProvider", "config": { "tool_name": "two", "tool_description": "d", "parameters": [
                { "name": "n", "param_type": "integer", "required": false, "description": "how often", "default": [1, 2] },
                { "name": "s", "param_type": "string", "required": false, "description": "" },
            ] } })
        );
    }

    #[test]
    fn uuids_are_told_from_other_texts() {
        assert!(is_uuid("3f2b7c1e-5a4d-4e8b-9c6f-0a1b2c3d4e5f"));
        assert!(!is_uuid("3F2B7C1E-5a4d-4e8b-9c6f-0a1b2c3d4e5f"));
        assert!(!is_uuid("3f2b7c1e5a4d-4e8b-9c6f-0a1b2c3d4e5f-"));
        assert!(!is_uuid(""));
    }
}

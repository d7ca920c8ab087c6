//! Hands what it is given to the host's functions and back, so that every type of the contract crosses in every
//! direction that the contract has. Built by the command in `test/integration/abi-oracle.test.ts`.

wit_bindgen::generate!({
    path: "../../../sdk/wit",
    inline: "
        package test:oracle;
        world everything {
            import hal9:plugin/logging@0.1.0;
            import hal9:plugin/config@0.1.0;
            import hal9:plugin/clock@0.1.0;
            import hal9:plugin/random@0.1.0;
            import hal9:plugin/metrics@0.1.0;
            import hal9:plugin/memory@0.1.0;
            import hal9:plugin/signals@0.1.0;
            import hal9:plugin/plugins@0.1.0;
            import hal9:plugin/http@0.1.0;
            export hal9:plugin/lifecycle@0.1.0;
            export hal9:plugin/neuron@0.1.0;
            export hal9:plugin/tools@0.1.0;
            export hal9:plugin/memory-provider@0.1.0;
            export hal9:plugin/learning@0.1.0;
            export hal9:plugin/api-extension@0.1.0;
        }
    ",
    generate_all,
});

use std::cell::RefCell;

use exports::hal9::plugin::{api_extension, learning, lifecycle, memory_provider, neuron, tools};
use hal9::plugin::logging::Level;
use hal9::plugin::types::{ErrorCode, PluginError, Signal};
use hal9::plugin::{clock, config, http, logging, memory, metrics, plugins, random, signals};

struct Guest;

export!(Guest);

thread_local! {
    static STATE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

const CODES: [ErrorCode; 8] = [
    ErrorCode::InvalidInput,
    ErrorCode::PermissionDenied,
    ErrorCode::ResourceExhausted,
    ErrorCode::NotImplemented,
    ErrorCode::InternalError,
    ErrorCode::Timeout,
    ErrorCode::NetworkError,
    ErrorCode::ConfigError,
];
const LEVELS: [Level; 5] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];

/// An error whose every field follows from the text.
fn error(text: &str) -> PluginError {
    let details = (text.len() % 2 == 0).then(|| format!("\"{text}\""));
    PluginError { code: CODES[text.len() % 8], message: text.into(), details }
}

impl lifecycle::Guest for Guest {
    fn load(context: lifecycle::Context) -> Result<(), PluginError> {
        let all = config::get_all();
        let one = config::get(&context.config);
        let line = format!("{} {} {} {all} {one:?}", context.plugin_id, context.plugin_version, context.host_version);
        logging::log(LEVELS[line.len() % 5], &line);
        if context.config.is_empty() { Err(error(&line)) } else { Ok(()) }
    }

    fn activate() -> Result<(), PluginError> {
        Ok(())
    }

    fn deactivate() -> Result<(), PluginError> {
        Err(error(""))
    }

    fn unload() -> Result<(), PluginError> {
        Ok(())
    }

    fn update_config(config: String) -> Result<(), PluginError> {
        Err(error(&config))
    }
}

impl neuron::Guest for Guest {
    fn process(signal: Signal) -> Result<Vec<Signal>, PluginError> {
        if signal.content.is_empty() {
            return Err(error(&signal.id));
        }
        signals::emit(&signal)?;
        let mut reversed = signal.clone();
        reversed.metadata.reverse();
        Ok((0..signal.timestamp % 4).flat_map(|_| [signal.clone(), reversed.clone()]).collect())
    }

    fn export_state() -> Result<Vec<u8>, PluginError> {
        Ok(STATE.take())
    }

    fn import_state(state: Vec<u8>) -> Result<(), PluginError> {
        STATE.set(state);
        Ok(())
    }
}

impl tools::Guest for Guest {
    fn execute(tool: String, parameters: String) -> Result<String, PluginError> {
        match tool.as_str() {
            "clock" => Ok(format!("{} {}", clock::now(), clock::monotonic())),
            "random" => Ok(format!("{:?} {}", random::bytes(parameters.len() as u32), random::next())),
            "metrics" => {
                let label = |value: &str| metrics::Label { name: "text".into(), value: value.into() };
                metrics::increment(&parameters, 0.1, &[]);
                metrics::set(&parameters, -1.5, &[label("")]);
                metrics::observe(&parameters, f64::MAX, &[label(&parameters), label("two")]);
                Ok(String::new())
            }
            _ => plugins::call_tool(&parameters, &tool, &parameters),
        }
    }
}

impl memory_provider::Guest for Guest {
    fn store(entry: memory_provider::Entry) -> Result<(), PluginError> {
        memory::set(&entry.id, &format!("{} {} {}", entry.content, entry.metadata, entry.timestamp))
    }

    fn retrieve(id: String) -> Result<Option<memory_provider::Entry>, PluginError> {
        let found = memory::get(&id)?;
        Ok(found.map(|value| memory_provider::Entry { metadata: id.clone(), timestamp: u64::MAX - value.len() as u64, id, content: value }))
    }

    fn search(query: String, limit: u32) -> Result<Vec<memory_provider::Hit>, PluginError> {
        let found = [memory::search(&query, limit)?, memory::list_entries(&query, u32::MAX - limit)?].concat();
        let entry = |one: &memory::Entry| memory_provider::Entry {
            id: one.key.clone(),
            content: one.value.clone(),
            metadata: query.clone(),
            timestamp: 0,
        };
        Ok(found.iter().map(|one| memory_provider::Hit { entry: entry(one), score: one.value.len() as f64 / 3.0 }).collect())
    }

    fn delete(id: String) -> Result<bool, PluginError> {
        memory::delete(&id)
    }
}

impl learning::Guest for Guest {
    fn learn(batch: Vec<learning::Example>) -> Result<learning::Progress, PluginError> {
        if batch.is_empty() {
            return Err(error("nothing to learn"));
        }
        let text: usize = batch.iter().map(|one| one.input.len() * 3 + one.expected.len() + one.layer as usize).sum();
        let loss = batch.iter().map(|one| one.weight).sum::<f64>();
        Ok(learning::Progress { learned: text as u32, loss })
    }

    fn predict(layer: learning::Layer, input: String) -> Result<learning::Prediction, PluginError> {
        Ok(learning::Prediction { output: format!("{layer:?} {input}"), confidence: 1.0 / (input.len() as f64 + 1.0) })
    }

    fn export_state() -> Result<Vec<u8>, PluginError> {
        <Guest as neuron::Guest>::export_state()
    }

    fn import_state(state: Vec<u8>) -> Result<(), PluginError> {
        <Guest as neuron::Guest>::import_state(state)
    }
}

impl api_extension::Guest for Guest {
    fn handle(request: api_extension::Request) -> Result<api_extension::Response, PluginError> {
        let policies = [http::RedirectPolicy::Follow, http::RedirectPolicy::Manual, http::RedirectPolicy::Refuse];
        let answer = http::fetch(&http::Request {
            method: request.method,
            url: format!("{}?{}", request.path, request.query),
            timeout_ms: request.body.len() as u32,
            redirects: policies[request.headers.len() % 3],
            headers: request.headers,
            body: request.body,
        })?;
        let mut headers = answer.headers;
        headers.push(("url".into(), answer.url));
        Ok(api_extension::Response { status: answer.status, headers, body: answer.body })
    }
}

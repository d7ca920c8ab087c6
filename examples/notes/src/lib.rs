//! Keeps notes in the plugin's memory, or in one that it shares with other plugins, and finds them by their words.

use hal9_plugin_sdk::memory::Entry;
use hal9_plugin_sdk::prelude::*;
use hal9_plugin_sdk::{clock, memory, random};

/// Notes that one call answers with, at most.
const MAX_FOUND: u32 = 100;
const MAX_TITLE_CHARACTERS: usize = 200;
const MAX_TEXT_BYTES: usize = 100_000;

/// Before the key of each note, so that the plugin can keep other things beside them.
const OWN: &str = "note/";
/// The same in the memory that plugins share: the name after `shared:` is the one of the permission.
const SHARED: &str = "shared:notes/note/";

/// The plugin. All that it knows is in its memory: so its instances come and go.
#[derive(Default)]
pub struct Notes;

hal9_plugin!(Notes,
    id: "6f1d7a52-3b8e-4c09-9d47-5a2e8f60b1c3",
    tags: &["example", "memory", "search"],
    permissions: &[Permission::Hal9Memory, Permission::Hal9SharedMemory("notes")],
    max_memory_mb: Some(16),
);

const WHERE: Parameter = Parameter::boolean("shared", "Whether in the notes that plugins share.").default_json("false");
const ID: Parameter = Parameter::string("id", "The note's id, as add_note answered it.");
const LIMIT: Parameter = Parameter::integer("limit", "How many at most: 1 to 100.").default_json("20");

tool_plugin!(Notes, tools: &[
    Tool::new("add_note", "Keeps a note; answers its id.", &[
        Parameter::string("title", "At most 200 characters."),
        Parameter::string("text", "At most 100,000 bytes.").default_json("\"\""),
        WHERE,
    ]),
    Tool::new("get_note", "A note by its id.", &[ID, WHERE]),
    Tool::new("search_notes", "The notes that have all words of the query, the best first.", &[
        Parameter::string("query", "Words; case and accents do not count."),
        LIMIT,
        WHERE,
    ]),
    Tool::new("list_notes", "Notes in the order in which they were added.", &[LIMIT, WHERE]),
    Tool::new("delete_note", "Removes a note; answers whether it was there.", &[ID, WHERE]),
]);

/// What is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Note {
    title: String,
    text: String,
    added_ms: u64,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Add {
    title: String,
    text: String,
    shared: bool,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct ById {
    id: String,
    shared: bool,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Search {
    query: String,
    limit: u32,
    shared: bool,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct List {
    limit: u32,
    shared: bool,
}

impl ToolProvider for Notes {
    fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json> {
        let answer = match tool {
            "add_note" => add(parameters.parse()?),
            "get_note" => get(parameters.parse()?),
            "search_notes" => search(&parameters.parse()?),
            "list_notes" => list(&parameters.parse()?),
            "delete_note" => delete(&parameters.parse()?),
            _ => Err(PluginError::new(ErrorCode::NotImplemented, format!("there is no tool {tool}"))),
        };
        answer.map(Json::from)
    }
}

fn add(Add { title, text, shared }: Add) -> Result<Value> {
    let characters = title.chars().count();
    if characters == 0 || characters > MAX_TITLE_CHARACTERS {
        let message = format!("title: expected 1 to {MAX_TITLE_CHARACTERS} characters, found {characters}");
        return Err(PluginError::invalid_input(message));
    }
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("text: expected at most {MAX_TEXT_BYTES} bytes, found {}", text.len());
        return Err(PluginError::invalid_input(message));
    }
    let added_ms = clock::now_ms();
    // Sorted by time; the random part tells notes of the same millisecond apart.
    let id = format!("{added_ms:013}-{:016x}", random::next());
    memory::set(&key(&id, shared), &Note { title, text, added_ms })?;
    Ok(json!({ "id": id }))
}

fn get(ById { id, shared }: ById) -> Result<Value> {
    let note: Option<Note> = memory::get(&key(&id, shared))?;
    let Some(Note { title, text, added_ms }) = note else {
        return Err(PluginError::invalid_input(format!("there is no note {id}")));
    };
    Ok(json!({ "id": id, "title": title, "text": text, "added_ms": added_ms }))
}

fn search(Search { query, limit, shared }: &Search) -> Result<Value> {
    let query = if *shared { format!("shared:notes/{query}") } else { query.clone() };
    found(memory::search(&query, checked(*limit)?)?, *shared)
}

fn list(List { limit, shared }: &List) -> Result<Value> {
    found(memory::list(&key("", *shared), checked(*limit)?)?, *shared)
}

fn delete(ById { id, shared }: &ById) -> Result<Value> {
    Ok(json!({ "deleted": memory::delete(&key(id, *shared))? }))
}

fn key(id: &str, shared: bool) -> String {
    format!("{}{id}", if shared { SHARED } else { OWN })
}

fn checked(limit: u32) -> Result<u32> {
    if (1..=MAX_FOUND).contains(&limit) {
        return Ok(limit);
    }
    Err(PluginError::invalid_input(format!("limit: expected 1 to {MAX_FOUND}, found {limit}")))
}

/// Ids and titles: texts can be long.
fn found(entries: Vec<Entry>, shared: bool) -> Result<Value> {
    let before = key("", shared);
    let mut notes = Vec::new();
    for Entry { key, value } in entries {
        let Some(id) = key.strip_prefix(&before) else { continue };
        let Note { title, added_ms, .. } = value.parse()?;
        notes.push(json!({ "id": id, "title": title, "added_ms": added_ms }));
    }
    Ok(json!({ "notes": notes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::testing::{FakeHost, call_tool};

    fn call(tool: &str, parameters: Value) -> Result<Value> {
        call_tool(&mut Notes, tool, parameters)
    }

    fn add(title: &str, text: &str, shared: bool) -> String {
        let answer = call("add_note", json!({ "title": title, "text": text, "shared": shared })).unwrap();
        answer["id"].as_str().unwrap().to_owned()
    }

    fn titles(answer: &Value) -> Vec<&str> {
        answer["notes"].as_array().unwrap().iter().map(|note| note["title"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_note_is_there_until_it_is_deleted() {
        let _host = FakeHost::new();
        let id = add("Ponds", "Herons stand in them.", false);
        let note = call("get_note", json!({ "id": id })).unwrap();
        assert_eq!(
            note,
            json!({ "id": id, "title": "Ponds", "text": "Herons stand in them.", "added_ms": 1_700_000_000_000_u64 })
        );
        assert_eq!(call("delete_note", json!({ "id": id })).unwrap(), json!({ "deleted": true }));
        assert_eq!(call("delete_note", json!({ "id": id })).unwrap(), json!({ "deleted": false }));
        assert_eq!(call("get_note", json!({ "id": id })).unwrap_err().code, ErrorCode::InvalidInput);
    }

    #[test]
    fn notes_are_listed_as_they_were_added_and_found_by_their_words() {
        let host = FakeHost::new();
        for title in ["one", "two", "three"] {
            add(title, "herons and frogs", false);
            host.advance_ms(1);
        }
        add("apart", "herons", true);
        assert_eq!(titles(&call("list_notes", json!({})).unwrap()), ["one", "two", "three"]);
        assert_eq!(titles(&call("list_notes", json!({ "limit": 2 })).unwrap()), ["one", "two"]);
        assert_eq!(titles(&call("search_notes", json!({ "query": "TWO frogs" })).unwrap()), ["two"]);
        assert_eq!(titles(&call("search_notes", json!({ "query": "herons", "shared": true })).unwrap()), ["apart"]);
    }

    #[test]
    fn what_the_host_refuses_is_passed_on() {
        let _host = FakeHost::new().with_memory_refused(PluginError::permission_denied("no"));
        let refused = call("add_note", json!({ "title": "a" })).unwrap_err();
        assert_eq!((refused.code, refused.message.as_str()), (ErrorCode::PermissionDenied, "no"));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let _host = FakeHost::new();
        for parameters in [
            json!({ "title": "" }),
            json!({ "title": "a".repeat(201) }),
            json!({ "title": "a", "text": "a".repeat(100_001) }),
        ] {
            assert_eq!(call("add_note", parameters).unwrap_err().code, ErrorCode::InvalidInput);
        }
        assert_eq!(call("list_notes", json!({ "limit": 0 })).unwrap_err().code, ErrorCode::InvalidInput);
    }
}

//! The fake host provokes what a server refuses.

use std::io::Read;

use hal9_plugin_sdk::prelude::*;
use hal9_plugin_sdk::testing::FakeHost;
use hal9_plugin_sdk::{files, http, memory, plugins, signals};

#[test]
fn a_memory_that_is_full_is_told_to_the_caller() {
    let full =
        PluginError::resource_exhausted("the memory holds 10,000 keys").with_details(json!({ "limit": "memory-keys" }));
    let _host = FakeHost::new().with_memory_refused(full.clone());
    assert_eq!(memory::set("seen/heron", &1), Err(full));
    let _host = FakeHost::new();
    memory::set("seen/heron", &1).unwrap();
    assert_eq!(memory::get::<u32>("seen/heron").unwrap(), Some(1));
}

#[test]
fn a_connection_that_is_lost_is_an_error() {
    let page = |request: &http::Request| {
        let url = request.url.clone();
        Ok(http::Response { status: 200, url, headers: vec![], body: b"a long page".to_vec() })
    };
    let lost = PluginError::network("the connection was closed");
    let _host = FakeHost::new().with_http(page).with_http_pieces(4).with_http_broken_after(6, lost);
    let mut text = String::new();
    let mut opened = http::open(&http::request("GET", "https://example.com/")).unwrap();
    let error: PluginError = opened.body.read_to_string(&mut text).unwrap_err().into();
    assert_eq!((text.as_str(), error.code), ("a long", ErrorCode::NetworkError));
}

#[test]
fn signals_and_calls_are_refused_as_a_test_says() {
    let denied = PluginError::permission_denied("this needs Hal9Signal");
    let host = FakeHost::new().with_signals_refused(denied.clone());
    assert_eq!(signals::emit(Signal::text(Layer::L2, "x")), Err(denied.clone()));
    assert_eq!(host.emitted(), []);
    let _host = FakeHost::new().with_tools(move |_, _, _| Err(denied.clone()));
    let refused = plugins::call_tool::<Value>("5b0d7c1a-2f64-4f0e-8a53-6c1d2e3f4a5b", "shout", &json!({})).unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
}

#[test]
fn what_a_test_does_not_provide_is_not_there() {
    let _host = FakeHost::new();
    assert_eq!(http::get("https://example.com/").unwrap_err().code, ErrorCode::NotImplemented);
    assert_eq!(plugins::call_tool::<Value>("", "", &json!({})).unwrap_err().code, ErrorCode::NotImplemented);
}

#[test]
fn files_are_those_of_the_directories_that_a_test_names() {
    let folder = std::env::temp_dir().join(format!("hal9-fake-files-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("inner")).unwrap();
    let _host = FakeHost::new().with_directory("/data", &folder).with_directory("/data/inner", folder.join("inner"));
    std::fs::write(files::path("/data/inner/../birds.txt"), "heron").unwrap();
    assert_eq!(files::path("/data/inner/x"), folder.join("inner/x"));
    assert_eq!(std::fs::read_to_string(folder.join("birds.txt")).unwrap(), "heron");
    for nowhere in ["/data/../../birds.txt", "/database/birds.txt", "birds.txt"] {
        assert!(std::fs::write(files::path(nowhere), "x").is_err(), "{nowhere}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

//! Fetches a page over the host's HTTP service and takes out what is asked for.

mod charset;
mod emails;
mod page;

use std::io::Read;

use hal9_plugin_sdk::http::{self, Opened};
use hal9_plugin_sdk::prelude::*;
use page::Page;

/// Of a page, what is read; the rest is left out, and the answer says so.
const MAX_PAGE_BYTES: u64 = 2 * 1024 * 1024;
/// Less than the 5 s that a server gives a call by default, so that a slow page is an error that says so.
const TIMEOUT_MS: u32 = 4_000;
const MAX_TIMEOUT_MS: u32 = 20_000;
const MAX_CALL_MS: u32 = 30_000;

/// Nothing is kept between two calls but the settings.
#[derive(Default)]
pub struct WebScraper {
    settings: Settings,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde", default, deny_unknown_fields)]
struct Settings {
    /// For a page, from the request to its last byte.
    timeout_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeout_ms: TIMEOUT_MS }
    }
}

hal9_plugin!(WebScraper,
    id: "2c8e5f10-7a94-4b3d-b6e1-0d9f4a7c3e82",
    tags: &["example", "http", "html"],
    permissions: &[Permission::NetworkHttp, Permission::NetworkHttps],
    max_memory_mb: Some(64),
    max_call_ms: Some(MAX_CALL_MS),
);

tool_plugin!(WebScraper, tools: &[
    Tool::new("scrape_url", "A page's title, and what a CSS selector finds in it; its links and images if asked for.", &[
        Parameter::string("url", "An http or https URL."),
        Parameter::string("selector", "CSS, such as \"article h2\".").default_json("\"body\""),
        Parameter::boolean("extract_links", "Whether to answer the page's links.").default_json("false"),
        Parameter::boolean("extract_images", "Whether to answer the page's images.").default_json("false"),
    ]),
    Tool::new("extract_emails", "The e-mail addresses in a text, each one once.", &[
        Parameter::string("text", "Any text."),
    ]),
]);

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Scrape {
    url: String,
    selector: String,
    extract_links: bool,
    extract_images: bool,
}

#[derive(Deserialize)]
#[serde(crate = "hal9_plugin_sdk::serde")]
struct Text {
    text: String,
}

impl Lifecycle for WebScraper {
    fn load(&mut self, context: Context) -> Result<()> {
        self.update_config(context.config)
    }

    fn update_config(&mut self, config: Config) -> Result<()> {
        self.settings = config.parse()?;
        match self.settings.timeout_ms {
            1..=MAX_TIMEOUT_MS => Ok(()),
            found => Err(PluginError::config(format!("timeout_ms: expected 1 to {MAX_TIMEOUT_MS}, found {found}"))),
        }
    }
}

impl ToolProvider for WebScraper {
    fn execute(&mut self, tool: &str, parameters: Json) -> Result<Json> {
        let answer = match tool {
            "scrape_url" => self.scrape(&parameters.parse()?),
            "extract_emails" => {
                let Text { text } = parameters.parse()?;
                Ok(json!({ "emails": emails::find(&text) }))
            }
            _ => Err(PluginError::new(ErrorCode::NotImplemented, format!("there is no tool {tool}"))),
        };
        answer.map(Json::from)
    }
}

impl WebScraper {
    fn scrape(&self, Scrape { url, selector, extract_links, extract_images }: &Scrape) -> Result<Value> {
        let selector = page::selector(selector)?;
        let mut request = http::request("GET", url);
        request.timeout_ms = self.settings.timeout_ms;
        request.headers = vec![("accept".into(), "text/html,application/xhtml+xml".into())];
        let Opened { status, url, headers, body } = http::open(&request)?;
        let (bytes, cut) = read(body)?;
        let html = charset::decode(&bytes, content_type(&headers));
        let page = Page::parse(&html, &url);
        let mut answer = json!({
            "url": url,
            "status": status,
            "title": page.title(),
            "matches": page.texts(&selector),
            "cut": cut,
        });
        if *extract_links {
            answer["links"] = page.links().into();
        }
        if *extract_images {
            answer["images"] = page.images().into();
        }
        Ok(answer)
    }
}

/// The body, as far as it is read, and whether there was more.
fn read(body: http::Body) -> Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let mut rest = body.take(MAX_PAGE_BYTES + 1);
    rest.read_to_end(&mut bytes)?;
    let cut = bytes.len() as u64 > MAX_PAGE_BYTES;
    bytes.truncate(MAX_PAGE_BYTES as usize);
    Ok((bytes, cut))
}

fn content_type(headers: &[(String, String)]) -> Option<&str> {
    headers.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hal9_plugin_sdk::http::Response;
    use hal9_plugin_sdk::testing::{FakeHost, call_tool, context};

    const HTML: &str = r##"<!doctype html><title> A  page </title><base href="/docs/">
        <h1>Pond</h1><h2>Heron</h2><h2>Frog <b>green</b></h2><script>ignored()</script>
        <a href="heron.html">more</a> <a href="#top">up</a> <a href="mailto:x@example.com">mail</a>
        <img src="../frog.png" alt="a frog"><img alt="none">"##;

    fn serving(body: &'static [u8], content_type: &'static str) -> FakeHost {
        FakeHost::new().with_http(move |request| {
            Ok(Response {
                status: 200,
                url: request.url.clone(),
                headers: vec![("content-type".into(), content_type.into())],
                body: body.to_vec(),
            })
        })
    }

    fn scraped(parameters: Value) -> Value {
        call_tool(&mut WebScraper::default(), "scrape_url", parameters).unwrap()
    }

    #[test]
    fn takes_out_what_the_selector_finds() {
        let _host = serving(HTML.as_bytes(), "text/html; charset=utf-8");
        let answer = scraped(json!({ "url": "https://example.com/a/", "selector": "h2" }));
        assert_eq!(answer["title"], "A page");
        assert_eq!(answer["matches"], json!(["Heron", "Frog green"]));
        assert_eq!(answer["cut"], false);
        assert_eq!(answer.get("links"), None);
    }

    #[test]
    fn resolves_links_and_images_against_the_base() {
        let _host = serving(HTML.as_bytes(), "text/html");
        let all = json!({ "url": "https://example.com/a/", "extract_links": true, "extract_images": true });
        let answer = scraped(all);
        assert_eq!(
            answer["links"],
            json!([
                { "url": "https://example.com/docs/heron.html", "text": "more" },
                { "url": "https://example.com/docs/#top", "text": "up" },
            ])
        );
        assert_eq!(answer["images"], json!([{ "url": "https://example.com/frog.png", "alt": "a frog" }]));
    }

    #[test]
    fn reads_the_charset_that_the_server_names_or_the_page() {
        let _host = serving(b"<h1>caf\xe9</h1>", "text/html; charset=ISO-8859-1");
        assert_eq!(scraped(json!({ "url": "http://a.test", "selector": "h1" }))["matches"], json!(["café"]));
        let _host = serving(b"<meta charset='windows-1251'><h1>\xcf\xf0\xf3\xe4</h1>", "text/html");
        assert_eq!(scraped(json!({ "url": "http://a.test", "selector": "h1" }))["matches"], json!(["Пруд"]));
        // The server names one that it does not use.
        let _host = serving(b"\xef\xbb\xbf<h1>\xc3\xa9</h1>", "text/html; charset=windows-1251");
        assert_eq!(scraped(json!({ "url": "http://a.test", "selector": "h1" }))["matches"], json!(["é"]));
    }

    #[test]
    fn reads_a_page_as_far_as_it_comes() {
        let html = "<h1>é</h1>".repeat(300_000);
        let page = move |request: &http::Request| {
            let headers = vec![("content-type".into(), "text/html".into())];
            Ok(Response { status: 200, url: request.url.clone(), headers, body: html.clone().into_bytes() })
        };
        let _host = FakeHost::new().with_http(page.clone()).with_http_pieces(100_001);
        let answer = scraped(json!({ "url": "http://a.test", "selector": "h1" }));
        assert_eq!((&answer["cut"], &answer["matches"][499]), (&json!(true), &json!("é")));
        let late = PluginError::new(ErrorCode::Timeout, "too late");
        let _host = FakeHost::new().with_http(page).with_http_broken_after(50_000, late.clone());
        let failed = call_tool(&mut WebScraper::default(), "scrape_url", json!({ "url": "http://a.test" }));
        assert_eq!(failed.unwrap_err(), late);
    }

    #[test]
    fn refuses_settings_that_make_no_sense() {
        let load = |config| WebScraper::default().load(context(config)).map_err(|error| error.code);
        assert_eq!(load(json!({})), Ok(()));
        assert_eq!(load(json!({ "timeout_ms": 0 })), Err(ErrorCode::ConfigError));
        assert!(load(json!({ "timeout": 5 })).is_err());
    }

    #[test]
    fn says_what_is_wrong() {
        let _host = FakeHost::new().with_http(|_| Err(PluginError::new(ErrorCode::PermissionDenied, "no")));
        let refused = |parameters| call_tool(&mut WebScraper::default(), "scrape_url", parameters).unwrap_err();
        assert_eq!(refused(json!({ "url": "http://a.test" })).code, ErrorCode::PermissionDenied);
        let malformed = refused(json!({ "url": "http://a.test", "selector": "h1[" }));
        assert!(malformed.message.starts_with("selector: expected CSS"), "{malformed:?}");
    }
}

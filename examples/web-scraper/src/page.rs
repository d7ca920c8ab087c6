//! A page, and what can be taken out of it.

use hal9_plugin_sdk::prelude::*;
use scraper::{ElementRef, Html, Selector};
use url::Url;

/// Of each kind, what is answered at most.
const MAX_FOUND: usize = 500;
/// Of each text.
const MAX_CHARACTERS: usize = 2_000;

pub struct Page {
    html: Html,
    base: Option<Url>,
}

/// # Errors
/// `INVALID_INPUT` for what is no CSS selector.
pub fn selector(text: &str) -> Result<Selector> {
    Selector::parse(text).map_err(|_| PluginError::invalid_input(format!("selector: expected CSS, found {text:?}")))
}

impl Page {
    /// `url` is where the page is from.
    pub fn parse(text: &str, url: &str) -> Self {
        let html = Html::parse_document(text);
        let own = Url::parse(url).ok();
        let named = first(&html, "base[href]").and_then(|element| element.attr("href"));
        let base = match (&own, named) {
            (Some(own), Some(href)) => own.join(href).ok(),
            _ => None,
        };
        Self { html, base: base.or(own) }
    }

    pub fn title(&self) -> String {
        first(&self.html, "title").map(text_of).unwrap_or_default()
    }

    /// The text of each element, with single spaces.
    pub fn texts(&self, selector: &Selector) -> Vec<Value> {
        self.html.select(selector).take(MAX_FOUND).map(|element| text_of(element).into()).collect()
    }

    /// Of the links that lead to a page, URL and text.
    pub fn links(&self) -> Vec<Value> {
        let of = |element: ElementRef| {
            let url = self.resolve(element.attr("href")?)?;
            Some(json!({ "url": url, "text": text_of(element) }))
        };
        self.all("a[href]").filter_map(of).take(MAX_FOUND).collect()
    }

    /// URL and alternative text.
    pub fn images(&self) -> Vec<Value> {
        let of = |element: ElementRef| {
            let url = self.resolve(element.attr("src")?)?;
            Some(json!({ "url": url, "alt": element.attr("alt").unwrap_or_default() }))
        };
        self.all("img[src]").filter_map(of).take(MAX_FOUND).collect()
    }

    fn all(&self, css: &str) -> impl Iterator<Item = ElementRef<'_>> {
        let found: Vec<_> = Selector::parse(css).map(|each| self.html.select(&each).collect()).unwrap_or_default();
        found.into_iter()
    }

    /// Only what HTTP can fetch.
    fn resolve(&self, href: &str) -> Option<String> {
        let url = match &self.base {
            Some(base) => base.join(href).ok()?,
            None => Url::parse(href).ok()?,
        };
        matches!(url.scheme(), "http" | "https").then(|| url.into())
    }
}

fn first<'a>(html: &'a Html, css: &str) -> Option<ElementRef<'a>> {
    Selector::parse(css).ok().and_then(|each| html.select(&each).next())
}

/// Without what scripts and styles contain.
fn text_of(element: ElementRef) -> String {
    let mut text = String::new();
    for node in element.descendants() {
        let hidden = node
            .parent()
            .and_then(ElementRef::wrap)
            .is_some_and(|parent| matches!(parent.value().name(), "script" | "style" | "noscript" | "template"));
        let Some(piece) = node.value().as_text().filter(|_| !hidden) else { continue };
        for word in piece.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        if text.len() > 4 * MAX_CHARACTERS {
            break;
        }
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

//! HTTP out. Wants the permission `NetworkHttp` or `NetworkHttps` for the host and port of the URL.
//!
//! The host answers with an error, never with a trap: `PERMISSION_DENIED` without the permission, `INVALID_INPUT` for a request that
//! is malformed, `RESOURCE_EXHAUSTED` for what is too large or too often, `TIMEOUT`, and `NETWORK_ERROR` for the rest.

use std::io;

use super::imports::http;
use crate::bindings::host::hal9::plugin::http as wire;
use crate::error::{PluginError, Result};

pub use wire::{RedirectPolicy, Request, Response};

/// A request without headers or body, which follows redirects and may take as long as the call itself.
pub fn request(method: &str, url: &str) -> Request {
    Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: 0,
        redirects: RedirectPolicy::Follow,
    }
}

/// Sends a request and waits for the whole answer.
///
/// # Errors
/// Those of the host. A status of 400 and above is an answer, not an error.
pub fn fetch(request: &Request) -> Result<Response> {
    Ok(http::fetch(request)?)
}

/// Gets a URL.
///
/// # Errors
/// As [`fetch`].
pub fn get(url: &str) -> Result<Response> {
    fetch(&request("GET", url))
}

/// An answer whose body is still to be read. The body is closed when this is dropped.
#[derive(Debug)]
pub struct Opened {
    /// The status.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, as it comes.
    pub body: Body,
}

/// A body that is read in pieces. What goes wrong is an [`io::Error`] around the host's [`PluginError`]; `?` takes it out again.
///
/// ```
/// use std::io::Read;
///
/// use hal9_plugin_sdk::{http, prelude::*, testing::FakeHost};
///
/// let _host = FakeHost::new().with_http(|request| {
///     Ok(http::Response { status: 200, url: request.url.clone(), headers: vec![], body: b"abc".to_vec() })
/// });
/// let mut opened = http::open(&http::request("GET", "https://example.com/"))?;
/// let mut text = String::new();
/// opened.body.read_to_string(&mut text)?;
/// assert_eq!(text, "abc");
/// # Ok::<(), PluginError>(())
/// ```
#[derive(Debug)]
pub struct Body {
    number: u32,
}

/// Sends a request and waits for the head of the answer.
///
/// # Errors
/// Those of the host; an instance may have 8 bodies open.
pub fn open(request: &Request) -> Result<Opened> {
    let wire::Opened { body, status, url, headers } = http::open(request)?;
    Ok(Opened { status, url, headers, body: Body { number: body } })
}

impl io::Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        let most = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let piece = http::read(self.number, most).map_err(|error| io::Error::other(PluginError::from(error)))?;
        let taken = piece.len().min(into.len());
        into[..taken].copy_from_slice(&piece[..taken]);
        Ok(taken)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        http::close(self.number);
    }
}

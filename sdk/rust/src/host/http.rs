//! HTTP out. Wants the permission `NetworkHttp` or `NetworkHttps`.

use super::imports::http;
use crate::bindings::host::hal9::plugin::http as wire;
use crate::error::Result;

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

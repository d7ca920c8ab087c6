//! What a plugin answers when it cannot do what it was asked.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::bindings::host::hal9::plugin::types as wire;

pub use wire::ErrorCode;

/// What the functions of a plugin answer.
pub type Result<T, E = PluginError> = std::result::Result<T, E>;

/// A typed failure, which travels to the caller as it is.
///
/// `?` turns the usual errors into one: those of `serde_json` and of parsing numbers or UTF-8 become
/// [`ErrorCode::InvalidInput`], those of `std::io` the code that fits, a text [`ErrorCode::InternalError`].
///
/// ```
/// use hal9_plugin_sdk::prelude::*;
///
/// fn half(text: &str) -> Result<i64> {
///     let number: i64 = text.parse()?;
///     if number % 2 != 0 {
///         return Err(PluginError::invalid_input("expected an even number").with_details(json!({ "found": number })));
///     }
///     Ok(number / 2)
/// }
///
/// assert_eq!(half("8").unwrap(), 4);
/// assert_eq!(half("eight").unwrap_err().code, ErrorCode::InvalidInput);
/// assert_eq!(half("7").unwrap_err().details, Some(json!({ "found": 7 })));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PluginError {
    /// One of the eight codes of the contract.
    pub code: ErrorCode,
    /// One sentence for a person: what was expected, what was found.
    pub message: String,
    /// For a program, where there is more to say.
    pub details: Option<Value>,
}

impl PluginError {
    /// An error of that code.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: None }
    }

    /// The input is not what was asked for.
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// No permission was granted for this.
    pub fn permission_denied(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::PermissionDenied, message)
    }

    /// A quota, rate or size is used up; waiting may help.
    pub fn resource_exhausted(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceExhausted, message)
    }

    /// Nobody implements this.
    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotImplemented, message)
    }

    /// A fault that the caller can do nothing about.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InternalError, message)
    }

    /// It took longer than it may.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Timeout, message)
    }

    /// The network, or a peer on it, failed.
    pub fn network(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NetworkError, message)
    }

    /// The plugin's configuration is missing or wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ConfigError, message)
    }

    /// Adds details for a program. What cannot be written as JSON is left out.
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.details = serde_json::to_value(details).ok();
        self
    }

    /// Which limit the host names as having been in the way, for instance `http-requests`.
    pub fn limit(&self) -> Option<&str> {
        self.details.as_ref()?.get("limit")?.as_str()
    }

    /// How long the host says to wait before it is of use to ask again; none where waiting does not help. A plugin without
    /// `SystemTime` is not told: it waits in the call itself.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use hal9_plugin_sdk::{http, prelude::*, testing::FakeHost};
    ///
    /// let _host = FakeHost::new().with_http(|_| {
    ///     let details = json!({ "limit": "http-requests", "retry_after_ms": 20 });
    ///     Err(PluginError::resource_exhausted("more http requests a second than a plugin may").with_details(details))
    /// });
    /// let refused = http::get("https://example.com/").unwrap_err();
    /// assert_eq!((refused.limit(), refused.retry_after()), (Some("http-requests"), Some(Duration::from_millis(20))));
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.as_ref()?.get("retry_after_ms")?.as_u64().map(Duration::from_millis)
    }
}

/// How the code is written in messages and in the contract: `INVALID_INPUT` and so on.
pub fn code_name(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidInput => "INVALID_INPUT",
        ErrorCode::PermissionDenied => "PERMISSION_DENIED",
        ErrorCode::ResourceExhausted => "RESOURCE_EXHAUSTED",
        ErrorCode::NotImplemented => "NOT_IMPLEMENTED",
        ErrorCode::InternalError => "INTERNAL_ERROR",
        ErrorCode::Timeout => "TIMEOUT",
        ErrorCode::NetworkError => "NETWORK_ERROR",
        ErrorCode::ConfigError => "CONFIG_ERROR",
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", code_name(self.code), self.message)
    }
}

impl std::error::Error for PluginError {}

impl From<serde_json::Error> for PluginError {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<std::str::Utf8Error> for PluginError {
    fn from(error: std::str::Utf8Error) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<std::string::FromUtf8Error> for PluginError {
    fn from(error: std::string::FromUtf8Error) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<std::num::ParseIntError> for PluginError {
    fn from(error: std::num::ParseIntError) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<std::num::ParseFloatError> for PluginError {
    fn from(error: std::num::ParseFloatError) -> Self {
        Self::invalid_input(error.to_string())
    }
}

impl From<std::io::Error> for PluginError {
    /// An error of the plugin's own that went through `std::io` comes out as it was.
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let error = match error.downcast::<Self>() {
            Ok(inner) => return inner,
            Err(error) => error,
        };
        let code = match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::InvalidData => ErrorCode::InvalidInput,
            ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
            ErrorKind::TimedOut => ErrorCode::Timeout,
            ErrorKind::OutOfMemory | ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ErrorCode::ResourceExhausted,
            ErrorKind::Unsupported => ErrorCode::NotImplemented,
            ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown => ErrorCode::NetworkError,
            _ => ErrorCode::InternalError,
        };
        Self::new(code, error.to_string())
    }
}

impl From<&str> for PluginError {
    fn from(message: &str) -> Self {
        Self::internal(message)
    }
}

impl From<String> for PluginError {
    fn from(message: String) -> Self {
        Self::internal(message)
    }
}

impl From<wire::PluginError> for PluginError {
    fn from(error: wire::PluginError) -> Self {
        let details = error.details.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self { code: error.code, message: error.message, details }
    }
}

impl From<PluginError> for wire::PluginError {
    fn from(error: PluginError) -> Self {
        Self { code: error.code, message: error.message, details: error.details.map(|value| value.to_string()) }
    }
}

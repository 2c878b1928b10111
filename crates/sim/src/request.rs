//! Requests as clients make them, signed by AWS's own signer.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_request},
    sign::v4::SigningParams,
};
use bytes::Bytes;
use http::{
    Method, Request,
    header::{CONTENT_TYPE, HOST},
};
use model::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What a client signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account that they belong to.
    pub account: String,
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session's token, if it is one.
    pub session_token: Option<String>,
}

/// What a signature is for.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// Name of the service, such as `kms`.
    pub service: &'a str,
    /// The Region.
    pub region: &'a str,
    /// When it is made.
    pub at: Timestamp,
}

/// Where the server is told to be. No name of AWS's, so that it says nothing of a Region.
const AUTHORITY: &str = "localhost:4599";

/// A call in AWS JSON 1.1, not signed yet. `target` is what stands before the dot.
#[must_use]
pub fn json(target: &str, operation: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    request("application/x-amz-json-1.1", Some(format!("{target}.{operation}")), body.into())
}

/// A call in the Query protocol, not signed yet. `input` is an object; lists in it become `.member.N`.
#[must_use]
pub fn query(version: &str, action: &str, input: &Value) -> Request<Bytes> {
    form(version, action, &fields(input))
}

/// The members of an object as the Query protocol has them, such as `&UserName=alice&Path=%2F`.
#[must_use]
pub fn fields(input: &Value) -> String {
    let mut fields = String::new();
    flatten(&mut fields, "", input);
    fields
}

/// The same with its fields written out, such as `UserName=alice&Path=%2F`.
#[must_use]
pub fn form(version: &str, action: &str, fields: &str) -> Request<Bytes> {
    let separator = if fields.is_empty() || fields.starts_with('&') { "" } else { "&" };
    let body = format!("Action={action}&Version={version}{separator}{fields}");
    request("application/x-www-form-urlencoded; charset=utf-8", None, body.into())
}

/// Signs a request, in its header. It then stands as it arrives: the authority has become `host`.
///
/// # Panics
/// If the signer refuses.
#[must_use]
pub fn sign(mut request: Request<Bytes>, credentials: &Credentials, scope: &Scope<'_>) -> Request<Bytes> {
    let identity = aws_credential_types::Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        credentials.session_token.clone(),
        None,
        "sim",
    )
    .into();
    let seconds = u64::try_from(scope.at.as_seconds()).unwrap_or_default();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are set")
        .into();
    let headers =
        request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let uri = format!("http://{AUTHORITY}{}", request.uri());
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body).expect("signable");
    let (instructions, _) = sign_request(signable, &params).expect("signed").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn request(content_type: &str, target: Option<String>, body: Bytes) -> Request<Bytes> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header(HOST, AUTHORITY)
        .header(CONTENT_TYPE, content_type);
    if let Some(target) = target {
        request = request.header("x-amz-target", target);
    }
    request.body(body).expect("a request")
}

fn flatten(form: &mut String, name: &str, value: &Value) {
    let inner = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| flatten(form, &inner(key), value));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(form, &inner(&format!("member.{}", index + 1)), item);
            }
        }
        Value::Null => {}
        Value::String(text) => field(form, name, text),
        Value::Bool(_) | Value::Number(_) => field(form, name, &value.to_string()),
    }
}

fn field(form: &mut String, name: &str, text: &str) {
    let _ = write!(form, "&{name}={}", utf8_percent_encode(text, NON_ALPHANUMERIC));
}

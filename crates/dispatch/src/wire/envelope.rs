//! Answers and faults as each protocol wraps them.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde::Serialize;

use super::{
    dialect::{Dialect, party},
    xml,
};
use crate::Fault;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// A good answer around an encoded body.
pub(crate) fn success(dialect: Dialect, request_id: String, body: Bytes) -> Response<Bytes> {
    envelope(dialect, StatusCode::OK, request_id, body)
}

/// A fault in the dialect that the call came in. The code stands bare in the body and in the header: botocore
/// reads the one, the SDK for Rust the other.
pub(crate) fn failure(dialect: Dialect, request_id: String, fault: &Fault) -> Response<Bytes> {
    let status = StatusCode::from_u16(dialect.status(fault.kind)).unwrap_or(StatusCode::BAD_REQUEST);
    let body = match dialect {
        Dialect::AwsJson => aws_json_fault(fault),
        Dialect::Query { namespace } => xml::fault(namespace, &request_id, fault),
        Dialect::QueryInJson => json_fault(&request_id, fault),
    };
    let mut response = envelope(dialect, status, request_id, body);
    if dialect == Dialect::AwsJson {
        response.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(fault.kind.json));
    }
    response
}

/// The answer when there are no random bytes, not even for a request id. It cannot be recorded either.
pub(crate) fn without_entropy() -> Response<Bytes> {
    failure(Dialect::AwsJson, String::new(), &Fault::internal("the source of random bytes failed"))
}

fn envelope(dialect: Dialect, status: StatusCode, request_id: String, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    headers.reserve(HEADERS);
    if let Ok(value) = HeaderValue::try_from(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    let content_type = match dialect {
        Dialect::AwsJson => AWS_JSON,
        Dialect::Query { .. } => XML,
        Dialect::QueryInJson => JSON,
    };
    headers.insert(CONTENT_TYPE, content_type);
    response
}

/// Request id, content type, error type, date, and what the edge may add.
const HEADERS: usize = 6;

/// `AccessDeniedException` writes `Message`, everything else `message`; no text means no member
/// (recorded answers 1 to 3).
fn aws_json_fault(fault: &Fault) -> Bytes {
    #[derive(Serialize)]
    struct Wire<'a> {
        __type: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
        #[serde(rename = "Message", skip_serializing_if = "Option::is_none")]
        capital: Option<&'a str>,
    }
    let text = fault.message.as_deref();
    let capital = fault.kind == &crate::fault::ACCESS_DENIED;
    let wire = Wire {
        __type: fault.kind.json,
        message: if capital { None } else { text },
        capital: if capital { text } else { None },
    };
    serde_json::to_vec(&wire).map(Bytes::from).unwrap_or_default()
}

/// A fault of the Query protocol, as AWS writes it in JSON.
fn json_fault(request_id: &str, fault: &Fault) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Envelope<'a> {
        error: Error<'a>,
        request_id: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Error<'a> {
        code: &'a str,
        message: &'a str,
        r#type: &'a str,
    }
    let message = fault.message.as_deref().unwrap_or_default();
    let error = Error { code: fault.kind.query, message, r#type: party(fault.kind) };
    let envelope = Envelope { error, request_id };
    serde_json::to_vec(&envelope).map(Bytes::from).unwrap_or_default()
}

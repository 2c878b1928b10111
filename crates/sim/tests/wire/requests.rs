//! Sessions, and requests that no client of AWS's makes.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4::SigningParams,
};
use bytes::Bytes;
use http::{Method, Request, header::HOST};
use serde_json::json;
use sim::{Credentials, Stage, World};

/// A session of a new role that may do everything.
pub(crate) fn session(stage: &Stage, role: &str) -> Credentials {
    let role = stage.role_who_may(role, &["*"]);
    stage.session(&stage.root, &role, json!({}))
}

/// A request without a body to a place of the server.
pub(crate) fn bare(method: Method, uri: &str) -> Request<Bytes> {
    Request::builder().method(method).uri(uri).header(HOST, "localhost:4599").body(Bytes::new()).unwrap()
}

/// Signs a request in its query, for so many seconds.
pub(crate) fn presign(
    world: &World,
    mut request: Request<Bytes>,
    credentials: &Credentials,
    service: &str,
    expires_seconds: u64,
) -> Request<Bytes> {
    let identity = aws_credential_types::Credentials::new(
        &credentials.access_key_id,
        &credentials.secret_access_key,
        credentials.session_token.clone(),
        None,
        "test",
    )
    .into();
    let now = Duration::from_secs(world.now().as_seconds().try_into().unwrap());
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(expires_seconds));
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::UNIX_EPOCH + now)
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let uri = format!("http://localhost:4599{}", request.uri());
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    let uri = request.uri().path_and_query().unwrap().as_str().parse().unwrap();
    *request.uri_mut() = uri;
    request
}

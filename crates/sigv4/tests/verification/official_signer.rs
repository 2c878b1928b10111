//! What AWS's own signer signs verifies; whatever is changed afterwards does not.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    self, PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use http::header::{AUTHORIZATION, HOST};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sigv4::{AuthError, Claim, PRESIGNED_SECONDS_MAX, SKEW_SECONDS};

use crate::request::{ACCESS_KEY_ID, Request, SECRET, SIGNED_SECONDS};

/// How the official signer is set up.
#[derive(Debug, Clone)]
struct Signer {
    secret: String,
    token: Option<String>,
    region: String,
    service: String,
    signed_seconds: u32,
    /// In the query, with this life; else in the header.
    expires_seconds: Option<u32>,
    content_sha256: bool,
    unsigned: Vec<&'static str>,
}

impl Signer {
    fn sign(&self, request: &Request) -> Request {
        let mut settings = SigningSettings::default();
        if let Some(seconds) = self.expires_seconds {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(seconds.into()));
        }
        if self.content_sha256 {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let excluded = settings.excluded_headers.get_or_insert_default();
        excluded.extend(self.unsigned.iter().map(|name| Cow::Borrowed(*name)));

        let credentials = Credentials::new(ACCESS_KEY_ID, &self.secret, self.token.clone(), None, "test");
        let identity = credentials.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(self.signed_seconds.into()))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        arrived(request, SignableBody::Bytes(&request.body), &params)
    }
}

/// Signs a request with an absolute URI, and gives it as it arrives: the authority has become `host`.
pub(crate) fn arrived(
    request: &Request,
    body: SignableBody<'_>,
    params: &http_request::SigningParams<'_>,
) -> Request {
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let uri = request.uri.to_string();
    let signable = SignableRequest::new(request.method.as_str(), uri, headers, body).unwrap();
    let (instructions, _) = sign(signable, params).unwrap().into_parts();

    let mut signed = http::Request::new(());
    *signed.uri_mut() = request.uri.clone();
    *signed.headers_mut() = request.headers.clone();
    instructions.apply_to_request_http1x(&mut signed);
    let (parts, ()) = signed.into_parts();
    let mut arrived = Request { uri: parts.uri, headers: parts.headers, ..request.clone() };
    let host = arrived.uri.authority().unwrap().as_str().parse().unwrap();
    arrived.headers.insert(HOST, host);
    arrived.uri = arrived.uri.path_and_query().unwrap().as_str().parse().unwrap();
    arrived
}

fn any_signer() -> impl Strategy<Value = Signer> {
    (
        "[A-Za-z0-9/+]{1,60}",
        proptest::option::of("[A-Za-z0-9/+=]{1,100}"),
        "[a-z0-9-]{1,16}",
        "[a-z0-9-]{1,16}",
        any::<u32>(),
        proptest::option::of(1..=604_800_u32),
        any::<bool>(),
    )
        .prop_map(|(secret, token, region, service, signed_seconds, expires_seconds, content_sha256)| {
            Signer {
                secret,
                token,
                region,
                service,
                signed_seconds,
                expires_seconds,
                content_sha256,
                unsigned: Vec::new(),
            }
        })
}

/// Requests with odd paths, queries and headers, to an absolute URI.
fn any_request() -> impl Strategy<Value = Request> {
    let segment = select(vec!["", ".", "..", "a", "B-c_d~e", "a%20b", "%2F", "%41", "@:;=", "a+b,c", "..."]);
    let path = proptest::collection::vec(segment, 0..5).prop_map(|segments| segments.join("/"));
    let escaped = "\\PC{0,6}".prop_map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string());
    let query_text = prop_oneof![escaped, "[a-zA-Z0-9~._+:/?@,-]{0,6}"];
    let pair = prop_oneof![
        4 => (query_text.clone(), query_text.clone()).prop_map(|(name, value)| format!("{name}={value}")),
        1 => query_text,
    ];
    let query = proptest::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"));
    let header = ("x-[a-c]{1,2}", "[ -~]{0,12}");
    (
        select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]),
        path,
        query,
        proptest::collection::vec(header, 0..6),
        proptest::collection::vec(any::<u8>(), 0..600),
    )
        .prop_map(|(method, path, query, headers, body)| {
            let question = if query.is_empty() { "" } else { "?" };
            let uri = format!("https://kms.eu-west-1.example:4599/{path}{question}{query}");
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            Request::new(method, &uri, &headers, &body)
        })
}

/// Requests each byte of which means something of its own.
fn plain_request() -> impl Strategy<Value = Request> {
    let pair = "[a-z0-9]{1,4}=[a-z0-9]{0,4}";
    (
        "(/[a-z0-9]{1,6}){1,3}",
        proptest::collection::vec(pair, 1..4),
        "[!-~]{1,12}",
        proptest::collection::vec(any::<u8>(), 0..100),
    )
        .prop_map(|(path, pairs, value, body)| {
            let uri = format!("https://kms.eu-west-1.example{path}?{}", pairs.join("&"));
            let headers = [("x-amz-target", "TrentService.Encrypt"), ("x-a", &value), ("user-agent", "u")];
            Request::new("POST", &uri, &headers, &body)
        })
}

#[derive(Debug, Clone, Copy)]
enum Change {
    Method,
    Path,
    Query,
    Header,
    RemovedHeader,
    AddedValue,
    Body,
    LongerBody,
    Secret,
}

const CHANGES: &[Change] = &[
    Change::Method,
    Change::Path,
    Change::Query,
    Change::Header,
    Change::RemovedHeader,
    Change::AddedValue,
    Change::Body,
    Change::LongerBody,
    Change::Secret,
];

/// Changes one byte or value that the signature covers, or the signature itself.
fn change(request: &mut Request, secret: &mut String, change: Change, at: Index, which: Index) {
    let covered: Vec<_> = {
        let claim = Claim::parse(request.head()).unwrap();
        let covered = |name: &&http::HeaderName| **name == AUTHORIZATION || claim.covers(name.as_str());
        request.headers.keys().filter(covered).cloned().collect()
    };
    let header = which.get(&covered).clone();
    let target = request.uri.to_string();
    let (path, query) = target.split_once('?').unwrap();
    match change {
        Change::Method => request.method = http::Method::GET,
        Change::Path => {
            let path = format!("/{}?{query}", other_byte(path.strip_prefix('/').unwrap(), at));
            request.uri = path.parse().unwrap();
        }
        Change::Query => request.uri = format!("{path}?{}", other_byte(query, at)).parse().unwrap(),
        Change::Header => {
            let value = other_byte(request.headers.get(&header).unwrap().to_str().unwrap(), at);
            request.headers.insert(header, value.parse().unwrap());
        }
        Change::RemovedHeader => drop(request.headers.remove(header)),
        Change::AddedValue => assert!(request.headers.append(header, "added".parse().unwrap())),
        Change::Body if !request.body.is_empty() => {
            let at = at.index(request.body.len());
            *request.body.get_mut(at).unwrap() ^= 1 << which.index(8);
        }
        Change::Body | Change::LongerBody => request.body.push(0),
        Change::Secret => *secret = other_byte(secret, at),
    }
}

/// The text with another byte at one place.
fn other_byte(text: &str, at: Index) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let byte = bytes.get_mut(at.index(text.len())).unwrap();
    *byte = if *byte == b'7' { b'Z' } else { b'7' };
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn what_it_signs_verifies(signer in any_signer(), request in any_request(), late in any::<Index>()) {
        let arrived = signer.sign(&request);
        let longest = PRESIGNED_SECONDS_MAX;
        let life = match signer.expires_seconds {
            Some(_) if signer.service == "sts" => i64::from(longest),
            Some(stated) => i64::from(stated.min(longest)),
            None => i64::from(SKEW_SECONDS),
        };
        let skew = i64::from(SKEW_SECONDS);
        let span = usize::try_from(skew + life + 1).unwrap();
        let now = i64::from(signer.signed_seconds) - skew + i64::try_from(late.index(span)).unwrap();

        let claim = Claim::parse(arrived.head()).unwrap();
        prop_assert_eq!(claim.access_key_id(), ACCESS_KEY_ID);
        prop_assert_eq!(claim.scope().region, &signer.region);
        prop_assert_eq!(claim.scope().service, &signer.service);
        prop_assert_eq!(claim.security_token(), signer.token.as_deref());
        prop_assert_eq!(claim.signed_at().seconds(), i64::from(signer.signed_seconds));
        prop_assert_eq!(claim.is_presigned(), signer.expires_seconds.is_some());
        prop_assert_eq!(arrived.verify(&signer.secret, now), Ok(()));

        // As HTTP/2 brings it: the host in the URI alone.
        let mut over_http2 = arrived.clone();
        let host = over_http2.headers.remove(HOST).unwrap();
        over_http2.uri = format!("https://{}{}", host.to_str().unwrap(), arrived.uri).parse().unwrap();
        prop_assert_eq!(over_http2.verify(&signer.secret, now), Ok(()));
    }

    #[test]
    fn what_is_changed_does_not(
        signer in any_signer(),
        request in plain_request(),
        which_change in select(CHANGES),
        at in any::<Index>(),
        which in any::<Index>(),
    ) {
        let now = i64::from(signer.signed_seconds);
        let mut arrived = signer.sign(&request);
        prop_assert_eq!(arrived.verify(&signer.secret, now), Ok(()));
        let mut secret = signer.secret;
        change(&mut arrived, &mut secret, which_change, at, which);
        prop_assert!(arrived.verify(&secret, now).is_err(), "{:?} made {:?}", which_change, arrived);
    }

    #[test]
    fn what_is_not_covered_may_change(signer in any_signer(), request in plain_request()) {
        let mut arrived = signer.sign(&request);
        arrived.headers.insert("user-agent", "another".parse().unwrap());
        arrived.headers.insert("amz-sdk-request", "attempt=2".parse().unwrap());
        prop_assert_eq!(arrived.verify(&signer.secret, signer.signed_seconds.into()), Ok(()));
    }
}

/// What real clients sign (all send all of these headers here): boto3 and the aws CLI; Rust, Go v1 and CSFLE;
/// Ruby and JS v2; JS v3 and Go v2.
#[test]
fn the_header_lists_of_real_clients_verify() {
    let optional = ["amz-sdk-invocation-id", "amz-sdk-request", "content-length", "x-amz-content-sha256"];
    let clients = [
        "content-type;host;x-amz-date;x-amz-target",
        "content-length;content-type;host;x-amz-date;x-amz-target",
        "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target",
        "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target",
    ];
    let body = br#"{"KeyId":"alias/app","NumberOfBytes":32}"#;
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("content-length", "40"),
        ("x-amz-target", "TrentService.GenerateDataKey"),
        ("amz-sdk-invocation-id", "0f7a7bd5-2c3a-4d27-a7ee-8d46dd0cf65c"),
        ("amz-sdk-request", "attempt=1; max=3"),
        ("user-agent", "client/1.0"),
    ];
    let request = Request::new("POST", "https://localhost:4599/", &headers, body);
    for list in clients {
        let signed: Vec<_> = list.split(';').collect();
        let signer = Signer {
            secret: SECRET.to_owned(),
            token: None,
            region: "eu-west-1".to_owned(),
            service: "kms".to_owned(),
            signed_seconds: u32::try_from(SIGNED_SECONDS).unwrap(),
            expires_seconds: None,
            content_sha256: signed.contains(&"x-amz-content-sha256"),
            unsigned: optional.into_iter().filter(|name| !signed.contains(name)).collect(),
        };
        let arrived = signer.sign(&request);
        let authorization = arrived.headers.get(AUTHORIZATION).unwrap().to_str().unwrap();
        assert!(authorization.contains(&format!("SignedHeaders={list},")), "{authorization}");
        assert_eq!(arrived.verify(SECRET, SIGNED_SECONDS), Ok(()), "{list}");
        let mut other = arrived.clone();
        other.headers.insert("x-amz-target", "TrentService.Decrypt".parse().unwrap());
        assert_eq!(other.verify(SECRET, SIGNED_SECONDS), Err(AuthError::Mismatch), "{list}");
    }
}

//! Arbitrary heads are parsed and never verify.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use libfuzzer_sys::fuzz_target;
use sigv4::{Claim, Head, Scope, SigningKey};

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let Some(Ok(method)) = lines.next().map(Method::from_bytes) else { return };
    let Some(Ok(uri)) = lines.next().map(Uri::try_from) else { return };
    let mut headers = HeaderMap::new();
    for line in lines.by_ref() {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let (name, value) = line.split_at(colon);
        let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(&value[1..])) else {
            return;
        };
        headers.append(name, value);
    }
    let body: Vec<u8> = lines.flatten().copied().collect();
    let Ok(claim) = Claim::parse(Head { method: &method, uri: &uri, headers: &headers }) else { return };
    let key = SigningKey::derive(b"secret", Scope { ..claim.scope() });
    for now in [0, 1_440_938_160, i64::MAX, i64::MIN] {
        assert!(claim.verify(&key, &body, now).is_err());
    }
});

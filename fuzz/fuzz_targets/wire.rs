//! Arbitrary bodies are decoded into inputs, or refused.

#![no_main]

use dispatch::{Body, Protocol};
use libfuzzer_sys::fuzz_target;
use model::{kms, sts};

const JSON: Protocol = Protocol::AwsJson { target: "TrentService" };
const QUERY: Protocol = Protocol::Query { version: "2011-06-15", namespace: "" };

fuzz_target!(|data: &[u8]| {
    let json = Body::new(JSON, data, "");
    let _ = json.decode::<kms::CreateKeyRequest>();
    let _ = json.decode::<kms::EncryptRequest>();
    let _ = json.decode::<kms::DecryptRequest>();
    let _ = json.decode::<kms::CreateGrantRequest>();
    let _ = json.decode::<kms::TagResourceRequest>();
    let _ = json.decode::<kms::ImportKeyMaterialRequest>();
    let query = Body::new(QUERY, data, "");
    let _ = query.decode::<sts::AssumeRoleRequest>();
    let _ = query.decode::<sts::GetFederationTokenRequest>();
    let _ = model::arn::KeyRef::parse(&String::from_utf8_lossy(data));
});

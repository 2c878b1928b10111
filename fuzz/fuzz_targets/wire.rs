//! Arbitrary requests are read as calls, and arbitrary bodies decoded into inputs, or refused.

#![no_main]

use dispatch::{Body, Dialect, Origins};
use http::{Request, request::Parts};
use libfuzzer_sys::fuzz_target;
use model::{kms, sts};

fuzz_target!(|data: &[u8]| {
    if let Some((head, body)) = request(data) {
        let operation = dispatch::named_operation(&head, body);
        let is_at_the_root = head.uri.path().bytes().all(|byte| byte == b'/');
        assert!(operation.is_empty() || is_at_the_root && ["GET", "POST"].contains(&head.method.as_str()));
    }
    let text = String::from_utf8_lossy(data);
    if let Ok(origins) = Origins::parse([&*text]) {
        assert!(origins.guest(&http::HeaderMap::new()).is_none() && origins != Origins::default());
    }
    let json = Body::new(Dialect::AwsJson, data, "");
    let _ = json.decode::<kms::CreateKeyRequest>();
    let _ = json.decode::<kms::EncryptRequest>();
    let _ = json.decode::<kms::DecryptRequest>();
    let _ = json.decode::<kms::CreateGrantRequest>();
    let _ = json.decode::<kms::TagResourceRequest>();
    let _ = json.decode::<kms::ImportKeyMaterialRequest>();
    let query = Body::new(Dialect::QueryInJson, data, "");
    let _ = query.decode::<sts::AssumeRoleRequest>();
    let _ = query.decode::<sts::GetFederationTokenRequest>();
    let _ = model::arn::KeyRef::parse(&text);
});

/// Method, target and fields on a line each, and after an empty line the body.
fn request(data: &[u8]) -> Option<(Parts, &[u8])> {
    let end = data.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (&data[..end], &data[end + 2..]);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut request = Request::builder().method(lines.next()?).uri(lines.next()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], &line[colon + 1..]);
    }
    Some((request.body(()).ok()?.into_parts().0, body))
}

//! Requests, signed once and sent many times: within five minutes a signature is good for any number of them.

use std::{fmt::Write, time::SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};

use crate::{Result, load, processes::Server};

/// What is measured.
pub(crate) const OPERATIONS: [&str; 4] = ["DescribeKey", "GenerateDataKey", "Encrypt", "Decrypt"];
/// Plaintext of `Encrypt` and `Decrypt`, in bytes.
const PLAINTEXT_BYTES: usize = 1024;
/// Different requests that are sent in turn.
const VARIANTS: usize = 64;
const CONTEXT: &str = r#"{"department":"payroll","tenant":"4711","purpose":"backup"}"#;

/// Requests of one operation, ready to send.
pub(crate) struct Prepared {
    pub(crate) requests: Vec<Vec<u8>>,
    /// Bytes of the answer's body.
    pub(crate) answer_bytes: usize,
}

impl Prepared {
    /// Makes the keys, and requests that use them in turn.
    pub(crate) async fn new(server: &Server, operation: &str, keys: usize) -> Result<Self> {
        let plaintext = base64_simd::STANDARD.encode_to_string(vec![b'p'; PLAINTEXT_BYTES]);
        let mut ids = Vec::new();
        for _ in 0..keys {
            let answer = call(server, "CreateKey", "{}").await?;
            let id = answer.pointer("/KeyMetadata/KeyId").and_then(|id| id.as_str());
            ids.push(id.ok_or("CreateKey answered no id")?.to_owned());
        }
        let mut bodies = Vec::new();
        for id in ids.iter().cycle().take(VARIANTS.max(keys.min(10_000))) {
            let body = match operation {
                "DescribeKey" => format!(r#"{{"KeyId":"{id}"}}"#),
                "GenerateDataKey" => format!(r#"{{"KeyId":"{id}","KeySpec":"AES_256"}}"#),
                "Encrypt" => encrypt(id, &plaintext),
                "Decrypt" => {
                    let answer = call(server, "Encrypt", &encrypt(id, &plaintext)).await?;
                    let blob = answer.get("CiphertextBlob").and_then(|blob| blob.as_str());
                    let blob = blob.ok_or("Encrypt answered no blob")?;
                    format!(r#"{{"CiphertextBlob":"{blob}","EncryptionContext":{CONTEXT}}}"#)
                }
                other => return Err(format!("no requests for {other}").into()),
            };
            bodies.push(body);
        }
        let requests: Vec<Vec<u8>> =
            bodies.iter().map(|body| request(server, operation, body)).collect::<Result<_>>()?;
        let first = requests.first().ok_or("no requests")?;
        let answer = load::once(&server.target(), first).await?;
        Ok(Self { requests, answer_bytes: answer.len() })
    }
}

fn encrypt(id: &str, plaintext: &str) -> String {
    format!(r#"{{"KeyId":"{id}","Plaintext":"{plaintext}","EncryptionContext":{CONTEXT}}}"#)
}

async fn call(server: &Server, operation: &str, body: &str) -> Result<serde_json::Value> {
    let answer = load::once(&server.target(), &request(server, operation, body)?).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// A whole HTTP/1.1 request as the SDKs send it.
fn request(server: &Server, operation: &str, body: &str) -> Result<Vec<u8>> {
    let host = format!("localhost:{}", server.target().address.port());
    let target = format!("TrentService.{operation}");
    let headers = [
        ("host", host.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
    ];
    let identity = Credentials::new(&server.access_key, &server.secret, None, None, "bench").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("kms")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let uri = format!("http://{host}/");
    let signable =
        SignableRequest::new("POST", &uri, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut text = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n")?;
    }
    for (name, value) in instructions.headers() {
        write!(text, "{name}: {value}\r\n")?;
    }
    write!(text, "user-agent: bench/1\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    Ok(text.into_bytes())
}

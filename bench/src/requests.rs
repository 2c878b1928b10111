//! Requests, signed once and sent many times: a signature is good for five minutes, any number of times.

use std::{fmt::Write, time::SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};

use crate::{
    Result,
    load::Connection,
    processes::{Server, Signer},
};

/// One kind of request that is measured.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// As the table shows it.
    pub(crate) name: &'static str,
    operation: &'static str,
    spec: &'static str,
    usage: &'static str,
    /// Algorithm of the operation; empty where none is named.
    algorithm: &'static str,
}

const SYMMETRIC: Work =
    Work { name: "", operation: "", spec: "SYMMETRIC_DEFAULT", usage: "ENCRYPT_DECRYPT", algorithm: "" };
const SIGN: Work = Work { operation: "Sign", usage: "SIGN_VERIFY", ..SYMMETRIC };

/// Everything that is measured.
pub(crate) const WORK: [Work; 9] = [
    Work { name: "DescribeKey", operation: "DescribeKey", ..SYMMETRIC },
    Work { name: "GenerateDataKey", operation: "GenerateDataKey", ..SYMMETRIC },
    Work { name: "Encrypt", operation: "Encrypt", ..SYMMETRIC },
    Work { name: "Decrypt", operation: "Decrypt", ..SYMMETRIC },
    Work {
        name: "GenerateMac",
        operation: "GenerateMac",
        spec: "HMAC_256",
        usage: "GENERATE_VERIFY_MAC",
        algorithm: "HMAC_SHA_256",
    },
    Work { name: "Sign P-256", spec: "ECC_NIST_P256", algorithm: "ECDSA_SHA_256", ..SIGN },
    Work { name: "Sign Ed25519", spec: "ECC_NIST_EDWARDS25519", algorithm: "ED25519_SHA_512", ..SIGN },
    Work { name: "Sign RSA-2048", spec: "RSA_2048", algorithm: "RSASSA_PKCS1_V1_5_SHA_256", ..SIGN },
    Work { name: "Sign ML-DSA-65", spec: "ML_DSA_65", algorithm: "ML_DSA_SHAKE_256", ..SIGN },
];

/// Plaintext of `Encrypt` and `Decrypt`, in bytes.
const PLAINTEXT_BYTES: usize = 1024;
/// Message of `Sign` and `GenerateMac`, in bytes.
const MESSAGE_BYTES: usize = 256;
/// At least this many different requests are sent in turn. `KEYS_USED_MAX` limits the keys in use.
const VARIANTS: usize = 64;
const KEYS_USED_MAX: usize = 10_000;
const CONTEXT: &str = r#"{"department":"payroll","tenant":"4711","purpose":"backup"}"#;

/// Requests of one kind, ready to send.
pub(crate) struct Prepared {
    pub(crate) requests: Vec<Vec<u8>>,
    /// Bytes of the answer's body.
    pub(crate) answer_bytes: usize,
}

impl Work {
    /// Whether its keys are symmetric: thousands of these are made in no time.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.spec == SYMMETRIC.spec
    }

    /// The body of a `CreateKey` for it.
    pub(crate) fn create_key(&self) -> String {
        format!(r#"{{"KeySpec":"{}","KeyUsage":"{}"}}"#, self.spec, self.usage)
    }

    /// Requests that use these keys in turn.
    pub(crate) async fn prepare(&self, server: &Server, by: &Signer, keys: &[String]) -> Result<Prepared> {
        let mut connection = Connection::open(&server.target()).await?;
        let mut requests = Vec::new();
        for id in keys.iter().take(KEYS_USED_MAX).cycle().take(VARIANTS.max(keys.len().min(KEYS_USED_MAX))) {
            let body = self.body(server, &mut connection, id).await?;
            requests.push(kms(server, by, self.operation, &body)?);
        }
        let first = requests.first().ok_or("no requests")?;
        let answer_bytes = connection.exchange(first).await?.len();
        Ok(Prepared { requests, answer_bytes })
    }

    async fn body(&self, server: &Server, connection: &mut Connection, id: &str) -> Result<String> {
        let base64 = |bytes: usize| base64_simd::STANDARD.encode_to_string(vec![b'p'; bytes]);
        let (algorithm, message) = (self.algorithm, base64(MESSAGE_BYTES));
        let encrypt = || {
            let plaintext = base64(PLAINTEXT_BYTES);
            format!(r#"{{"KeyId":"{id}","Plaintext":"{plaintext}","EncryptionContext":{CONTEXT}}}"#)
        };
        Ok(match self.operation {
            "GenerateDataKey" => format!(r#"{{"KeyId":"{id}","KeySpec":"AES_256"}}"#),
            "Encrypt" => encrypt(),
            "Decrypt" => {
                let request = kms(server, &server.root, "Encrypt", &encrypt())?;
                let answer: serde_json::Value = serde_json::from_slice(connection.exchange(&request).await?)?;
                let blob = answer.get("CiphertextBlob").and_then(|blob| blob.as_str());
                let blob = blob.ok_or("Encrypt answered no blob")?;
                format!(r#"{{"CiphertextBlob":"{blob}","EncryptionContext":{CONTEXT}}}"#)
            }
            "GenerateMac" => {
                format!(r#"{{"KeyId":"{id}","Message":"{message}","MacAlgorithm":"{algorithm}"}}"#)
            }
            "Sign" => format!(r#"{{"KeyId":"{id}","Message":"{message}","SigningAlgorithm":"{algorithm}"}}"#),
            _ => format!(r#"{{"KeyId":"{id}"}}"#),
        })
    }
}

/// A whole HTTP/1.1 request to KMS as the SDKs send it.
pub(crate) fn kms(server: &Server, by: &Signer, operation: &str, body: &str) -> Result<Vec<u8>> {
    let target = format!("TrentService.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    request(server, by, "kms", headers, body)
}

/// The same to IAM.
pub(crate) fn iam(server: &Server, by: &Signer, form: &str) -> Result<Vec<u8>> {
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "*/*")];
    request(server, by, "iam", headers, &format!("{form}&Version=2010-05-08"))
}

fn request(
    server: &Server,
    by: &Signer,
    service: &str,
    headers: [(&str, &str); 2],
    body: &str,
) -> Result<Vec<u8>> {
    let host = format!("localhost:{}", server.target().address.port());
    let headers = [("host", host.as_str())].into_iter().chain(headers);
    let identity = Credentials::new(&by.access_key, &by.secret, None, None, "bench").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let uri = format!("http://{host}/");
    let signable = SignableRequest::new("POST", &uri, headers.clone(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    let mut text = String::from("POST / HTTP/1.1\r\n");
    for (name, value) in headers.chain(instructions.headers()) {
        write!(text, "{name}: {value}\r\n")?;
    }
    write!(text, "user-agent: bench/1\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
    Ok(text.into_bytes())
}

//! A KMS that fails when it is told to, and counts what it is asked.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use base64_simd::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The KMS, and the server in front of it.
pub(crate) struct TestKms {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

/// How the KMS refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Disabled,
    Denied,
    Unavailable,
    /// The connection ends in place of an answer.
    Silence,
}

#[derive(Default)]
struct State {
    refusal: Option<Refusal>,
    /// Plaintext, key and context of each blob, by its number.
    blobs: HashMap<String, (Vec<u8>, String, Value)>,
    asked: BTreeMap<String, usize>,
}

impl TestKms {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<State>>::default());
        let mut tasks = JoinSet::new();
        let its = Arc::clone(&state);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&its);
                let service = service_fn(move |request| answer(Arc::clone(&state), request));
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(async move { drop(connection.await) });
            }
        });
        Self { address, state, _tasks: tasks }
    }

    /// Refuses everything in this way from now on, or nothing.
    pub(crate) fn refuse(&self, refusal: Option<Refusal>) {
        self.state().refusal = refusal;
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.state().refusal
    }

    /// How often an operation was asked for, and not refused.
    pub(crate) fn asked(&self, operation: &str) -> usize {
        self.state().asked.get(operation).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Refusal {
    pub(crate) const ALL: [Self; 4] = [Self::Disabled, Self::Denied, Self::Unavailable, Self::Silence];

    /// Status and code of what S3 answers then.
    pub(crate) fn shown(self) -> (u16, &'static str) {
        match self {
            Self::Disabled => (400, "KMS.DisabledException"),
            Self::Denied => (403, "AccessDenied"),
            Self::Unavailable | Self::Silence => (503, "ServiceUnavailable"),
        }
    }

    fn answered(self) -> Result<(u16, Value), String> {
        let said = |status, code: &str| Ok((status, json!({"__type": code, "message": "it says no"})));
        match self {
            Self::Disabled => said(400, "DisabledException"),
            Self::Denied => said(400, "AccessDeniedException"),
            Self::Unavailable => said(500, "KMSInternalException"),
            Self::Silence => Err("silent".to_owned()),
        }
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, String> {
    let (head, body) = request.into_parts();
    let target = head.headers["x-amz-target"].to_str().unwrap();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let body: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    let mut state = state.lock().unwrap();
    let (status, said) = match state.refusal {
        Some(refusal) => refusal.answered()?,
        None => {
            *state.asked.entry(operation.clone()).or_default() += 1;
            state.answer(&operation, &body)
        }
    };
    Ok(Response::builder().status(status).body(said.to_string().into()).unwrap())
}

impl State {
    fn answer(&mut self, operation: &str, body: &Value) -> (u16, Value) {
        let context = |name: &str| body.get(name).cloned().unwrap_or_else(|| json!({}));
        let arn = |name: &str| format!("arn:aws:kms:us-east-1:111122223333:{}", body[name].as_str().unwrap());
        match operation {
            "GenerateDataKey" => {
                // Not random: what is looked at is which key opens what.
                let mut plaintext = [0x5a; 32];
                plaintext[..8].copy_from_slice(&self.blobs.len().to_be_bytes());
                let blob = self.keep(plaintext.to_vec(), arn("KeyId"), context("EncryptionContext"));
                let plaintext = STANDARD.encode_to_string(plaintext);
                (200, json!({"KeyId": arn("KeyId"), "Plaintext": plaintext, "CiphertextBlob": blob}))
            }
            "Encrypt" => {
                let plaintext = STANDARD.decode_to_vec(body["Plaintext"].as_str().unwrap()).unwrap();
                let blob = self.keep(plaintext, arn("KeyId"), context("EncryptionContext"));
                (200, json!({"KeyId": arn("KeyId"), "CiphertextBlob": blob}))
            }
            "Decrypt" => match self.find(body, &context("EncryptionContext")) {
                Some((plaintext, key)) => {
                    (200, json!({"KeyId": key, "Plaintext": STANDARD.encode_to_string(plaintext)}))
                }
                None => (400, json!({"__type": "InvalidCiphertextException"})),
            },
            "ReEncrypt" => match self.find(body, &context("SourceEncryptionContext")) {
                Some((plaintext, key)) => {
                    let to = arn("DestinationKeyId");
                    let blob = self.keep(plaintext, to.clone(), context("DestinationEncryptionContext"));
                    (200, json!({"KeyId": to, "SourceKeyId": key, "CiphertextBlob": blob}))
                }
                None => (400, json!({"__type": "InvalidCiphertextException"})),
            },
            "DescribeKey" => (200, json!({"KeyMetadata": {"Arn": arn("KeyId"), "KeyId": "key"}})),
            _ => panic!("{operation} is not expected"),
        }
    }

    fn keep(&mut self, plaintext: Vec<u8>, key: String, context: Value) -> String {
        let blob = STANDARD.encode_to_string(format!("blob {}", self.blobs.len()));
        self.blobs.insert(blob.clone(), (plaintext, key, context));
        blob
    }

    fn find(&self, body: &Value, context: &Value) -> Option<(Vec<u8>, String)> {
        let (plaintext, key, of) = self.blobs.get(body["CiphertextBlob"].as_str()?)?;
        (of == context).then(|| (plaintext.clone(), key.clone()))
    }
}

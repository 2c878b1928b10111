//! A server for development, and clients of it.

use std::path::PathBuf;

use bytes::Bytes;
use dev::{DevConfig, Development};
use dispatch::{ConnectionInfo, Origins, Policies};
use edge::Answer as _;
use http::{Method, Request, Response};
use model::{Timestamp, arn::Partition};
use serde_json::{Value, json};
use sim::{Answer, Credentials, Scope, form, json as aws_json, sign};

/// A server for development.
pub(crate) struct Server {
    development: Development,
    runtime: tokio::runtime::Runtime,
}

pub(crate) fn config() -> DevConfig {
    DevConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        origins: Origins::default(),
        data_dir: None,
        seed: None,
        attestation_roots: Vec::new(),
        verify: false,
        policies: Policies::Enforced,
        services: Vec::new(),
        buckets: Vec::new(),
        partition: Partition::Aws,
    }
}

/// Credentials that nobody was given.
pub(crate) fn anybody(access_key_id: &str) -> Credentials {
    Credentials {
        account: String::new(),
        access_key_id: access_key_id.to_owned(),
        secret_access_key: "anything".to_owned(),
        session_token: None,
    }
}

/// A file with this text, in a folder that lives as long as the guard.
pub(crate) fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed.yaml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(&config())
    }

    pub(crate) fn with(config: &DevConfig) -> Self {
        Self::try_with(config).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn try_with(config: &DevConfig) -> Result<Self, String> {
        let development = Development::open(config).map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Ok(Self { development, runtime })
    }

    /// Calls KMS as the default account.
    #[expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]
    pub(crate) fn kms(&self, operation: &str, input: Value) -> Answer {
        self.call(&anybody("test"), operation, &input)
    }

    /// Calls KMS with credentials, at a time that nobody looks at.
    pub(crate) fn call(&self, credentials: &Credentials, operation: &str, input: &Value) -> Answer {
        self.call_at(Timestamp::from_millis(0), credentials, operation, input)
    }

    pub(crate) fn call_at(
        &self,
        at: Timestamp,
        credentials: &Credentials,
        operation: &str,
        input: &Value,
    ) -> Answer {
        let request = aws_json("TrentService", operation, input.to_string());
        self.send(sign(request, credentials, &Scope { service: "kms", region: "us-east-1", at }))
    }

    /// The account that credentials belong to.
    pub(crate) fn account_of(&self, credentials: &Credentials) -> String {
        let scope = Scope { service: "sts", region: "us-east-1", at: Timestamp::from_millis(0) };
        let answer = self.send(sign(form("2011-06-15", "GetCallerIdentity", ""), credentials, &scope));
        answer.xml("Account").unwrap_or_else(|| panic!("{answer:?}"))
    }

    /// Works a control: status and answer.
    pub(crate) fn control(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder().method(method).uri(format!("/_keywright/{path}"));
        let (head, body) = request.body(Bytes::from(body)).unwrap().into_parts();
        let response = self.runtime.block_on(self.development.answer(head, Ok(body), &connection()));
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    pub(crate) fn advance(&self, span: &str) {
        let (status, answer) = self.control(Method::POST, "clock", &json!({ "advance": span }));
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) fn send(&self, request: Request<Bytes>) -> Answer {
        self.exchange(request).into()
    }

    /// The response as it is, whoever it is for.
    pub(crate) fn exchange(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = request.into_parts();
        self.runtime.block_on(self.development.answer(head, Ok(body), &connection()))
    }
}

fn connection() -> ConnectionInfo {
    ConnectionInfo::new(([127, 0, 0, 1], 50_000).into(), None)
}

//! Temporary credentials, and the forms in which programs take them.

use model::Timestamp;
use secret::Plaintext;
use serde::Serialize;

/// Temporary credentials of a role.
pub(crate) struct Session {
    pub(crate) role_arn: String,
    pub(crate) access_key_id: String,
    pub(crate) secret: Plaintext,
    pub(crate) token: Plaintext,
    /// When they end, as the service writes it.
    pub(crate) expiration: String,
    pub(crate) assumed: Timestamp,
    pub(crate) expires: Timestamp,
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForProcess<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: &'a str,
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ForContainer<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: &'a str,
    role_arn: &'a str,
}

impl Session {
    /// As a `credential_process` prints them.
    pub(crate) fn for_process(&self) -> Plaintext {
        json(&ForProcess {
            version: 1,
            access_key_id: &self.access_key_id,
            secret_access_key: shown(&self.secret),
            session_token: shown(&self.token),
            expiration: &self.expiration,
        })
    }

    /// As the endpoint of a container answers them.
    pub(crate) fn for_container(&self) -> Plaintext {
        json(&ForContainer {
            access_key_id: &self.access_key_id,
            secret_access_key: shown(&self.secret),
            token: shown(&self.token),
            expiration: &self.expiration,
            role_arn: &self.role_arn,
        })
    }
}

fn json(shown: &impl Serialize) -> Plaintext {
    Plaintext::new(serde_json::to_vec(shown).unwrap_or_default())
}

/// A secret that was read as text.
fn shown(secret: &Plaintext) -> &str {
    std::str::from_utf8(secret.reveal()).unwrap_or_default()
}

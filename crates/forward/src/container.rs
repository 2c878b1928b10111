//! The endpoint that hands credentials out to the programs of a machine, such as `keywright credentials`.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

use std::{fs, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header::AUTHORIZATION};
use outbound::{Outbound, OwnCredentials, Pool};
use secret::Plaintext;
use serde::Deserialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    error::KmsError,
    wire::{Wiped, secret_text},
};

/// Time for its answer.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// Where credentials are handed out, and what to show there.
pub(crate) struct Container {
    pub(crate) uri: Uri,
    pub(crate) authorization: Authorization,
}

/// What is shown there.
pub(crate) enum Authorization {
    Absent,
    Token(Plaintext),
    /// A file with the token, read at each use.
    File(PathBuf),
}

/// Credentials that end.
pub(crate) struct Temporary {
    pub(crate) own: OwnCredentials,
    /// When, in seconds since 1970; never if nothing is said.
    pub(crate) ends_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HandedOut {
    access_key_id: String,
    #[serde(deserialize_with = "secret_text")]
    secret_access_key: Plaintext,
    token: Option<String>,
    expiration: Option<String>,
}

impl Container {
    /// Asks for credentials. `now` is the time since some fixed moment.
    pub(crate) async fn ask(&self, outbound: &Outbound, now: Duration) -> Result<Temporary, KmsError> {
        let failed = |why: String, may_pass| {
            let why = format!("AWS_CONTAINER_CREDENTIALS_FULL_URI {}: {why}", self.uri);
            KmsError::Credentials { why, may_pass }
        };
        let path = self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut request =
            Request::get(path).body(Bytes::new()).map_err(|error| failed(error.to_string(), false))?;
        if let Some(token) = self.authorization.header().map_err(|why| failed(why, false))? {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        // Asked once in a quarter of an hour: no connection is kept.
        let pool =
            Pool::new(outbound.clone(), &self.uri, 1).map_err(|error| failed(error.to_string(), false))?;
        let answer = pool.send_within(ANSWER_TIME, now, request).await;
        let answer = answer.map_err(|error| failed(error.to_string(), true))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(failed(format!("status {status}"), status.is_server_error()));
        }
        read(answer.body()).ok_or_else(|| failed("the answer holds no credentials".to_owned(), false))
    }
}

impl Authorization {
    fn header(&self) -> Result<Option<HeaderValue>, String> {
        let token = match self {
            Self::Absent => return Ok(None),
            Self::Token(token) => token.reveal().to_vec(),
            Self::File(file) => fs::read(file).map_err(|error| format!("`{}`: {error}", file.display()))?,
        };
        let token = Bytes::from_owner(Wiped(Plaintext::new(token)));
        let mut token = HeaderValue::from_maybe_shared(token.slice_ref(token.trim_ascii()))
            .map_err(|_| "the token cannot stand in a header".to_owned())?;
        token.set_sensitive(true);
        Ok(Some(token))
    }
}

fn read(answer: &Plaintext) -> Option<Temporary> {
    let HandedOut { access_key_id, secret_access_key, token, expiration } =
        serde_json::from_slice(answer.reveal()).ok()?;
    let ends_seconds = match expiration {
        Some(text) => Some(OffsetDateTime::parse(&text, &Rfc3339).ok()?.unix_timestamp()),
        None => None,
    };
    Some(Temporary { own: OwnCredentials { access_key_id, secret: secret_access_key, token }, ends_seconds })
}

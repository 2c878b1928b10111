//! Temporary credentials as answers show them.

use dispatch::Cx;
use model::sts::Credentials;

use crate::sessions::Minted;

/// For the answer; the record gets the id of the access key.
pub(crate) fn credentials(cx: &mut Cx<'_>, minted: Minted) -> Credentials {
    cx.notes.answered("accessKeyId", minted.access_key_id.clone());
    cx.notes.answered("expiration", minted.expires.to_iso8601());
    Credentials {
        access_key_id: minted.access_key_id,
        secret_access_key: minted.secret,
        session_token: minted.token,
        expiration: minted.expires,
    }
}

//! Temporary credentials as answers show them.

use model::sts::Credentials;

use crate::sessions::Minted;

/// For the answer.
pub(crate) fn credentials(minted: Minted) -> Credentials {
    Credentials {
        access_key_id: minted.access_key_id,
        secret_access_key: minted.secret,
        session_token: minted.token,
        expiration: minted.expires,
    }
}

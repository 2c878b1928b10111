//! The keys of campaigns.

use forward::DescribedKey;

use crate::{client::Client, ending::ClientFailure};

/// What KMS tells of a key.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(crate) fn described(client: &Client, key: &str) -> Result<DescribedKey, ClientFailure> {
    client.wait(client.kms.describe_key(&client.act_for, key))
}

/// The same key, if it encrypts and decrypts now.
///
/// # Errors
/// [`ClientFailure::Use`] for a key for something else, [`ClientFailure::Key`] for its state.
pub(crate) fn usable(key: DescribedKey) -> Result<DescribedKey, ClientFailure> {
    let DescribedKey { arn, key_state, key_usage, .. } = &key;
    if key_usage != "ENCRYPT_DECRYPT" {
        return Err(ClientFailure::Use(format!("{arn} is for {key_usage}")));
    }
    if key_state != "Enabled" {
        return Err(ClientFailure::Key(format!("{arn} is {key_state}")));
    }
    Ok(key)
}

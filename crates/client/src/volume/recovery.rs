//! Passphrases that open a volume without KMS.

use std::path::Path;

use envelope::{Randomness, SystemRandomness};
use secret::Plaintext;

use crate::{
    contents::{SecretForm, in_form, together},
    ending::ClientFailure,
    record::write_new,
};

const BYTES: usize = 32;
/// Bytes of a group, which people can type without losing their place.
const GROUP_BYTES: usize = 4;

/// A new passphrase of 256 random bits, as hexadecimal digits in groups.
///
/// # Errors
/// [`ClientFailure::Use`] without randomness.
pub(super) fn new_passphrase() -> Result<Plaintext, ClientFailure> {
    let group = || {
        let drawn = Plaintext::zeroed(GROUP_BYTES).fill(|bytes| SystemRandomness.fill(bytes));
        drawn
            .map(|group| in_form(&group, SecretForm::Hex))
            .map_err(|error| ClientFailure::Use(error.to_string()))
    };
    let mut parts = vec![group()?];
    for _ in 1..BYTES / GROUP_BYTES {
        parts.extend([Plaintext::new(b"-".to_vec()), group()?]);
    }
    Ok(together(&parts))
}

/// Writes it into a file, without a new line, so that the file can be a key file too.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says; that there is such a file.
pub(super) fn keep(passphrase: &Plaintext, file: &Path) -> Result<(), ClientFailure> {
    write_new(file, passphrase.reveal(), 0o600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_random_and_can_be_typed() {
        let (one, other) = (new_passphrase().unwrap(), new_passphrase().unwrap());
        let text = String::from_utf8(one.reveal().to_vec()).unwrap();
        assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8; 8]);
        assert!(one.reveal() != other.reveal());
    }
}

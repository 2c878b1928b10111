//! Secret members of outputs, written for the caller. This is the one way in which secrets are serialised.

use secret::Plaintext;
use serde::{Serialize, Serializer, ser::Error};

/// Secret bytes, which the protocols turn into base64.
pub(crate) struct RevealedBytes<'a>(pub(crate) &'a Plaintext);

/// Secret text.
pub(crate) struct RevealedText<'a>(pub(crate) &'a Plaintext);

impl Serialize for RevealedBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.reveal())
    }
}

impl Serialize for RevealedText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(self.0.reveal()).map_err(|_| S::Error::custom("not text"))?;
        serializer.serialize_str(text)
    }
}

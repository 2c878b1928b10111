//! Bytes that travel as base64.

use std::{fmt, ops::Deref};

use secret::Plaintext;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// Bytes of a shape; standard padded base64 on the wire (RFC 4648 section 4).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(Vec<u8>);

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The length only: blobs may be long, and some hold what need not be shown.
impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The protocols write bytes as base64.
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decode = |text: &[u8]| base64_simd::STANDARD.decode_to_vec(text).ok().map(Self);
        deserializer.deserialize_bytes(Base64(decode))
    }
}

/// Reads text and decodes it in place, without a copy of the text.
struct Base64<F>(F);

impl<T, F: FnOnce(&[u8]) -> Option<T>> Visitor<'_> for Base64<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        self.visit_bytes(text.as_bytes())
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("not base64"))
    }
}

/// A secret member of an input.
pub(crate) struct Sensitive(pub(crate) Plaintext);

impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let decode = |text: &[u8]| Plaintext::from_base64(text).ok().map(Self);
        deserializer.deserialize_bytes(Base64(decode))
    }
}

/// Secret text of an input, which is not base64.
pub(crate) struct SensitiveText(pub(crate) Plaintext);

impl<'de> Deserialize<'de> for SensitiveText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keep = |text: &[u8]| Some(Self(Plaintext::new(text.to_vec())));
        deserializer.deserialize_str(Base64(keep))
    }
}

//! The guarded type for bytes that must not be shown or left behind.
//!
//! [`Plaintext`] has no `Debug`, `Display`, `Clone` or `Serialize`, and is wiped when it is dropped.
//! [`Plaintext::reveal`] is the one way to its bytes. A tidy rule lists the functions that may call `reveal`.
//! Secrets on their way through Keywright (plaintext of requests, data keys, secret access keys, key material)
//! travel in this type.

use zeroize::Zeroize;

/// Bytes that are never printed or copied by accident, and are wiped on drop.
pub struct Plaintext(Vec<u8>);

/// The text was not standard padded base64 (RFC 4648 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotBase64;

impl Plaintext {
    /// Takes ownership of the bytes. The caller must not keep a copy.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// A buffer of `len` zero bytes, to be filled by [`Plaintext::fill`].
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self::new(vec![0; len])
    }

    /// Lets `fill` write the bytes in place, so that no second copy exists.
    ///
    /// # Errors
    /// What `fill` returns. The bytes stay guarded either way.
    pub fn fill<E>(mut self, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        fill(&mut self.0)?;
        Ok(self)
    }

    /// Decodes standard padded base64 without an intermediate copy.
    ///
    /// # Errors
    /// [`NotBase64`] for any other alphabet, missing padding or stray characters.
    pub fn from_base64(text: &[u8]) -> Result<Self, NotBase64> {
        base64_simd::STANDARD.decode_to_vec(text).map(Self::new).map_err(|_| NotBase64)
    }

    /// Standard padded base64, itself guarded.
    #[must_use]
    pub fn to_base64(&self) -> Plaintext {
        Self::new(base64_simd::STANDARD.encode_type::<Vec<u8>>(self.0.as_slice()))
    }

    /// The bytes. The tidy rule lists every caller.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Plaintext {
    /// Wipes the bytes, and the room behind them, where a longer text may have been.
    fn drop(&mut self) {
        // `zeroize` wipes a slice many bytes in a step, and a vector byte by byte.
        self.0.as_mut_slice().zeroize();
        self.0.spare_capacity_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trip() {
        let plaintext = Plaintext::from_base64(b"aGVsbG8=").unwrap_or_else(|_| Plaintext::zeroed(0));
        assert_eq!(plaintext.reveal(), b"hello");
        assert_eq!(plaintext.to_base64().reveal(), b"aGVsbG8=");
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["aGVsbG8", "aGVsbG8=\n", "a-_b", "="] {
            assert!(Plaintext::from_base64(text.as_bytes()).is_err(), "{text}");
        }
    }
}

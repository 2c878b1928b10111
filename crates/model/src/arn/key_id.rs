//! Ids of keys and of their material.

use std::fmt;

use super::Malformed;

/// Id of a KMS key: a UUID, or `mrk-` and 32 hexadecimal digits for multi-Region keys. Small letters only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    bytes: [u8; 16],
    multi_region: bool,
}

/// Id of one material of a key: 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialId([u8; 32]);

const PREFIX: &str = "mrk-";
/// Where the hyphens of a UUID stand.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl KeyId {
    /// From its text.
    ///
    /// # Errors
    /// [`Malformed`] for anything but the two forms.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if let Some(digits) = text.strip_prefix(PREFIX) {
            return Ok(Self { bytes: unhex(digits.bytes())?, multi_region: true });
        }
        let hyphens = HYPHENS.iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        if text.len() != 36 || !hyphens {
            return Err(Malformed);
        }
        Ok(Self { bytes: unhex(text.bytes().filter(|byte| *byte != b'-'))?, multi_region: false })
    }

    /// A random id, marked as a UUID of version 4 (RFC 9562 section 5.4).
    #[must_use]
    pub const fn generate(random: [u8; 16], multi_region: bool) -> Self {
        let number = u128::from_be_bytes(random);
        let version = 0xF000_u128 << 64;
        let variant = 0xC000_0000_0000_0000_u128;
        let marked = number & !version & !variant | 0x4000_u128 << 64 | 0x8000_0000_0000_0000_u128;
        Self { bytes: marked.to_be_bytes(), multi_region }
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16], multi_region: bool) -> Self {
        Self { bytes, multi_region }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.bytes
    }

    /// Whether it is the id of a multi-Region key.
    #[must_use]
    pub const fn is_multi_region(self) -> bool {
        self.multi_region
    }
}

/// In one piece: ids are written several times in each call.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: [u8; 32] = hex(&self.bytes);
        let mut text = [b'-'; 36];
        let written = text.iter_mut().enumerate();
        if self.multi_region {
            let prefix = PREFIX.bytes().chain(digits);
            written.zip(prefix).for_each(|((_, to), from)| *to = from);
        } else {
            let places = written.filter(|(at, _)| !HYPHENS.contains(at));
            places.zip(digits).for_each(|((_, to), from)| *to = from);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl MaterialId {
    /// From its text.
    ///
    /// # Errors
    /// [`Malformed`] for anything but 64 small hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        unhex(text.bytes()).map(Self)
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: [u8; 64] = hex(&self.0);
        f.write_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

/// Small hexadecimal digits, two for each byte.
fn hex<const N: usize>(bytes: &[u8]) -> [u8; N] {
    const fn digit(nibble: u8) -> u8 {
        if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
    }
    let mut digits = [0; N];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xF)]);
    }
    digits
}

/// Exactly `N` bytes from small hexadecimal digits.
pub(super) fn unhex<const N: usize>(digits: impl Iterator<Item = u8>) -> Result<[u8; N], Malformed> {
    let mut digits = digits.map(|digit| match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(Malformed),
    });
    let mut bytes = [0; N];
    for byte in &mut bytes {
        let high = digits.next().ok_or(Malformed)??;
        let low = digits.next().ok_or(Malformed)??;
        *byte = high << 4 | low;
    }
    if digits.next().is_some() { Err(Malformed) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        for text in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            assert_eq!(KeyId::parse(text).unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "fake-key-id",
            "mrk-fake-key-id",
            "1234abcd12ab34cd56ef1234567890ab",
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890abc",
            "1234abcd-12ab-34cd-56ef1-234567890ab",
            "mrk-1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab0",
        ] {
            assert_eq!(KeyId::parse(wrong), Err(Malformed), "{wrong}");
        }
    }

    #[test]
    fn generated_ids_are_uuids_of_version_4() {
        assert_eq!(KeyId::generate([0xFF; 16], false).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(KeyId::generate([0; 16], false).to_string(), "00000000-0000-4000-8000-000000000000");
    }
}

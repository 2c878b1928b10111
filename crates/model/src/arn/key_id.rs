//! Ids of keys and of their material.

use std::fmt;

use base16ct::lower;

use super::{Malformed, from_digits};

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
/// The groups of a UUID: where they stand, and how long they are.
const GROUPS: [(usize, usize); 5] = [(0, 8), (9, 4), (14, 4), (19, 4), (24, 12)];

impl KeyId {
    /// From its text.
    ///
    /// # Errors
    /// [`Malformed`] for anything but the two forms.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if let Some(digits) = text.strip_prefix(PREFIX) {
            return Ok(Self { bytes: from_digits(digits.as_bytes())?, multi_region: true });
        }
        let text: &[u8; 36] = text.as_bytes().try_into().map_err(|_| Malformed)?;
        let mut digits = [0; 32];
        let mut rest = digits.as_mut_slice();
        for (at, len) in GROUPS {
            let hyphen = at.checked_sub(1).is_none_or(|before| text.get(before) == Some(&b'-'));
            let (to, after) = rest.split_at_mut_checked(len).filter(|_| hyphen).ok_or(Malformed)?;
            to.copy_from_slice(text.get(at..at + len).ok_or(Malformed)?);
            rest = after;
        }
        Ok(Self { bytes: from_digits(&digits)?, multi_region: false })
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

    /// Its text, without the detour through a formatter: ids are written several times in each call.
    #[must_use]
    pub fn text(self) -> String {
        String::from_utf8(self.characters().to_vec()).unwrap_or_default()
    }

    pub(super) fn characters(self) -> [u8; 36] {
        let mut digits = [0; 32];
        let mut digits = lower::encode(&self.bytes, &mut digits).unwrap_or_default();
        let mut text = [b'-'; 36];
        if let (true, Some((prefix, rest))) = (self.multi_region, text.split_at_mut_checked(PREFIX.len())) {
            prefix.copy_from_slice(PREFIX.as_bytes());
            rest.copy_from_slice(digits);
            return text;
        }
        for (at, len) in GROUPS {
            if let (Some(to), Some((from, rest))) = (text.get_mut(at..at + len), digits.split_at_checked(len))
            {
                to.copy_from_slice(from);
                digits = rest;
            }
        }
        text
    }

    /// Whether it is the id of a multi-Region key.
    #[must_use]
    pub const fn is_multi_region(self) -> bool {
        self.multi_region
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.characters()).unwrap_or_default())
    }
}

impl MaterialId {
    /// From its text.
    ///
    /// # Errors
    /// [`Malformed`] for anything but 64 small hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        from_digits(text.as_bytes()).map(Self)
    }

    /// From its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> String {
        lower::encode_string(&self.0)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
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

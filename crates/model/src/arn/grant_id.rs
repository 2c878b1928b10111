//! Ids of grants.

use std::fmt;

use base16ct::lower::encode_string;

use super::{Malformed, from_digits};

/// Id of a grant: 64 hexadecimal digits, small letters only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrantId([u8; 32]);

impl GrantId {
    /// Before every other.
    pub const FIRST: Self = Self([0; 32]);
    /// After every other.
    pub const LAST: Self = Self([0xFF; 32]);

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
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_string(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixty_four_small_digits_and_nothing_else() {
        let text = "0123456789abcdef".repeat(4);
        assert_eq!(GrantId::parse(&text).unwrap().to_string(), text);
        for wrong in ["", "0", &text.to_uppercase(), &format!("{text}0"), &"g".repeat(64)] {
            assert_eq!(GrantId::parse(wrong), Err(Malformed), "{wrong}");
        }
    }
}

//! Names that the caller draws at random. As text, each is 32 lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

/// Names a file of sealed bytes. No two rows of the catalog have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 16]);

/// Names an upload in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub [u8; 16]);

/// A text is not the name of a file or an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedId;

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.0, f)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.0, f)
    }
}

impl FromStr for FileId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        read_hex(text).map(Self)
    }
}

impl FromStr for UploadId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        read_hex(text).map(Self)
    }
}

impl fmt::Display for MalformedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id has 32 lower-case hexadecimal digits")
    }
}

impl std::error::Error for MalformedId {}

fn write_hex(id: [u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{:032x}", u128::from_be_bytes(id))
}

/// One id has one text: upper-case digits and signs, which the standard library takes, are none.
fn read_hex(text: &str) -> Result<[u8; 16], MalformedId> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 32 || !digits {
        return Err(MalformedId);
    }
    u128::from_str_radix(text, 16).map(u128::to_be_bytes).map_err(|_| MalformedId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written_and_in_no_other_way() {
        let id = FileId([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xab, 0xff]);
        assert_eq!(id.to_string(), "000102030405060708090a0b0c0dabff");
        assert_eq!(id.to_string().parse(), Ok(id));
        for other in ["", "00", "+00102030405060708090a0b0c0dabff", "000102030405060708090A0B0C0DABFF"] {
            assert_eq!(other.parse::<UploadId>(), Err(MalformedId), "{other}");
        }
    }
}

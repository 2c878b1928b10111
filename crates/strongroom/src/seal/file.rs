//! A seal key in a file. It protects data that leaves without the file: backups, stolen disks, a store on another
//! machine. Whoever can read both has everything.
//!
//! ```text
//! keywright-seal-key-v1
//! q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=
//! ```

use std::error::Error;
use std::fmt;

use secret::Plaintext;

use super::{KeyInHand, Seal};
use crate::aead::KEY_BYTES;
use crate::entropy::{Entropy, EntropyFailed};
use crate::error::SealError;
use crate::kdf::Label;

/// A seal whose key was read from a key file.
pub struct FileSeal(KeyInHand);

/// The text is not a seal key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAKeyFile;

impl FileSeal {
    /// The text of a new key file. Write the text where only the server can read it, and keep a copy elsewhere:
    /// without it nothing opens again.
    ///
    /// # Errors
    /// [`EntropyFailed`] if the source does not deliver.
    pub fn generate(entropy: &dyn Entropy) -> Result<Plaintext, EntropyFailed> {
        let key = Plaintext::zeroed(KEY_BYTES).fill(|out| entropy.fill(out))?.to_base64();
        Ok(Plaintext::new([HEADER, b"\n", key.reveal(), b"\n"].concat()))
    }

    /// Reads the text of a key file: the header line and one line of base64. Line ends may be LF or CR LF, and the
    /// last may be missing.
    ///
    /// # Errors
    /// [`NotAKeyFile`] for anything else.
    pub fn parse(text: &Plaintext) -> Result<Self, NotAKeyFile> {
        let line = text.reveal().strip_prefix(HEADER).ok_or(NotAKeyFile)?;
        let line = line.strip_prefix(b"\r\n").or_else(|| line.strip_prefix(b"\n")).ok_or(NotAKeyFile)?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let key = Plaintext::from_base64(line).map_err(|_| NotAKeyFile)?;
        if key.len() != KEY_BYTES {
            return Err(NotAKeyFile);
        }
        Ok(Self(KeyInHand { key, label: Label::SEAL_FILE }))
    }
}

impl Seal for FileSeal {
    fn kind(&self) -> &'static str {
        "file"
    }

    fn wrap(&self, key: &Plaintext, associated: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.0.wrap(key, associated, entropy)
    }

    fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Plaintext, SealError> {
        self.0.unwrap(wrapped, associated)
    }
}

impl fmt::Display for NotAKeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a seal key file: expected a line `keywright-seal-key-v1` and a line of base64")
    }
}

impl Error for NotAKeyFile {}

const HEADER: &[u8] = b"keywright-seal-key-v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scripted;

    const LINE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

    fn parse(text: &str) -> Result<FileSeal, NotAKeyFile> {
        FileSeal::parse(&Plaintext::new(text.into()))
    }

    #[test]
    fn a_generated_file_has_two_lines_and_parses() {
        let text = FileSeal::generate(&Scripted::new(&[&[7; 32]])).unwrap();
        assert_eq!(text.reveal(), format!("keywright-seal-key-v1\n{LINE}\n").as_bytes());
        assert_eq!(FileSeal::parse(&text).unwrap().0.key.reveal(), [7; 32]);
    }

    #[test]
    fn line_ends_may_differ() {
        for text in [format!("keywright-seal-key-v1\r\n{LINE}\r\n"), format!("keywright-seal-key-v1\n{LINE}")]
        {
            assert!(parse(&text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let short = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==";
        for text in [
            String::new(),
            "keywright-seal-key-v1".into(),
            "keywright-seal-key-v1\n".into(),
            LINE.into(),
            format!("keywright-seal-key-v2\n{LINE}\n"),
            format!("keywright-seal-key-v1\n{short}\n"),
            format!("keywright-seal-key-v1\n\n{LINE}\n"),
            format!("keywright-seal-key-v1\n{LINE}\n\n"),
            format!("keywright-seal-key-v1\n{LINE}\n{LINE}\n"),
            format!("keywright-seal-key-v1 {LINE}\n"),
        ] {
            assert!(parse(&text).is_err(), "{text:?}");
        }
    }
}

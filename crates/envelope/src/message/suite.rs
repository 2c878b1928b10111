//! What the two algorithm suites have in common, and what not (`framework/algorithm-suites.md`).

/// An algorithm suite. Both encrypt with AES-256-GCM, derive with HKDF-SHA-512, and commit to the data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// `AES_256_GCM_HKDF_SHA512_COMMIT_KEY`: no signature.
    Commits,
    /// `AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384`: a signature behind the last frame, under a key that the encryption
    /// context has.
    CommitsAndSigns,
}

impl Suite {
    /// The suite's number in messages.
    #[must_use]
    pub fn id(self) -> u16 {
        match self {
            Self::Commits => 0x0478,
            Self::CommitsAndSigns => 0x0578,
        }
    }

    pub(super) fn of_id(id: u16) -> Option<Self> {
        [Self::Commits, Self::CommitsAndSigns].into_iter().find(|suite| suite.id() == id)
    }
}

/// Plaintext bytes of the longest frame that is read: so much memory a reader needs, whatever a message says.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(super) const MESSAGE_ID_BYTES: usize = 32;
pub(super) const COMMITMENT_BYTES: usize = 32;
/// Before the number of the final frame, in the place of the number of a regular one.
pub(super) const FINAL_FRAME: u32 = u32::MAX;

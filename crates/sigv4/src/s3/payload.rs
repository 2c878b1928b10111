//! What a request states of its body, in `x-amz-content-sha256`.

/// How the body comes, as the signature covers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// As it is, with this SHA-256.
    Hash([u8; 32]),
    /// As it is, and nothing is signed of it: `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// In chunks, each with a signature: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    SignedChunks,
    /// In chunks and with a trailer, each with a signature: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`.
    SignedChunksWithTrailer,
    /// In chunks and with a trailer, of which nothing is signed: `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedTrailer,
}

impl Payload {
    /// Reads the header's value: a SHA-256 in hexadecimal digits, or one of four words. The words of Signature Version
    /// 4A are nothing.
    pub(crate) fn stated(value: &[u8]) -> Option<Self> {
        match value {
            b"UNSIGNED-PAYLOAD" => Some(Self::Unsigned),
            b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Some(Self::SignedChunks),
            b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Some(Self::SignedChunksWithTrailer),
            b"STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Some(Self::UnsignedTrailer),
            digits => {
                let mut hash = [0; 32];
                let length = base16ct::mixed::decode(digits, &mut hash).ok()?.len();
                (length == hash.len()).then_some(Self::Hash(hash))
            }
        }
    }

    /// Whether the body comes in chunks.
    #[must_use]
    pub const fn is_streamed(self) -> bool {
        matches!(self, Self::SignedChunks | Self::SignedChunksWithTrailer | Self::UnsignedTrailer)
    }

    /// Whether a trailer follows the body.
    #[must_use]
    pub const fn has_trailer(self) -> bool {
        matches!(self, Self::SignedChunksWithTrailer | Self::UnsignedTrailer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::digits;

    #[test]
    fn only_a_whole_hash_and_four_words_are_served() {
        let hash = digits(&[0xab; 32]);
        assert_eq!(Payload::stated(&hash), Some(Payload::Hash([0xab; 32])));
        assert_eq!(Payload::stated(&hash.to_ascii_uppercase()), Some(Payload::Hash([0xab; 32])));
        let longer = [&hash[..], b"ab"].concat();
        let wrong = [
            &b""[..],
            &hash[..62],
            &hash[..63],
            &longer,
            &[b'g'; 64],
            b"unsigned-payload",
            b"UNSIGNED-PAYLOAD ",
            b"STREAMING-UNSIGNED-PAYLOAD",
            b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
            b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
            b"STREAMING-AWS4-HMAC-SHA256-EVENTS",
        ];
        for value in wrong {
            assert_eq!(Payload::stated(value), None, "{value:?}");
        }
    }
}

//! Import tokens: the private half of a wrapping key on its way through the caller's hands.
//!
//! Nothing of it is stored here. The token names its algorithm and its end; the strongroom seals the wrapping key
//! bound to these and to the KMS key, so that a token for another key, or one that was altered, does not open.

use dispatch::Fault;
use minicbor::{Decode, Encode};
use model::{
    Timestamp,
    arn::KeyArn,
    kms::{AlgorithmSpec, WrappingKeySpec},
};

use state::encode;

use crate::faults;

/// How long a token is good for, in days.
pub(crate) const VALID_DAYS: u16 = 1;

/// An import token, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportToken {
    /// How material is wrapped.
    pub(super) algorithm: AlgorithmSpec,
    /// The kind of the wrapping key.
    pub(super) wrapping_key: WrappingKeySpec,
    /// When it ends.
    pub(super) valid_to: Timestamp,
    /// The wrapping key, sealed by the strongroom.
    pub(super) sealed: Vec<u8>,
}

/// The form in which callers hold it.
#[derive(Encode, Decode)]
#[cbor(map)]
struct TokenRecord<'a> {
    #[n(0)]
    valid_to: i64,
    #[b(1)]
    algorithm: &'a str,
    #[b(2)]
    wrapping_key: &'a str,
    #[cbor(b(3), with = "minicbor::bytes")]
    sealed: &'a [u8],
}

impl ImportToken {
    /// What a wrapping key for this KMS key, algorithm and time is bound to. The parts cannot run into each other:
    /// none contains a line feed.
    pub(super) fn binding(arn: &KeyArn, algorithm: AlgorithmSpec, valid_to: Timestamp) -> Vec<u8> {
        format!("import-token-v1\n{arn}\n{algorithm}\n{}", valid_to.as_millis()).into_bytes()
    }

    /// For the caller.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        encode(&TokenRecord {
            valid_to: self.valid_to.as_millis(),
            algorithm: self.algorithm.as_str(),
            wrapping_key: self.wrapping_key.as_str(),
            sealed: &self.sealed,
        })
        .to_vec()
    }

    /// From the caller. That it is genuine is only known when the strongroom has opened what is sealed in it.
    pub(super) fn parse(sent: &[u8], now: Timestamp) -> Result<Self, Fault> {
        let read = || {
            let record: TokenRecord<'_> = minicbor::decode(sent).ok()?;
            Some(Self {
                algorithm: AlgorithmSpec::parse(record.algorithm)?,
                wrapping_key: WrappingKeySpec::parse(record.wrapping_key)?,
                valid_to: Timestamp::from_millis(record.valid_to),
                sealed: record.sealed.to_vec(),
            })
        };
        let token = read().ok_or_else(|| Fault::silent(&faults::INVALID_IMPORT_TOKEN))?;
        if token.valid_to < now { Err(Fault::silent(&faults::EXPIRED_IMPORT_TOKEN)) } else { Ok(token) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_until_they_end() {
        let token = ImportToken {
            algorithm: AlgorithmSpec::RsaesOaepSha256,
            wrapping_key: WrappingKeySpec::Rsa4096,
            valid_to: Timestamp::from_millis(7),
            sealed: vec![1, 2, 3],
        };
        let bytes = token.to_bytes();
        assert_eq!(ImportToken::parse(&bytes, token.valid_to), Ok(token));
        let late = ImportToken::parse(&bytes, Timestamp::from_millis(8)).unwrap_err();
        assert_eq!(late.kind, &faults::EXPIRED_IMPORT_TOKEN);
        for length in 0..bytes.len() {
            let cut = ImportToken::parse(&bytes[..length], Timestamp::from_millis(0)).unwrap_err();
            assert_eq!(cut.kind, &faults::INVALID_IMPORT_TOKEN, "{length}");
        }
    }
}

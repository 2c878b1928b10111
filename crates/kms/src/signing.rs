//! What is signed: a message in the form that its type says, checked against the algorithm.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#KMS-Sign-request-MessageType>

use dispatch::Fault;
use model::kms::{KeySpec, MessageType, SigningAlgorithmSpec};
use secret::Plaintext;
use strongroom::{Message, Refused, SigningAlgorithm};

use crate::faults;

/// A message that goes together with the algorithm that is to sign it.
pub(crate) struct ToBeSigned {
    algorithm: SigningAlgorithm,
    kind: MessageType,
    message: Plaintext,
}

/// Bytes of ML-DSA's μ.
const MU_BYTES: usize = 64;

impl ToBeSigned {
    /// Checks that the algorithm takes messages of this type and length, for a key of this spec. Without a type they are
    /// raw.
    pub(crate) fn parse(
        spec: KeySpec,
        algorithm: SigningAlgorithmSpec,
        kind: Option<MessageType>,
        message: Plaintext,
    ) -> Result<Self, Fault> {
        let kind = kind.unwrap_or(MessageType::Raw);
        let of_strongroom = SigningAlgorithm::parse(algorithm.as_str())
            .ok_or_else(|| faults::strongroom(Refused::Unsuitable))?;
        let bytes = match (kind, of_strongroom) {
            (MessageType::Raw, SigningAlgorithm::Ed25519PhSha512) => {
                return Err(unfit(spec, algorithm, kind));
            }
            (MessageType::Raw, _) => None,
            (MessageType::ExternalMu, SigningAlgorithm::MlDsaShake256) => Some(MU_BYTES),
            (MessageType::ExternalMu, _) => return Err(unfit(spec, algorithm, kind)),
            (MessageType::Digest, algorithm_) => {
                Some(algorithm_.digest_bytes().ok_or_else(|| unfit(spec, algorithm, kind))?)
            }
        };
        if bytes.is_some_and(|bytes| message.len() != bytes) {
            return Err(faults::digest_length(algorithm.as_str()));
        }
        Ok(Self { algorithm: of_strongroom, kind, message })
    }

    /// The algorithm.
    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The message, as the strongroom takes it.
    pub(crate) fn message(&self) -> Result<Message<'_>, Refused> {
        let bytes = self.message.reveal();
        Ok(match self.kind {
            MessageType::Raw => Message::Raw(bytes),
            MessageType::Digest => Message::Digest(bytes),
            MessageType::ExternalMu => {
                Message::ExternalMu(bytes.try_into().map_err(|_| Refused::Unsuitable)?)
            }
        })
    }
}

/// AWS names the key spec where that has one algorithm only.
fn unfit(spec: KeySpec, algorithm: SigningAlgorithmSpec, kind: MessageType) -> Fault {
    let what = match algorithm {
        SigningAlgorithmSpec::MlDsaShake256 => format!("key spec {spec}"),
        _ => format!("algorithm {algorithm}"),
    };
    faults::validation(format!("Message type {kind} is incompatible with {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_takes_the_forms_that_aws_gives() {
        use SigningAlgorithmSpec as A;
        for algorithm in A::ALL {
            // Raw, length of a digest, length of a μ.
            let (raw, digest, mu) = match algorithm {
                A::RsassaPssSha256 | A::RsassaPkcs1V15Sha256 | A::EcdsaSha256 | A::Sm2dsa => {
                    (true, Some(32), None)
                }
                A::RsassaPssSha384 | A::RsassaPkcs1V15Sha384 | A::EcdsaSha384 => (true, Some(48), None),
                A::RsassaPssSha512 | A::RsassaPkcs1V15Sha512 | A::EcdsaSha512 => (true, Some(64), None),
                A::MlDsaShake256 => (true, None, Some(64)),
                A::Ed25519Sha512 => (true, None, None),
                A::Ed25519PhSha512 => (false, Some(64), None),
            };
            for bytes in [1, 31, 32, 33, 47, 48, 49, 63, 64, 65, 4096] {
                for (kind, wanted) in [
                    (None, raw),
                    (Some(MessageType::Raw), raw),
                    (Some(MessageType::Digest), digest == Some(bytes)),
                    (Some(MessageType::ExternalMu), mu == Some(bytes)),
                ] {
                    let parsed =
                        ToBeSigned::parse(KeySpec::MlDsa44, *algorithm, kind, Plaintext::zeroed(bytes));
                    assert_eq!(parsed.is_ok(), wanted, "{algorithm} {kind:?} {bytes}");
                }
            }
        }
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_told_as_aws_tells_it() {
        let parsed = ToBeSigned::parse(
            KeySpec::EccNistP256,
            SigningAlgorithmSpec::EcdsaSha256,
            Some(MessageType::Digest),
            Plaintext::zeroed(31),
        );
        let message = parsed.err().and_then(|fault| fault.message);
        assert_eq!(message.as_deref(), Some("Digest is invalid length for algorithm ECDSA_SHA_256."));
    }
}

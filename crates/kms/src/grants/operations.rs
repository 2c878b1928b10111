//! Which operations a grant can allow on which kind of key.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>

use model::kms::{GrantOperation, KeySpec, KeyUsageType};

use GrantOperation as G;

/// What grants on keys of this kind can allow.
pub(super) fn offered(spec: KeySpec, usage: KeyUsageType) -> impl Iterator<Item = GrantOperation> {
    let own: &[GrantOperation] = match (spec, usage) {
        (KeySpec::SymmetricDefault, _) => &[
            G::Decrypt,
            G::Encrypt,
            G::GenerateDataKey,
            G::GenerateDataKeyWithoutPlaintext,
            G::GenerateDataKeyPair,
            G::GenerateDataKeyPairWithoutPlaintext,
            G::ReEncryptFrom,
            G::ReEncryptTo,
        ],
        (_, KeyUsageType::EncryptDecrypt) => {
            &[G::Decrypt, G::Encrypt, G::ReEncryptFrom, G::ReEncryptTo, G::GetPublicKey]
        }
        (_, KeyUsageType::SignVerify) => &[G::Sign, G::Verify, G::GetPublicKey],
        (_, KeyUsageType::GenerateVerifyMac) => &[G::GenerateMac, G::VerifyMac],
        (_, KeyUsageType::KeyAgreement) => &[G::DeriveSharedSecret, G::GetPublicKey],
        (_, KeyUsageType::EncapsulateDecapsulate) => &[G::Encapsulate, G::Decapsulate, G::GetPublicKey],
    };
    own.iter().copied().chain([G::CreateGrant, G::RetireGrant, G::DescribeKey])
}

/// Whether a constraint on the encryption context applies to an operation: to those that have one, and to
/// `CreateGrant`, whose context is that of the grant to be made.
pub(crate) fn is_constrained(operation: GrantOperation) -> bool {
    !matches!(operation, G::DescribeKey | G::RetireGrant | G::GetPublicKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_belongs_to_some_kind_of_key() {
        for operation in GrantOperation::ALL {
            let offers = |spec: &KeySpec| {
                spec.usages().iter().any(|usage| offered(*spec, *usage).any(|offered| offered == *operation))
            };
            assert!(KeySpec::ALL.iter().any(offers), "{operation}");
        }
    }

    #[test]
    fn only_symmetric_keys_make_data_keys() {
        for spec in KeySpec::ALL {
            for usage in spec.usages() {
                let makes = offered(*spec, *usage).any(|operation| operation == G::GenerateDataKey);
                assert_eq!(makes, *spec == KeySpec::SymmetricDefault, "{spec} {usage}");
            }
        }
    }
}

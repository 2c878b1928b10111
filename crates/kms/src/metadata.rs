//! `KeyMetadata`, as `CreateKey` and `DescribeKey` answer it.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>

use model::kms::{CustomerMasterKeySpec, KeyManagerType, KeyMetadata, KeySpec, KeyUsageType};

use crate::{lifecycle::State, tables::Key};

/// What callers may know of a key.
pub(crate) fn metadata(key: &Key) -> KeyMetadata {
    KeyMetadata {
        aws_account_id: Some(key.arn.account.to_string()),
        key_id: key.arn.key_id.to_string(),
        arn: Some(key.arn.to_string()),
        creation_date: Some(key.created),
        enabled: Some(key.state == State::Enabled),
        description: Some(key.description.clone()),
        key_usage: Some(key.usage),
        key_state: Some(key.state.key_state()),
        deletion_date: match key.state {
            State::PendingDeletion { due } => Some(due),
            State::Enabled | State::Disabled => None,
        },
        origin: Some(key.origin),
        key_manager: Some(KeyManagerType::Customer),
        customer_master_key_spec: CustomerMasterKeySpec::parse(key.spec.as_str()),
        key_spec: Some(key.spec),
        encryption_algorithms: match key.usage {
            KeyUsageType::EncryptDecrypt => Some(key.spec.encryption_algorithms().to_vec()),
            _ => None,
        },
        multi_region: Some(key.arn.key_id.is_multi_region()),
        current_key_material_id: match key.spec {
            KeySpec::SymmetricDefault => Some(key.current_material.to_string()),
            _ => None,
        },
        ..KeyMetadata::default()
    }
}

//! `KeyMetadata`, as `CreateKey` and `DescribeKey` answer it.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>

use model::{
    Algorithm,
    kms::{KeyManagerType, KeyMetadata, KeySpec, OriginType},
};

use crate::{
    key::Key,
    lifecycle::State,
    materials::{Imported, StoredMaterial},
    tables::Tables,
};

/// What callers may know of a key. It need not be in the tables yet.
pub(crate) fn metadata(tables: &Tables, key: &Key) -> KeyMetadata {
    let imported = imported(tables, key);
    KeyMetadata {
        aws_account_id: Some(key.arn.account.as_str().to_owned()),
        key_id: key.arn.key_id.text(),
        arn: Some(key.arn.as_str().to_owned()),
        creation_date: Some(key.created),
        enabled: Some(key.state == State::Enabled),
        description: Some(key.description.clone()),
        key_usage: Some(key.usage),
        key_state: Some(key.state.key_state()),
        deletion_date: key.state.deletion_date(),
        pending_deletion_window_in_days: match key.state {
            State::PendingReplicaDeletion { window_days } => Some(window_days.into()),
            _ => None,
        },
        valid_to: imported.as_ref().and_then(|imported| imported.valid_to),
        expiration_model: imported.as_ref().map(Imported::expiration_model),
        origin: Some(key.origin),
        key_manager: Some(match key.managed_by {
            Some(_) => KeyManagerType::Aws,
            None => KeyManagerType::Customer,
        }),
        customer_master_key_spec: Some(key.spec),
        key_spec: Some(key.spec),
        encryption_algorithms: algorithms(key),
        signing_algorithms: algorithms(key),
        mac_algorithms: algorithms(key),
        key_agreement_algorithms: algorithms(key),
        encapsulation_algorithms: algorithms(key),
        multi_region: Some(key.arn.key_id.is_multi_region()),
        multi_region_configuration: tables.configuration(key),
        // Other keys have one material in their life, which AWS does not name.
        current_key_material_id: match key.spec {
            KeySpec::SymmetricDefault => key.current_material.map(|id| id.text()),
            _ => None,
        },
        ..KeyMetadata::default()
    }
}

/// The algorithms of one kind that the key computes: of all kinds, one is there.
pub(crate) fn algorithms<A: Algorithm>(key: &Key) -> Option<Vec<A>> {
    (key.usage == A::USAGE).then(|| A::of(key.spec).to_vec())
}

/// The expiry of the imported material that is there: of several, the first. `None` without such material.
fn imported(tables: &Tables, key: &Key) -> Option<Imported> {
    if key.origin != OriginType::External {
        return None;
    }
    let shelf = tables.shelf(&key.place())?;
    let present = |material: &StoredMaterial| material.token.as_ref().and(material.imported.clone());
    let present: Vec<Imported> =
        shelf.materials(key.arn.key_id).filter_map(|(_, material)| present(material)).collect();
    let valid_to = present.iter().filter_map(|imported| imported.valid_to).min();
    present.first().map(|_| Imported { valid_to, description: None })
}

//! Automatic rotation.

use dispatch::Backstage;
use model::kms::RotationType;

use super::Undone;
use crate::{Kms, key::Key, materials::Rotated, rotation, tables::Tables};

/// Gives a key and its replicas new material. `false` when the key changed meanwhile.
pub(super) async fn rotate(
    kms: &Kms,
    backstage: &Backstage,
    tables: &Tables,
    key: &Key,
) -> Result<bool, Undone> {
    let how = Rotated { at: backstage.clock.now(), kind: RotationType::Automatic };
    let turn = rotation::turn(kms, tables, key, how, &*backstage.entropy)?;
    Ok(backstage.commit(&turn.events, turn.change).await?)
}

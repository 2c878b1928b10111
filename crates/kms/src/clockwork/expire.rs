//! The end of imported material that was imported for a time only.

use dispatch::Backstage;
use model::arn::MaterialId;

use super::Undone;
use crate::{events, import, key::Key, tables::Shelf};

/// Deletes expired material. `false` when the key changed meanwhile.
pub(super) async fn expire(
    backstage: &Backstage,
    shelf: &Shelf,
    key: &Key,
    id: MaterialId,
) -> Result<bool, Undone> {
    let details = vec![("keyId", key.arn.key_id.to_string()), ("keyMaterialId", id.to_string())];
    let event = events::about(&key.arn, "DeleteExpiredKeyMaterial", details);
    Ok(backstage.commit(&[event], import::without(shelf, key, id)).await?)
}

//! `ListKeyRotations`: the rotations of a key, or all of its materials, the oldest first.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::MaterialId,
    kms::{
        ImportState, IncludeKeyMaterial, KeyMaterialState, ListKeyRotationsRequest, ListKeyRotationsResponse,
        OriginType, RotationsListEntry,
    },
};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToListRotations},
    import,
    key::Key,
    limits::LIST_KEY_ROTATIONS,
    materials::{Imported, StoredMaterial},
    pages, rotation,
    tables::Tables,
};

/// The operation.
pub(super) struct ListKeyRotations;

impl Operation for ListKeyRotations {
    type Service = Kms;
    type Input = ListKeyRotationsRequest;
    type Output = ListKeyRotationsResponse;
    const FACTS: Facts =
        Facts::reading("ListKeyRotations", r#"{"KeyId":"{key}","IncludeKeyMaterial":"ALL_KEY_MATERIAL"}"#)
            .on_managed()
            .at(Rate::PerSecond(100))
            .shows(&["keyId", "includeKeyMaterial", "limit", "marker"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_KEY_ROTATIONS.check(input.limit)?;
        let key = gate::key::<ToListRotations>(kms, cx, &input.key_id, &Asked::nothing())?;
        rotation::check_kind(key.record())?;
        let include = input.include_key_material.unwrap_or(IncludeKeyMaterial::RotationsOnly);

        let of = format!("{} {include}", key.id());
        let listing = pages::Listing { kms, cx, name: "ListKeyRotations", of: &of };
        let after: Option<u32> = match listing.resume(input.marker.as_deref())? {
            Some(last) => Some(last.parse().map_err(|_| faults::invalid_marker())?),
            None => None,
        };
        let tables = kms.tables();
        let history = key.shelf().history(key.id()).into_iter();
        let rotations = history.filter(|(_, material)| {
            (include == IncludeKeyMaterial::AllKeyMaterial || material.rotated.is_some())
                && after.is_none_or(|after| material.order > after)
        });
        let page = listing.page(rotations, limit, |(_, material)| material.order.to_string())?;

        let entry = |(id, material)| entry(tables, key.record(), id, material);
        Ok(ListKeyRotationsResponse {
            rotations: Some(page.items.into_iter().map(entry).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}

fn entry(tables: &Tables, key: &Key, id: MaterialId, material: &StoredMaterial) -> RotationsListEntry {
    let state = if key.current_material == Some(id) {
        KeyMaterialState::Current
    } else if key.pending_material != Some(id) {
        KeyMaterialState::NonCurrent
    } else if import::is_everywhere(tables, key, id) {
        KeyMaterialState::PendingRotation
    } else {
        KeyMaterialState::PendingMultiRegionImportAndRotation
    };
    let imported = material.imported.as_ref().filter(|_| key.origin == OriginType::External);
    // Of material that is gone, there is nothing left to expire.
    let present = imported.filter(|_| material.token.is_some());
    RotationsListEntry {
        key_id: Some(key.arn.as_str().to_owned()),
        key_material_id: Some(id.to_string()),
        key_material_description: imported.and_then(|imported| imported.description.clone()),
        import_state: (key.origin == OriginType::External).then_some(match material.token {
            Some(_) => ImportState::Imported,
            None => ImportState::PendingImport,
        }),
        key_material_state: Some(state),
        expiration_model: present.map(Imported::expiration_model),
        valid_to: present.and_then(|imported| imported.valid_to),
        rotation_date: material.rotated.map(|rotated| rotated.at),
        rotation_type: material.rotated.map(|rotated| rotated.kind),
    }
}

//! `DeleteImportedKeyMaterial`: takes material away from a key at once. The same can be imported again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::MaterialId,
    kms::{DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse, KeySpec},
};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToDeleteMaterial},
    import,
};

/// The operation.
pub(super) struct DeleteImportedKeyMaterial;

impl Operation for DeleteImportedKeyMaterial {
    type Service = Kms;
    type Input = DeleteImportedKeyMaterialRequest;
    type Output = DeleteImportedKeyMaterialResponse;
    const FACTS: Facts = Facts::changing("DeleteImportedKeyMaterial", r#"{"KeyId":"{imported-key}"}"#)
        .at(Rate::PerSecond(15))
        .shows(&["keyId", "keyMaterialId"])
        .answers(&["keyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToDeleteMaterial>(kms, cx, &input.key_id, &Asked::nothing())?;
        let record = key.record();
        import::check_origin(record)?;
        let id = match &input.key_material_id {
            Some(sent) => {
                let named = MaterialId::parse(sent).ok();
                let named = named.filter(|id| key.shelf().material(key.id(), *id).is_some());
                Some(named.ok_or_else(|| faults::material_not_found(&record.arn, sent))?)
            }
            None => record.current_material,
        };

        // Material that is not there stays so.
        let stored = id.and_then(|id| key.shelf().material(key.id(), id));
        let present = id.filter(|_| stored.is_some_and(|stored| stored.token.is_some()));
        let change = present.map(|id| import::withdrawn(kms.tables(), key.shelf(), record, id));
        let named = id.filter(|_| record.spec == KeySpec::SymmetricDefault);
        let output = DeleteImportedKeyMaterialResponse {
            key_id: Some(key.arn()),
            key_material_id: named.map(|id| id.to_string()),
        };
        Ok(Outcome { output, change })
    }
}

//! `ImportKeyMaterial`: material from elsewhere for a key that was made without.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::MaterialId,
    kms::{ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType, KeySpec},
};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToImport},
    import::{self, Arrival, Wish},
    key::Key,
};

/// The operation.
pub(super) struct ImportKeyMaterial;

impl Operation for ImportKeyMaterial {
    type Service = Kms;
    type Input = ImportKeyMaterialRequest;
    type Output = ImportKeyMaterialResponse;
    const FACTS: Facts = Facts::changing(
        "ImportKeyMaterial",
        r#"{"KeyId":"{external-key}","ImportToken":"{import-token}","EncryptedKeyMaterial":"{wrapped-material}","ExpirationModel":"KEY_MATERIAL_DOES_NOT_EXPIRE"}"#,
    )
    .at(Rate::PerSecond(15))
    .shows(&["keyId", "validTo", "expirationModel", "importType", "keyMaterialDescription", "keyMaterialId"])
    .answers(&["keyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let wish = wish(cx, &input)?;
        let key = gate::key::<ToImport>(kms, cx, &input.key_id, &asked(&input))?;
        import::check_open(key.record())?;
        check_symmetric(key.record(), &input)?;

        let record = key.record();
        let wrapped = input.encrypted_key_material;
        let made = import::unwrap(kms, cx, (&record.arn, record.spec), &input.import_token, wrapped).await?;
        let id = MaterialId::from_bytes(made.id);
        let arrival = Arrival {
            tables: kms.tables(),
            shelf: key.shelf(),
            key: record,
            id,
            token: made.token,
            public_key: made.public_key,
        };
        let change = arrival.admit(wish, cx.now)?;
        let output = ImportKeyMaterialResponse {
            key_id: Some(key.arn()),
            key_material_id: (key.record().spec == KeySpec::SymmetricDefault).then(|| id.to_string()),
        };
        Ok(Outcome::changing(output, change))
    }
}

/// What the caller says of the material, as far as it can be judged without the key.
fn wish(cx: &Cx<'_>, input: &ImportKeyMaterialRequest) -> Result<Wish, Fault> {
    let valid_to = import::expiry(input.expiration_model, input.valid_to, cx.now)?;
    if input.import_type == Some(ImportType::NewKeyMaterial) && input.key_material_id.is_some() {
        return Err(faults::validation(
            "KeyMaterialId cannot be specified when ImportType is NEW_KEY_MATERIAL.",
        ));
    }
    let material_id = match &input.key_material_id {
        Some(id) => Some(MaterialId::parse(id).map_err(|_| faults::incorrect_material())?),
        None => None,
    };
    Ok(Wish {
        import_type: input.import_type,
        material_id,
        description: input.key_material_description.clone(),
        valid_to,
    })
}

/// What policies can ask about. The expiration model is there only if it was sent.
fn asked(input: &ImportKeyMaterialRequest) -> Asked<'static> {
    let mut asked = Asked::nothing();
    if let Some(model) = input.expiration_model {
        asked = asked.with("kms:ExpirationModel", model);
    }
    if let Some(valid_to) = input.valid_to {
        asked = asked.with("kms:ValidTo", valid_to.as_seconds());
    }
    asked
}

/// What can be said of one material among several is for keys that can have several.
fn check_symmetric(key: &Key, input: &ImportKeyMaterialRequest) -> Result<(), Fault> {
    let says = input.import_type.is_some()
        || input.key_material_id.is_some()
        || input.key_material_description.is_some();
    if key.spec == KeySpec::SymmetricDefault || !says {
        return Ok(());
    }
    Err(faults::validation(
        "ImportType, KeyMaterialId and KeyMaterialDescription are only valid for symmetric encryption keys.",
    ))
}

//! `ImportKeyMaterial`: material from elsewhere for a key that was made without.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    arn::MaterialId,
    kms::{ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType, KeySpec},
};
use strongroom::{Generated, ImportRefused, Refused, SealedWrappingKey, WrappingAlgorithm, WrappingKeySpec};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToImport},
    import::{self, Arrival, ImportToken, Wish},
    tables::Key,
    workshop::Effort,
};

/// The operation.
pub(super) struct ImportKeyMaterial;

impl Operation for ImportKeyMaterial {
    type Service = Kms;
    type Input = ImportKeyMaterialRequest;
    type Output = ImportKeyMaterialResponse;
    const FACTS: Facts = Facts {
        name: "ImportKeyMaterial",
        read_only: false,
        example: r#"{"KeyId":"{external-key}","ImportToken":"{import-token}","EncryptedKeyMaterial":"{wrapped-material}","ExpirationModel":"KEY_MATERIAL_DOES_NOT_EXPIRE"}"#,
    };

    async fn run(
        kms: &Kms,
        cx: &mut Cx<'_>,
        input: ImportKeyMaterialRequest,
    ) -> Result<Outcome<ImportKeyMaterialResponse>, Fault> {
        let wish = wish(cx, &input)?;
        let key = gate::key::<ToImport>(kms, cx, &input.key_id, &asked(&input))?;
        note(cx, &input);
        import::check_open(key.record())?;
        check_symmetric(key.record(), &input)?;

        let made = unwrap(kms, cx, key.record(), &input).await?;
        let id = MaterialId::from_bytes(made.id);
        let tables = kms.tables();
        let arrival = Arrival { tables: &tables, shelf: key.shelf(), key: key.record(), id };
        let change = arrival.admit(made, wish, cx.now)?;
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

fn note(cx: &mut Cx<'_>, input: &ImportKeyMaterialRequest) {
    if let Some(model) = input.expiration_model {
        cx.notes.parameter("expirationModel", model.to_string());
    }
    if let Some(valid_to) = input.valid_to {
        cx.notes.parameter("validTo", valid_to.as_millis());
    }
    if let Some(kind) = input.import_type {
        cx.notes.parameter("importType", kind.to_string());
    }
    if let Some(description) = &input.key_material_description {
        cx.notes.parameter("keyMaterialDescription", description.clone());
    }
    if let Some(id) = &input.key_material_id {
        cx.notes.parameter("keyMaterialId", id.clone());
    }
}

/// The material, sealed for the key.
async fn unwrap(
    kms: &Kms,
    cx: &Cx<'_>,
    key: &Key,
    input: &ImportKeyMaterialRequest,
) -> Result<Generated, Fault> {
    let token = ImportToken::parse(&input.import_token, cx.now)?;
    let forged = || Fault::silent(&faults::INVALID_IMPORT_TOKEN);
    let how = WrappingAlgorithm::parse(token.algorithm.as_str()).ok_or_else(forged)?;
    let spec = WrappingKeySpec::parse(token.wrapping_key.as_str()).ok_or_else(forged)?;
    let bound = ImportToken::binding(&key.arn, token.algorithm, token.valid_to);
    let binding = gate::binding(&key.arn, key.spec);
    let wrapped = input.encrypted_key_material.clone();
    let (strongroom, entropy) = (Arc::clone(&kms.strongroom), Arc::clone(cx.entropy));
    let work = move || {
        let wrapping_key = SealedWrappingKey { sealed: &token.sealed, spec, binding: &bound };
        strongroom.import(&binding, how, &wrapping_key, &wrapped, &*entropy)
    };
    kms.workshop.work(Effort::Medium, work).await?.map_err(|refused| match refused {
        ImportRefused::NotAWrappingKey => Fault::silent(&faults::INVALID_IMPORT_TOKEN),
        ImportRefused::WouldNotUnwrap => Fault::silent(&faults::INVALID_CIPHERTEXT),
        ImportRefused::NotMaterial => faults::incorrect_material(),
        ImportRefused::Sealed => faults::strongroom(Refused::Sealed),
        ImportRefused::Broken => faults::strongroom(Refused::Broken),
    })
}

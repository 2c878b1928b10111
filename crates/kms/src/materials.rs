//! The materials of a key: one that encrypts, those before it that still decrypt, and one that may be waiting.
//!
//! A key's record is the lock of everything below it: whoever changes one of its materials replaces the key's
//! record in the same batch, on condition that it is as it was.

use std::{borrow::Cow, sync::OnceLock};

use audit::Value;
use dispatch::Cx;
use model::{
    Timestamp,
    arn::{KeyArn, MaterialId},
    kms::{ExpirationModelType, KeySpec, RotationType},
};
use state::encode;
use strongroom::{Binding, Material, Refused, Spec, Strongroom};

use crate::records::{ImportedRecord, MaterialRecord, RotatedRecord};

/// A material as it is stored, and opened once it has been used.
#[derive(Default)]
pub struct StoredMaterial {
    /// When it was made or first imported.
    pub created: Timestamp,
    /// The strongroom's token; `None` when it was deleted or has expired, or is not imported here.
    pub token: Option<Vec<u8>>,
    /// The public key of a pair: `SubjectPublicKeyInfo` in DER. Known without opening the material.
    pub public_key: Option<Vec<u8>>,
    /// Its place in the key's history, from 0.
    pub order: u32,
    /// How it became current; `None` for the first, and for one that waits for that.
    pub rotated: Option<Rotated>,
    /// What came with it when it was imported; `None` for material that was made here.
    pub imported: Option<Imported>,
    /// Opened at first use.
    pub opened: OnceLock<Material>,
}

/// Notes which material a call worked with, as CloudTrail names it: of pairs, which have one in their life, nothing.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-encrypt.html>
pub(crate) fn note(cx: &mut Cx<'_>, name: &'static str, id: Option<MaterialId>) {
    if let Some(id) = id {
        cx.notes.additional(name, Value::Bytes(id.as_bytes().to_vec().into()));
    }
}

/// How a material became current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotated {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub kind: RotationType,
}

/// What a caller said of material that it imported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// When it expires; `None` for never.
    pub valid_to: Option<Timestamp>,
    /// Free text.
    pub description: Option<String>,
}

impl StoredMaterial {
    /// The same, without what was opened: for another record of it.
    #[must_use]
    pub fn unopened(&self) -> Self {
        Self {
            created: self.created,
            token: self.token.clone(),
            public_key: self.public_key.clone(),
            order: self.order,
            rotated: self.rotated,
            imported: self.imported.clone(),
            opened: OnceLock::new(),
        }
    }

    /// The material itself, opened at first use.
    ///
    /// # Errors
    /// [`Refused::WouldNotOpen`] also when it is not there.
    pub(crate) fn open(&self, strongroom: &Strongroom, binding: &Binding) -> Result<&Material, Refused> {
        if let Some(material) = self.opened.get() {
            return Ok(material);
        }
        let token = self.token.as_ref().ok_or(Refused::WouldNotOpen)?;
        let material = strongroom.material(token, binding)?;
        Ok(self.opened.get_or_init(|| material))
    }

    /// When it is deleted because it has expired.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.token.as_ref().and_then(|_| self.imported.as_ref()?.valid_to)
    }

    /// The stored form.
    #[must_use]
    pub fn encode(&self) -> bytes::Bytes {
        encode(&MaterialRecord {
            created: self.created.as_millis(),
            token: self.token.as_deref().unwrap_or_default().into(),
            public_key: self.public_key.as_deref().map(Into::into),
            order: self.order,
            rotated: self
                .rotated
                .map(|rotated| RotatedRecord { at: rotated.at.as_millis(), kind: rotated.kind.as_str() }),
            imported: self.imported.as_ref().map(|imported| ImportedRecord {
                valid_to: imported.valid_to.map(Timestamp::as_millis),
                description: imported.description.as_deref().map(Into::into),
            }),
        })
    }

    /// From the stored form.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let record: MaterialRecord<'_> = minicbor::decode(value).ok()?;
        let rotated = match record.rotated {
            Some(rotated) => Some(Rotated {
                at: Timestamp::from_millis(rotated.at),
                kind: RotationType::parse(rotated.kind)?,
            }),
            None => None,
        };
        Some(Self {
            created: Timestamp::from_millis(record.created),
            token: (!record.token.is_empty()).then(|| record.token.into_owned()),
            public_key: record.public_key.map(Cow::into_owned),
            order: record.order,
            rotated,
            imported: record.imported.map(|imported| Imported {
                valid_to: imported.valid_to.map(Timestamp::from_millis),
                description: imported.description.map(Into::into),
            }),
            opened: OnceLock::new(),
        })
    }
}

/// What the strongroom binds a key's material to.
pub(crate) fn binding(arn: &KeyArn, spec: KeySpec) -> Binding {
    Binding {
        account: arn.account.as_u64(),
        key_id: arn.key_id.bytes(),
        multi_region: arn.key_id.is_multi_region(),
        spec: self::spec(spec),
    }
}

/// The strongroom's name for a key spec.
pub(crate) fn spec(spec: KeySpec) -> Spec {
    match spec {
        KeySpec::SymmetricDefault => Spec::SymmetricDefault,
        KeySpec::Rsa2048 => Spec::Rsa2048,
        KeySpec::Rsa3072 => Spec::Rsa3072,
        KeySpec::Rsa4096 => Spec::Rsa4096,
        KeySpec::EccNistP256 => Spec::EccNistP256,
        KeySpec::EccNistP384 => Spec::EccNistP384,
        KeySpec::EccNistP521 => Spec::EccNistP521,
        KeySpec::EccSecgP256k1 => Spec::EccSecgP256k1,
        KeySpec::EccNistEdwards25519 => Spec::EccNistEdwards25519,
        KeySpec::Hmac224 => Spec::Hmac224,
        KeySpec::Hmac256 => Spec::Hmac256,
        KeySpec::Hmac384 => Spec::Hmac384,
        KeySpec::Hmac512 => Spec::Hmac512,
        KeySpec::MlDsa44 => Spec::MlDsa44,
        KeySpec::MlDsa65 => Spec::MlDsa65,
        KeySpec::MlDsa87 => Spec::MlDsa87,
        KeySpec::MlKem512 => Spec::MlKem512,
        KeySpec::MlKem768 => Spec::MlKem768,
        KeySpec::MlKem1024 => Spec::MlKem1024,
        KeySpec::Sm2 => Spec::Sm2,
    }
}

impl Imported {
    /// As on the wire.
    #[must_use]
    pub fn expiration_model(&self) -> ExpirationModelType {
        match self.valid_to {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_earlier_versions_are_read() {
        // {0: 5, 1: h'0102'}
        let old = StoredMaterial::decode(&[0xA2, 0x00, 0x05, 0x01, 0x42, 1, 2]).unwrap();
        assert_eq!((old.created, old.token, old.order), (Timestamp::from_millis(5), Some(vec![1, 2]), 0));
        assert_eq!((old.rotated, old.imported, old.public_key), (None, None, None));
    }

    #[test]
    fn every_field_comes_back() {
        let material = StoredMaterial {
            created: Timestamp::from_millis(1),
            token: Some(vec![7]),
            public_key: Some(vec![8, 9]),
            order: 3,
            rotated: Some(Rotated { at: Timestamp::from_millis(9), kind: RotationType::OnDemand }),
            imported: Some(Imported {
                valid_to: Some(Timestamp::from_millis(99)),
                description: Some("from the safe".to_owned()),
            }),
            opened: OnceLock::new(),
        };
        let read = StoredMaterial::decode(&material.encode()).unwrap();
        assert_eq!((read.created, &read.token, read.order), (material.created, &material.token, 3));
        assert_eq!((read.rotated, &read.imported), (material.rotated, &material.imported));
        assert_eq!(read.public_key, material.public_key);
        assert_eq!(read.expires(), Some(Timestamp::from_millis(99)));
        let gone = StoredMaterial { token: None, ..read };
        assert_eq!(StoredMaterial::decode(&gone.encode()).unwrap().expires(), None);
    }
}

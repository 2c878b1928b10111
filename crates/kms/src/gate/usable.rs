//! A key that may be used, for one purpose.

mod pairs;

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use dispatch::{Cx, Fault};
use model::{
    Algorithm, Blob,
    arn::{KeyId, MaterialId},
    kms::{EncryptionAlgorithmSpec, KeySpec},
};
use secret::Plaintext;
use state::replaced;
use store::Batch;
use strongroom::{Context, Material, PublicKeyEncryption, Refused, Strongroom};

use super::{Changes, Decrypts, Encrypts, Use};
use crate::{
    Kms, faults,
    key::Key,
    lifecycle::{Refusal, State},
    materials::binding,
    tables::Shelf,
};

/// A key for which the gate said yes, for the purpose `U`. Only the gate makes one.
pub(crate) struct Usable<U> {
    key: Arc<Key>,
    shelf: Arc<Shelf>,
    strongroom: Arc<Strongroom>,
    purpose: PhantomData<U>,
}

/// What a blob held.
pub(crate) struct Opened {
    pub(crate) plaintext: Plaintext,
    /// The symmetric material it was encrypted under.
    pub(crate) material: Option<MaterialId>,
}

type EncryptionContext = BTreeMap<String, String>;

impl<U: Use> Usable<U> {
    pub(super) fn new(key: Arc<Key>, shelf: Arc<Shelf>, strongroom: Arc<Strongroom>) -> Self {
        Self { key, shelf, strongroom, purpose: PhantomData }
    }

    /// The key's ARN, as answers carry it.
    pub(crate) fn arn(&self) -> String {
        self.key.arn.as_str().to_owned()
    }

    /// The key's id.
    pub(crate) fn id(&self) -> KeyId {
        self.key.arn.key_id
    }

    /// Everything but the material.
    pub(crate) fn record(&self) -> &Arc<Key> {
        &self.key
    }

    /// The keys and aliases beside it.
    pub(crate) fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Checks that the key computes this algorithm.
    pub(crate) fn supports<A: Algorithm>(&self, algorithm: A) -> Result<(), Fault> {
        if A::of(self.key.spec).contains(&algorithm) {
            return Ok(());
        }
        Err(faults::incompatible(algorithm.as_str(), self.key.spec.as_str()))
    }

    fn material(&self, id: MaterialId) -> Result<&Material, Refused> {
        let stored = self.shelf.material(self.id(), id).ok_or(Refused::WouldNotOpen)?;
        stored.open(&self.strongroom, &binding(&self.key.arn, self.key.spec))
    }

    /// The record contradicts itself, unless the strongroom is only sealed.
    fn unopened(&self, refused: Refused) -> Fault {
        match refused {
            Refused::Sealed => faults::strongroom(refused),
            _ => faults::inconsistent(format_args!("{} has no material that opens", self.key.arn)),
        }
    }
}

impl<U: Encrypts> Usable<U> {
    /// The blob of a plaintext under the key's current material, which is symmetric.
    pub(crate) fn encrypt(
        &self,
        cx: &Cx<'_>,
        plaintext: &Plaintext,
        context: Option<&EncryptionContext>,
    ) -> Result<Blob, Fault> {
        let current = self.key.current_material.ok_or(Refused::WouldNotOpen);
        let material = current.and_then(|id| self.material(id)).map_err(|refused| self.unopened(refused))?;
        let blob = material.encrypt(plaintext, &canonical(context), cx.entropy);
        blob.map(Blob::from).map_err(faults::strongroom)
    }

    /// The ciphertext of a plaintext by an algorithm of the key: a blob, or what the public key makes of it.
    pub(crate) async fn encrypt_by(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        algorithm: EncryptionAlgorithmSpec,
        plaintext: Plaintext,
        context: Option<&EncryptionContext>,
    ) -> Result<Blob, Fault> {
        match public(algorithm) {
            None => self.encrypt(cx, &plaintext, context),
            Some(algorithm) => self.encrypt_to_public(kms, cx, algorithm, plaintext).await,
        }
    }

    /// Checks that the key takes so much at a time by this algorithm.
    pub(crate) fn takes(
        &self,
        algorithm: EncryptionAlgorithmSpec,
        plaintext: &Plaintext,
    ) -> Result<(), Fault> {
        match self.key.spec.plaintext_bytes_max(algorithm) {
            Some(max) if plaintext.len() > max => {
                Err(faults::plaintext_too_long(algorithm.as_str(), self.key.spec.as_str(), max))
            }
            _ => Ok(()),
        }
    }

    /// The id of the material that encrypts. Pairs have one material, which AWS does not name.
    pub(crate) fn material_id(&self) -> Option<MaterialId> {
        match self.key.spec {
            KeySpec::SymmetricDefault => self.key.current_material,
            _ => None,
        }
    }
}

impl<U: Decrypts> Usable<U> {
    /// Decrypts by an algorithm of the key. Whatever is wrong with the ciphertext, the caller learns only that
    /// something is.
    pub(crate) async fn decrypt(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        algorithm: EncryptionAlgorithmSpec,
        ciphertext: Blob,
        context: Option<&EncryptionContext>,
    ) -> Result<Opened, Fault> {
        if let Some(algorithm) = public(algorithm) {
            let plaintext = self.decrypt_with_private(kms, cx, algorithm, ciphertext).await?;
            return Ok(Opened { plaintext, material: None });
        }
        let open = || {
            let blob = strongroom::Blob::parse(&ciphertext)?;
            let material = MaterialId::from_bytes(blob.material_id());
            let plaintext = self.material(material)?.decrypt(&blob, &canonical(context))?;
            Ok(Opened { plaintext, material: Some(material) })
        };
        open().map_err(|refused| match refused {
            Refused::Sealed => faults::strongroom(refused),
            _ => Fault::silent(&faults::INVALID_CIPHERTEXT),
        })
    }
}

impl<U: Changes> Usable<U> {
    /// The state that a step of the life cycle leads to.
    pub(crate) fn next(&self, step: impl FnOnce(State) -> Result<State, Refusal>) -> Result<State, Fault> {
        step(self.key.state).map_err(|refusal| faults::refused(&self.key.arn, refusal))
    }

    /// The change that takes the key a step on; `None` when it is there already.
    pub(crate) fn moved(
        &self,
        step: impl FnOnce(State) -> Result<State, Refusal>,
    ) -> Result<Option<Batch>, Fault> {
        let state = self.next(step)?;
        let changed = state != self.key.state;
        Ok(changed.then(|| self.replaced(&Key { state, ..Key::clone(&self.key) })))
    }

    /// The change that puts another record in the place of the one that the gate saw.
    pub(crate) fn replaced(&self, key: &Key) -> Batch {
        replaced(&*self.key, key)
    }
}

/// How a public key encrypts by this algorithm; `None` for the one that makes blobs.
fn public(algorithm: EncryptionAlgorithmSpec) -> Option<PublicKeyEncryption> {
    use EncryptionAlgorithmSpec as A;
    match algorithm {
        A::SymmetricDefault => None,
        A::RsaesOaepSha1 => Some(PublicKeyEncryption::RsaesOaepSha1),
        A::RsaesOaepSha256 => Some(PublicKeyEncryption::RsaesOaepSha256),
        A::Sm2pke => Some(PublicKeyEncryption::Sm2Pke),
    }
}

fn canonical(context: Option<&EncryptionContext>) -> Context {
    context.map_or_else(Context::empty, Context::new)
}

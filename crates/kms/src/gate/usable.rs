//! A key that may be used, for one purpose.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use dispatch::{Cx, Fault};
use model::{
    Blob,
    arn::{KeyArn, KeyId, MaterialId},
    kms::{EncryptionAlgorithmSpec, KeySpec},
};
use secret::Plaintext;
use store::{Batch, Precondition};
use strongroom::{Binding, Context, Material, Refused, Spec, Strongroom};

use super::{Changes, Decrypts, Encrypts, Use};
use crate::{
    faults,
    lifecycle::{Refusal, State},
    tables::{Key, Shelf},
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
    /// The material it was encrypted under.
    pub(crate) material: MaterialId,
}

type EncryptionContext = BTreeMap<String, String>;

impl<U: Use> Usable<U> {
    pub(super) fn new(key: Arc<Key>, shelf: Arc<Shelf>, strongroom: Arc<Strongroom>) -> Self {
        Self { key, shelf, strongroom, purpose: PhantomData }
    }

    /// The key's ARN, as answers carry it.
    pub(crate) fn arn(&self) -> String {
        self.key.arn.to_string()
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

    /// Holds in a batch as long as the key's record is the one that the gate saw.
    pub(crate) fn unchanged(&self) -> Precondition {
        Precondition::At(self.at(), self.key.revision)
    }

    /// Checks that the key computes this algorithm.
    pub(crate) fn supports(&self, algorithm: EncryptionAlgorithmSpec) -> Result<(), Fault> {
        if self.key.spec.encryption_algorithms().contains(&algorithm) {
            return Ok(());
        }
        Err(faults::incompatible(algorithm.as_str(), self.key.spec.as_str()))
    }

    fn at(&self) -> store::Key {
        self.key.place().key(self.id())
    }

    fn material(&self, id: MaterialId) -> Result<&Material, Refused> {
        let stored = self.shelf.material(self.id(), id).ok_or(Refused::WouldNotOpen)?;
        if let Some(material) = stored.opened.get() {
            return Ok(material);
        }
        let token = stored.token.as_ref().ok_or(Refused::WouldNotOpen)?;
        let material = self.strongroom.material(token, &binding(&self.key.arn, self.key.spec))?;
        Ok(stored.opened.get_or_init(|| material))
    }
}

impl<U: Encrypts> Usable<U> {
    /// The blob of a plaintext under the key's current material.
    pub(crate) fn encrypt(
        &self,
        cx: &Cx<'_>,
        plaintext: &Plaintext,
        context: Option<&EncryptionContext>,
    ) -> Result<Blob, Fault> {
        let current = self.key.current_material.ok_or(Refused::WouldNotOpen);
        let material = current.and_then(|id| self.material(id)).map_err(|refused| match refused {
            Refused::Sealed => faults::sealed(),
            _ => faults::inconsistent(format_args!("{} has no material that opens", self.key.arn)),
        })?;
        let blob = material.encrypt(plaintext, &canonical(context), cx.entropy);
        blob.map(Blob::from).map_err(|_| Fault::internal("the strongroom could not encrypt"))
    }

    /// The id of the material that encrypts.
    pub(crate) fn material_id(&self) -> Option<String> {
        self.key.current_material.map(|id| id.to_string())
    }
}

impl<U: Decrypts> Usable<U> {
    /// Opens a blob. Whatever is wrong with it, the caller learns only that something is.
    pub(crate) fn decrypt(&self, blob: &[u8], context: Option<&EncryptionContext>) -> Result<Opened, Fault> {
        let open = || {
            let blob = strongroom::Blob::parse(blob)?;
            let material = MaterialId::from_bytes(blob.material_id());
            let plaintext = self.material(material)?.decrypt(&blob, &canonical(context))?;
            Ok(Opened { plaintext, material })
        };
        open().map_err(|refused| match refused {
            Refused::Sealed => faults::sealed(),
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
        Batch {
            preconditions: vec![self.unchanged()],
            puts: vec![(self.at(), key.encode())],
            deletes: Vec::new(),
        }
    }
}

/// What the strongroom binds a key's material to.
pub(crate) fn binding(arn: &KeyArn, spec: KeySpec) -> Binding {
    // Only symmetric keys are made so far; the strongroom's specs grow with the key types.
    let spec = match spec {
        KeySpec::SymmetricDefault => Spec::SymmetricDefault,
        _ => Spec::SymmetricDefault,
    };
    Binding {
        account: arn.account.as_u64(),
        key_id: arn.key_id.bytes(),
        multi_region: arn.key_id.is_multi_region(),
        spec,
    }
}

fn canonical(context: Option<&EncryptionContext>) -> Context {
    context.map_or_else(Context::empty, Context::new)
}

//! What key pairs and MAC keys compute. Much of it takes long and is done in the workshop.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::Blob;
use secret::Plaintext;
use strongroom::{AgreeRefused, Material, PublicKeyEncryption, Refused};

use super::{
    super::{
        Agrees, Decapsulates, Decrypts, Encapsulates, Encrypts, MakesMacs, Signs, ToGetPublicKey, Use,
        Verifies, VerifiesMacs,
    },
    Usable, binding,
};
use crate::{
    Kms, faults,
    signing::ToBeSigned,
    workshop::{Customer, Effort},
};

impl Usable<ToGetPublicKey> {
    /// The public key of a pair, as `SubjectPublicKeyInfo` in DER; `None` for keys that are no pair.
    pub(crate) fn public_key(&self) -> Option<Blob> {
        let material = self.shelf.material(self.id(), self.key.current_material?)?;
        material.public_key.clone().map(Blob::from)
    }
}

impl<U: Signs> Usable<U> {
    /// The signature of a message.
    pub(crate) async fn sign(&self, kms: &Kms, cx: &Cx<'_>, signed: ToBeSigned) -> Result<Blob, Fault> {
        let entropy = Arc::clone(cx.entropy);
        let sign =
            move |key: &Material| key.sign(signed.algorithm(), signed.message()?, &entropy).map(Blob::from);
        self.compute(kms, cx, Effort::of_private(self.key.spec), sign).await?.map_err(faults::strongroom)
    }
}

impl<U: Verifies> Usable<U> {
    /// Checks the signature of a message.
    pub(crate) async fn verify(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        signed: ToBeSigned,
        signature: Blob,
    ) -> Result<(), Fault> {
        let verify = move |key: &Material| key.verify(signed.algorithm(), signed.message()?, &signature);
        let verified = self.compute(kms, cx, Effort::of_public(self.key.spec), verify).await?;
        verified.map_err(|refused| silent(refused, Fault::silent(&faults::INVALID_SIGNATURE)))
    }
}

impl<U: MakesMacs> Usable<U> {
    /// The MAC of a message.
    pub(crate) async fn mac(&self, kms: &Kms, cx: &Cx<'_>, message: Plaintext) -> Result<Blob, Fault> {
        let mac = move |key: &Material| key.mac(message.reveal()).map(Blob::from);
        self.compute(kms, cx, Effort::Small, mac).await?.map_err(faults::strongroom)
    }
}

impl<U: VerifiesMacs> Usable<U> {
    /// Checks the MAC of a message.
    pub(crate) async fn verify_mac(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        message: Plaintext,
        mac: Blob,
    ) -> Result<(), Fault> {
        let verify = move |key: &Material| key.verify_mac(message.reveal(), &mac);
        let verified = self.compute(kms, cx, Effort::Small, verify).await?;
        verified.map_err(|refused| silent(refused, Fault::silent(&faults::INVALID_MAC)))
    }
}

impl<U: Encrypts> Usable<U> {
    pub(super) async fn encrypt_to_public(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        algorithm: PublicKeyEncryption,
        plaintext: Plaintext,
    ) -> Result<Blob, Fault> {
        let entropy = Arc::clone(cx.entropy);
        let encrypt =
            move |key: &Material| key.encrypt_to_public(algorithm, &plaintext, &entropy).map(Blob::from);
        self.compute(kms, cx, Effort::of_public(self.key.spec), encrypt).await?.map_err(faults::strongroom)
    }
}

impl<U: Decrypts> Usable<U> {
    pub(super) async fn decrypt_with_private(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        algorithm: PublicKeyEncryption,
        ciphertext: Blob,
    ) -> Result<Plaintext, Fault> {
        let decrypt = move |key: &Material| key.decrypt_with_private(algorithm, &ciphertext);
        let decrypted = self.compute(kms, cx, Effort::of_private(self.key.spec), decrypt).await?;
        decrypted.map_err(|refused| silent(refused, Fault::silent(&faults::INVALID_CIPHERTEXT)))
    }
}

impl<U: Agrees> Usable<U> {
    /// The secret shared with the owner of a public key. AWS says nothing about what is wrong with that.
    pub(crate) async fn agree(&self, kms: &Kms, cx: &Cx<'_>, peer: Blob) -> Result<Plaintext, Fault> {
        let agree = move |key: &Material| key.agree(&peer);
        let agreed = self.compute(kms, cx, Effort::of_private(self.key.spec), agree).await?;
        agreed.map_err(|refused| match refused {
            AgreeRefused::NotAPeer => Fault::silent(&dispatch::fault::VALIDATION),
            AgreeRefused::Unsuitable => faults::strongroom(Refused::Unsuitable),
        })
    }
}

impl<U: Encapsulates> Usable<U> {
    /// A ciphertext, and the secret that the key's owner takes out of it.
    pub(crate) async fn encapsulate(&self, kms: &Kms, cx: &Cx<'_>) -> Result<(Blob, Plaintext), Fault> {
        let encapsulate = |key: &Material| key.encapsulate();
        let made = self.compute(kms, cx, Effort::of_public(self.key.spec), encapsulate).await?;
        made.map(|(ciphertext, secret)| (ciphertext.into(), secret)).map_err(faults::strongroom)
    }
}

impl<U: Decapsulates> Usable<U> {
    /// The secret in a ciphertext. One that was made up has one too.
    pub(crate) async fn decapsulate(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        ciphertext: Blob,
    ) -> Result<Plaintext, Fault> {
        let decapsulate = move |key: &Material| key.decapsulate(&ciphertext);
        let taken = self.compute(kms, cx, Effort::of_private(self.key.spec), decapsulate).await?;
        taken.map_err(|refused| silent(refused, Fault::silent(&faults::INVALID_CIPHERTEXT)))
    }
}

impl<U: Use> Usable<U> {
    /// Computes with the key's one material, where there is a place for so much effort.
    async fn compute<T, E>(
        &self,
        kms: &Kms,
        cx: &Cx<'_>,
        effort: Effort,
        compute: impl FnOnce(&Material) -> Result<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, Fault>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let stored = self.key.current_material.and_then(|id| self.shelf.material(self.id(), id));
        let stored = Arc::clone(stored.ok_or_else(|| self.unopened(Refused::WouldNotOpen))?);
        let effort = match stored.opened.get() {
            Some(_) => effort,
            None => effort.max(Effort::of_private(self.key.spec)),
        };
        let binding = binding(&self.key.arn, self.key.spec);
        let strongroom = Arc::clone(&self.strongroom);
        let work = move || stored.open(&strongroom, &binding).map(compute);
        kms.workshop.work(|| Customer::of(cx), effort, work).await?.map_err(|refused| self.unopened(refused))
    }
}

/// The caller's fault, if what the caller sent would not open; ours otherwise.
fn silent(refused: Refused, fault: Fault) -> Fault {
    match refused {
        Refused::WouldNotOpen => fault,
        _ => faults::strongroom(refused),
    }
}

//! The strongroom itself: the open domain keys, and the work under them.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use secret::Plaintext;

use crate::binding::Binding;
use crate::domain::{DomainKey, DomainKeys, SealedDomainKey};
use crate::entropy::Entropy;
use crate::envelope::{Broken, Sealer};
use crate::error::{Refused, SealError, UnsealError};
use crate::import::{
    self, ImportRefused, SealedWrappingKey, WrappingAlgorithm, WrappingKey, WrappingKeySpec,
};
use crate::kdf::Label;
use crate::mac;
use crate::material::{self, Generated, Material};
use crate::pair::Pair;
use crate::purpose::{Purpose, tag_key};
use crate::seal::Seal;
use crate::selftest;
use crate::spec::{Family, Spec};

/// Holds the domain keys. It starts sealed, and only [`Strongroom::unseal`] changes it. Threads share it by
/// reference and never wait.
pub struct Strongroom {
    keys: ArcSwapOption<DomainKeys>,
}

impl Strongroom {
    /// A strongroom without keys, which refuses all work.
    #[must_use]
    pub fn sealed() -> Self {
        Self { keys: ArcSwapOption::empty() }
    }

    /// Opens domain keys, all of `keys` or none, and adds them to those already open. Call it again when a
    /// rotation, here or on another node, has stored a new key. The highest number seals from then on.
    ///
    /// # Errors
    /// [`UnsealError`]; the strongroom is then as it was.
    pub fn unseal(&self, seal: &dyn Seal, keys: &[SealedDomainKey]) -> Result<(), UnsealError> {
        selftest::run()?;
        if keys.is_empty() {
            return Err(UnsealError::NoKeys);
        }
        let open = |key: &SealedDomainKey| {
            let opened = key.open(seal).and_then(|key| DomainKey::new(key).map_err(|_| SealError::Broken));
            match opened {
                Ok(opened) => Ok((key.number(), Arc::new(opened))),
                Err(cause) => Err(UnsealError::NotOpened { number: key.number(), cause }),
            }
        };
        self.add(&keys.iter().map(open).collect::<Result<Vec<_>, _>>()?)
    }

    /// Whether there is a key to work with.
    #[must_use]
    pub fn is_unsealed(&self) -> bool {
        self.keys.load().is_some()
    }

    /// The number of the domain key that seals: the highest that is open. `None` while the strongroom is sealed.
    #[must_use]
    pub fn newest(&self) -> Option<u32> {
        self.keys.load().as_ref().and_then(|keys| keys.active()).map(|(number, _)| number)
    }

    /// New random material for a key.
    ///
    /// # Errors
    /// [`Refused::Sealed`] or [`Refused::Broken`].
    pub fn generate(&self, binding: &Binding, entropy: &dyn Entropy) -> Result<Generated, Refused> {
        if !self.is_unsealed() {
            return Err(Refused::Sealed);
        }
        self.keep(&material::generate(binding.spec, entropy)?, binding, entropy)
    }

    /// A new key pair for a caller to keep. Nothing of the pair stays here.
    ///
    /// # Errors
    /// [`Refused::Unsuitable`] for a spec without data key pairs in AWS; [`Refused::Sealed`] or
    /// [`Refused::Broken`].
    pub fn generate_pair(&self, spec: Spec, entropy: &dyn Entropy) -> Result<Pair, Refused> {
        if !self.is_unsealed() {
            return Err(Refused::Sealed);
        }
        if !spec.family().has_pairs_for_callers() {
            return Err(Refused::Unsuitable);
        }
        let key = material::open_pair(spec, &material::generate(spec, entropy)?)?;
        Ok(Pair { private: key.to_pkcs8()?, public: key.public_key()? })
    }

    /// A new key to wrap material with. Whoever passes `binding` again can unwrap with the key, so `binding` names
    /// what the key is for and how long. RSA takes 50 to 500 ms.
    ///
    /// # Errors
    /// [`Refused::Sealed`] or [`Refused::Broken`].
    pub fn wrapping_key(
        &self,
        spec: WrappingKeySpec,
        binding: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<WrappingKey, Refused> {
        if !self.is_unsealed() {
            return Err(Refused::Sealed);
        }
        let plain = spec.generate(entropy)?;
        let public = spec.open(&plain)?.public_key()?;
        let sealed =
            self.seal_token(&WRAPPING_KEY_TOKEN, &wrapping_binding(spec, binding), &plain, entropy)?;
        Ok(WrappingKey { public, sealed })
    }

    /// Unwraps material and seals it for its key.
    ///
    /// # Errors
    /// [`ImportRefused`].
    pub fn import(
        &self,
        binding: &Binding,
        how: WrappingAlgorithm,
        wrapping_key: &SealedWrappingKey<'_>,
        wrapped: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Generated, ImportRefused> {
        let SealedWrappingKey { sealed, spec, binding: bound } = *wrapping_key;
        let key = self.open_token(&WRAPPING_KEY_TOKEN, &wrapping_binding(spec, bound), sealed)?;
        let key = spec.open(&key).map_err(|_| ImportRefused::Broken)?;
        self.import_plaintext(binding, &spec.unwrap(key.as_ref(), how, wrapped)?, entropy)
    }

    /// Seals material that comes in plaintext, in AWS's form for import.
    ///
    /// # Errors
    /// [`ImportRefused::NotMaterial`], [`ImportRefused::Sealed`] or [`ImportRefused::Broken`].
    pub fn import_plaintext(
        &self,
        binding: &Binding,
        material: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Generated, ImportRefused> {
        if !self.is_unsealed() {
            return Err(ImportRefused::Sealed);
        }
        let plain = import::plain_form(binding.spec, material).ok_or(ImportRefused::NotMaterial)?;
        self.keep(&plain, binding, entropy).map_err(|refused| match refused {
            Refused::Sealed => ImportRefused::Sealed,
            _ => ImportRefused::Broken,
        })
    }

    /// Seals post-quantum material that comes in plaintext: the seed of an ML-DSA key (FIPS 204, algorithm 1), or
    /// the decapsulation key of an ML-KEM key (FIPS 203, algorithm 16). AWS has no form to import such material.
    ///
    /// # Errors
    /// As [`Strongroom::import_plaintext`].
    pub fn import_post_quantum(
        &self,
        binding: &Binding,
        material: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Generated, ImportRefused> {
        if !matches!(binding.spec.family(), Family::MlDsa(_) | Family::MlKem(_)) {
            return Err(ImportRefused::NotMaterial);
        }
        self.keep(material, binding, entropy).map_err(|refused| match refused {
            Refused::Sealed => ImportRefused::Sealed,
            // Bytes that do not open are no key.
            _ => ImportRefused::NotMaterial,
        })
    }

    /// Opens the token of a key's material.
    ///
    /// # Errors
    /// [`Refused::Sealed`]; [`Refused::WouldNotOpen`] if the token was made for another binding, was altered, or is
    /// under a domain key that is not open here; [`Refused::Broken`] if the token holds no material.
    pub fn material(&self, token: &[u8], binding: &Binding) -> Result<Material, Refused> {
        let plain = self.open_token(&MATERIAL_TOKEN, &binding.to_bytes(), token)?;
        Ok(Material::new(&plain, binding)?)
    }

    /// Seals one of the server's secrets under its purpose and a name, such as an access key id.
    ///
    /// # Errors
    /// [`Refused::Sealed`] or [`Refused::Broken`].
    pub fn seal_secret(
        &self,
        purpose: Purpose,
        name: &[u8],
        secret: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        self.seal_token(&SECRET_TOKEN, &purpose.named(name), secret, entropy)
    }

    /// Opens a secret sealed under the same purpose and name.
    ///
    /// # Errors
    /// [`Refused::Sealed`], or [`Refused::WouldNotOpen`] for any other token.
    pub fn open_secret(&self, purpose: Purpose, name: &[u8], token: &[u8]) -> Result<Plaintext, Refused> {
        self.open_token(&SECRET_TOKEN, &purpose.named(name), token)
    }

    /// Authenticates a message that is handed out and comes back. A tag has 36 bytes: the number of the domain key,
    /// so that tags outlive the key's rotation, and an HMAC. A tag does not hide the message.
    ///
    /// # Errors
    /// [`Refused::Sealed`] or [`Refused::Broken`].
    pub fn tag(&self, purpose: Purpose, message: &[u8]) -> Result<Vec<u8>, Refused> {
        let keys = self.keys.load();
        let (number, key) = keys.as_ref().and_then(|keys| keys.active()).ok_or(Refused::Sealed)?;
        let mac = mac::sign(tag_key(key.key(), purpose)?.reveal(), message);
        Ok([&number.to_be_bytes(), mac.as_ref()].concat())
    }

    /// Checks a tag.
    ///
    /// # Errors
    /// [`Refused::Sealed`], or [`Refused::WouldNotOpen`] unless [`Strongroom::tag`] made it for this
    /// purpose and message.
    pub fn check_tag(&self, purpose: Purpose, message: &[u8], tag: &[u8]) -> Result<(), Refused> {
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(Refused::Sealed)?;
        let (number, mac) = tag.split_first_chunk().ok_or(Refused::WouldNotOpen)?;
        let key = keys.get(u32::from_be_bytes(*number)).ok_or(Refused::WouldNotOpen)?;
        let genuine = mac::verify(tag_key(key.key(), purpose)?.reveal(), message, mac);
        if genuine { Ok(()) } else { Err(Refused::WouldNotOpen) }
    }

    /// The open domain keys; `None` while sealed.
    pub(crate) fn domain_keys(&self) -> Option<Arc<DomainKeys>> {
        self.keys.load_full()
    }

    /// Adds opened keys, even when another call does the same at the same time.
    fn add(&self, opened: &[(u32, Arc<DomainKey>)]) -> Result<(), UnsealError> {
        let mut outcome = Ok(());
        self.keys.rcu(|current| {
            let mut keys = current.as_deref().cloned().unwrap_or_default();
            outcome = opened.iter().try_for_each(|(number, key)| keys.add(*number, key));
            if outcome.is_ok() { Some(Arc::new(keys)) } else { current.clone() }
        });
        outcome.map_err(UnsealError::NumberTaken)
    }

    /// Seals material in its plain form.
    fn keep(
        &self,
        plain: &Plaintext,
        binding: &Binding,
        entropy: &dyn Entropy,
    ) -> Result<Generated, Refused> {
        let token = self.seal_token(&MATERIAL_TOKEN, &binding.to_bytes(), plain, entropy)?;
        let material = Material::new(plain, binding)?;
        let public_key = match material.public_key() {
            Err(Refused::Unsuitable) => None,
            public_key => Some(public_key?),
        };
        Ok(Generated { id: *material.id(), token, public_key })
    }

    fn seal_token(
        &self,
        kind: &TokenKind,
        associated: &[u8],
        plaintext: &Plaintext,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let keys = self.keys.load();
        let (number, key) = keys.as_ref().and_then(|keys| keys.active()).ok_or(Refused::Sealed)?;
        Ok(kind.sealer(number, key.key())?.seal(associated, plaintext.reveal(), entropy)?)
    }

    fn open_token(&self, kind: &TokenKind, associated: &[u8], token: &[u8]) -> Result<Plaintext, Refused> {
        let keys = self.keys.load();
        let keys = keys.as_ref().ok_or(Refused::Sealed)?;
        let number = kind.number(token).ok_or(Refused::WouldNotOpen)?;
        let key = keys.get(number).ok_or(Refused::WouldNotOpen)?;
        Ok(kind.sealer(number, key.key())?.open(associated, token)?)
    }
}

/// What a wrapping key is bound to: the name of its spec, without a zero byte, and the caller's bytes.
fn wrapping_binding(spec: WrappingKeySpec, binding: &[u8]) -> Vec<u8> {
    [spec.name().as_bytes(), &[0], binding].concat()
}

/// A kind of token, sealed under domain keys. A token begins with its kind's magic and the domain key's number.
struct TokenKind {
    magic: [u8; 4],
    label: Label,
}

impl TokenKind {
    fn sealer(&self, number: u32, key: &Plaintext) -> Result<Sealer, Broken> {
        Sealer::new(key, self.label, [self.magic, number.to_be_bytes()].as_flattened())
    }

    /// The number of the domain key that a token of this kind names.
    fn number(&self, token: &[u8]) -> Option<u32> {
        let (number, _) = token.strip_prefix(&self.magic)?.split_first_chunk()?;
        Some(u32::from_be_bytes(*number))
    }
}

const MATERIAL_TOKEN: TokenKind = TokenKind { magic: *b"KWM\x01", label: Label::MATERIAL };
const WRAPPING_KEY_TOKEN: TokenKind = TokenKind { magic: *b"KWW\x01", label: Label::WRAPPING_KEY };
const SECRET_TOKEN: TokenKind = TokenKind { magic: *b"KWS\x01", label: Label::SECRET };

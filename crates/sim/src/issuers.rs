//! Identity providers that a test commands, and the tokens that they sign.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64_simd::URL_SAFE_NO_PAD;
use iam::{IssuerKeys, NoKeys, Sought};
use oidc::KeySet;
use serde_json::{Value, json};

/// The keys of issuers, as far as the test has published them.
#[derive(Default)]
pub struct SimIssuers {
    published: Mutex<BTreeMap<String, Result<Arc<KeySet>, NoKeys>>>,
    asked: AtomicUsize,
}

/// A key of an issuer.
pub struct TokenSigner {
    id: Option<String>,
    key: Key,
}

enum Key {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
}

impl SimIssuers {
    /// Publishes keys of an issuer, in place of those before.
    ///
    /// # Panics
    /// If they make no set.
    pub fn publish(&self, issuer: &str, keys: &[&TokenSigner]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        let keys = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("a key set");
        self.set(issuer, Ok(Arc::new(keys)));
    }

    /// Lets an issuer be out of reach.
    pub fn cut(&self, issuer: &str) {
        self.set(issuer, Err(NoKeys::Unreachable("it was cut off".to_owned())));
    }

    /// How often keys were asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn set(&self, issuer: &str, keys: Result<Arc<KeySet>, NoKeys>) {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).insert(issuer.to_owned(), keys);
    }
}

impl IssuerKeys for SimIssuers {
    fn keys<'a>(&'a self, issuer: &'a str, _: Option<&'a str>) -> Sought<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = published.get(issuer).cloned().unwrap_or(Err(NoKeys::NotConfigured));
        Box::pin(std::future::ready(keys))
    }
}

impl TokenSigner {
    /// A new key for ES256.
    ///
    /// # Panics
    /// If none is made.
    #[must_use]
    pub fn es256(id: Option<&str>) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        Self { id: id.map(str::to_owned), key: Key::P256(key) }
    }

    /// A new key for RS256.
    ///
    /// # Panics
    /// If none is made.
    #[must_use]
    pub fn rs256(id: Option<&str>) -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        Self { id: id.map(str::to_owned), key: Key::Rsa(key) }
    }

    /// A token that claims this.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        let algorithm = match self.key {
            Key::Rsa(_) => "RS256",
            Key::P256(_) => "ES256",
        };
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let (Some(id), Some(header)) = (&self.id, header.as_object_mut()) {
            header.insert("kid".to_owned(), id.as_str().into());
        }
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// A token with this header and these claims, whatever they are.
    ///
    /// # Panics
    /// If it is not signed.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode_to_string(header),
            URL_SAFE_NO_PAD.encode_to_string(claims)
        );
        let signature = match &self.key {
            Key::P256(key) => {
                key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed").as_ref().to_vec()
            }
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
                    .expect("signed");
                signature
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
    }

    /// Its public part, as a JSON Web Key.
    ///
    /// # Panics
    /// Never: a point has two coordinates.
    #[must_use]
    pub fn public(&self) -> Value {
        let text = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode_to_string(bytes));
        let mut key = match &self.key {
            Key::P256(key) => {
                let (x, y) = key.public_key().as_ref().split_at(1).1.split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y) })
            }
            Key::Rsa(key) => {
                // PKCS #1 in DER: nine bytes of heads and sign, 256 of the modulus, a head, the exponent 65537.
                let modulus = key.public_key().as_ref().get(9..265).expect("a modulus of 2048 bits");
                json!({ "kty": "RSA", "n": text(modulus), "e": "AQAB" })
            }
        };
        if let (Some(id), Some(key)) = (&self.id, key.as_object_mut()) {
            key.insert("kid".to_owned(), id.as_str().into());
        }
        key
    }
}

//! The public keys of an issuer: a JSON Web Key Set.
//! <https://www.rfc-editor.org/rfc/rfc7517>, <https://www.rfc-editor.org/rfc/rfc7518#section-6>

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64_simd::URL_SAFE_NO_PAD;

use crate::{
    KeySetError, TokenError,
    strict::{self, Json, Object},
};

/// Keys that verify tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// An accepted algorithm of RFC 7518 section 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
}

/// A public key, for one algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Public {
    /// Modulus and exponent, big-endian.
    Rsa(Vec<u8>, Vec<u8>),
    /// A point on P-256, uncompressed (SEC 1 section 2.3.3).
    P256([u8; 65]),
}

impl KeySet {
    /// Reads a set. Providers also publish keys of other kinds, for other algorithms or for encryption; these are
    /// left out (RFC 7517 section 5).
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let set = strict::object(bytes).ok_or(KeySetError::Form)?;
        let listed = set.get("keys").and_then(Json::list).ok_or(KeySetError::Form)?;
        let mut keys = Vec::new();
        for key in listed {
            let key = key.object().ok_or(KeySetError::Form)?;
            if key.contains_key("d") || key.contains_key("k") {
                return Err(KeySetError::Private);
            }
            keys.extend(Key::read(key));
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// Whether there is a key of this id. For a token that names none: whether there is any key.
    #[must_use]
    pub fn has(&self, id: Option<&str>) -> bool {
        id.is_none() || self.0.iter().any(|key| key.id.as_deref() == id)
    }

    /// Verifies a signature by the key of this id. The key must be for this algorithm.
    pub(crate) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let mut named = self.0.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        // Two keys of one id differ in kind (RFC 7517 section 4.5). Without an id nothing is guessed.
        let key = match (id, named.clone().count()) {
            (_, 0) => return Err(TokenError::Key),
            (None, 2..) => return Err(TokenError::Key),
            _ => named.find(|key| key.public.algorithm() == algorithm).ok_or(TokenError::Algorithm)?,
        };
        key.public.verify(message, signature)
    }
}

impl Algorithm {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            _ => None,
        }
    }
}

impl Key {
    /// `None` for a key that verifies nothing here.
    fn read(key: &Object) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Json::text);
        let bytes = |name: &str| URL_SAFE_NO_PAD.decode_to_vec(text(name)?).ok();
        let public = match text("kty")? {
            "RSA" => Public::Rsa(bytes("n")?, bytes("e")?),
            "EC" if text("crv") == Some("P-256") => Public::P256(point(&bytes("x")?, &bytes("y")?)?),
            _ => return None,
        };
        let for_it = |name: &str, right: &dyn Fn(&str) -> bool| {
            key.get(name).is_none_or(|it| it.text().is_some_and(right))
        };
        let algorithm = public.algorithm();
        let fits =
            for_it("use", &|it| it == "sig") && for_it("alg", &|it| Algorithm::parse(it) == Some(algorithm));
        let id = text("kid").map(str::to_owned);
        fits.then_some(Self { id, public })
    }
}

impl Public {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(..) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenError> {
        let verified = match self {
            Self::Rsa(n, e) => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
        };
        verified.map_err(|_| TokenError::Signature)
    }
}

fn point(x: &[u8], y: &[u8]) -> Option<[u8; 65]> {
    let (x, y): ([u8; 32], [u8; 32]) = (x.try_into().ok()?, y.try_into().ok()?);
    let mut point = [4; 65];
    for (place, byte) in point.iter_mut().skip(1).zip(x.into_iter().chain(y)) {
        *place = byte;
    }
    Some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.3: keys, header and claims, signature.
    const KEYS: &[u8] = br#"{"keys":[{"kty":"EC","crv":"P-256",
        "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    const SIGNED: &str = concat!(
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv",
        "bS9pc19yb290Ijp0cnVlfQ"
    );
    const SIGNATURE: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    #[test]
    fn the_specifications_example_is_verified() {
        let keys = KeySet::parse(KEYS).unwrap();
        let signature = URL_SAFE_NO_PAD.decode_to_vec(SIGNATURE).unwrap();
        let verify = |signed: &str| keys.verify(None, Algorithm::Es256, signed.as_bytes(), &signature);
        assert_eq!(verify(SIGNED), Ok(()));
        assert_eq!(verify(&SIGNED.replace('.', "x")), Err(TokenError::Signature));
        assert_eq!(keys.verify(None, Algorithm::Rs256, b"", &signature), Err(TokenError::Algorithm));
    }
}

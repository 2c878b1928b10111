//! A token in the compact form of a JSON Web Signature.
//! <https://www.rfc-editor.org/rfc/rfc7515#section-7.1>

use base64_simd::URL_SAFE_NO_PAD;

use crate::{
    Claims, KeySet, TokenError,
    keys::Algorithm,
    strict::{self, Json},
};

/// Longest token, in characters, as AWS's.
pub const TOKEN_CHARACTERS_MAX: usize = 20_000;

/// A token that has been read. It is not believed yet.
#[derive(Debug)]
pub struct Token<'t> {
    /// The signed bytes: header and claims as they were sent.
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    key_id: Option<String>,
    claims: Claims,
}

impl<'t> Token<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// [`TokenError::Form`], [`TokenError::Algorithm`] or [`TokenError::Claim`].
    pub fn parse(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_CHARACTERS_MAX {
            return Err(TokenError::Form("it is too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Form("it has no parts"))?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Form("it has two parts"))?;
        let bytes =
            |part: &str| URL_SAFE_NO_PAD.decode_to_vec(part).map_err(|_| TokenError::Form("no base64url"));
        let object = |part: &str| strict::object(&bytes(part)?).ok_or(TokenError::Form("no JSON object"));
        let header = object(header)?;
        // A reader that does not know a critical member must refuse the token (RFC 7515 section 4.1.11). This
        // reader knows none.
        if header.contains_key("crit") {
            return Err(TokenError::Form("it has critical header members"));
        }
        let algorithm = header.get("alg").and_then(Json::text).and_then(Algorithm::parse);
        let key_id = match header.get("kid") {
            None => None,
            Some(id) => Some(id.text().ok_or(TokenError::Form("its key id is no text"))?.to_owned()),
        };
        Ok(Self {
            signed,
            signature: bytes(signature)?,
            algorithm: algorithm.ok_or(TokenError::Algorithm)?,
            key_id,
            claims: Claims::read(&object(claims)?)?,
        })
    }

    /// The issuer that the token names. Believe it only to choose the keys.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// The key that the token names as its signer's.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The claims, if one of the issuer's keys signed the token. The caller still has to check that the token holds
    /// now, and is meant for Keywright.
    ///
    /// # Errors
    /// [`TokenError::Key`], [`TokenError::Algorithm`] for a key of another kind, or [`TokenError::Signature`].
    pub fn verify(self, keys: &KeySet) -> Result<Claims, TokenError> {
        keys.verify(self.key_id.as_deref(), self.algorithm, self.signed.as_bytes(), &self.signature)?;
        Ok(self.claims)
    }
}

//! The claims of a token that Keywright reads.
//! <https://www.rfc-editor.org/rfc/rfc7519#section-4>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    TokenError, Untimely,
    strict::{Json, Object},
};

/// How far the issuer's clock may be ahead, in seconds: as far as the clock of a client that signs requests.
pub const SKEW_SECONDS: i64 = 300;

/// The claims of a token that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it: a URL.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// Whom the token is for: one audience or more.
    pub audiences: Vec<String>,
    /// The party to which the token was issued, where it says so.
    pub authorized_party: Option<String>,
    /// How the subject was authenticated.
    pub methods: Vec<String>,
    /// The source identity of the session for which the token is exchanged.
    pub source_identity: Option<String>,
    /// Tags for that session.
    pub tags: Option<Tags>,
    expires: i64,
    issued: i64,
    begins: Option<i64>,
}

/// Session tags in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// Their values by their keys.
    pub values: BTreeMap<String, String>,
    /// Keys of the tags that go on to the next role.
    pub transitive: BTreeSet<String>,
}

const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";
const TAGS: &str = "https://aws.amazon.com/tags";

impl Claims {
    /// From the claims of a token.
    pub(crate) fn read(claims: &Object) -> Result<Self, TokenError> {
        Ok(Self {
            issuer: required(claims, "iss", Json::text)?.to_owned(),
            subject: required(claims, "sub", short)?,
            audiences: required(claims, "aud", one_or_more)?,
            authorized_party: optional(claims, "azp", short)?,
            methods: optional(claims, "amr", one_or_more)?.unwrap_or_default(),
            source_identity: optional(claims, SOURCE_IDENTITY, short)?,
            tags: optional(claims, TAGS, tags)?,
            expires: required(claims, "exp", Json::seconds)?,
            issued: required(claims, "iat", Json::seconds)?,
            begins: optional(claims, "nbf", Json::seconds)?,
        })
    }

    /// Checks that the claims hold at a time, in seconds since the epoch.
    ///
    /// # Errors
    /// [`Untimely`]. The claims end with the second of `exp`. They begin with the seconds of `nbf` and `iat`, less
    /// [`SKEW_SECONDS`].
    pub fn check_time(&self, now: i64) -> Result<(), Untimely> {
        if now >= self.expires {
            return Err(Untimely::Expired(self.expires));
        }
        let latest = now.saturating_add(SKEW_SECONDS);
        if self.begins.is_some_and(|begins| begins > latest) {
            return Err(Untimely::Early("nbf"));
        }
        if self.issued > latest {
            return Err(Untimely::Early("iat"));
        }
        Ok(())
    }
}

fn required<'a, T>(
    claims: &'a Object,
    name: &'static str,
    read: impl FnOnce(&'a Json) -> Option<T>,
) -> Result<T, TokenError> {
    claims.get(name).and_then(read).ok_or(TokenError::Claim(name))
}

fn optional<'a, T>(
    claims: &'a Object,
    name: &'static str,
    read: impl FnOnce(&'a Json) -> Option<T>,
) -> Result<Option<T>, TokenError> {
    claims.get(name).map(|claim| read(claim).ok_or(TokenError::Claim(name))).transpose()
}

/// A text no longer than an identifier. A subject has at most 255 characters (OpenID Connect Core section 2), and
/// so has a client id in AWS.
fn short(claim: &Json) -> Option<String> {
    claim.text().filter(|text| (1..=255).contains(&text.len())).map(str::to_owned)
}

/// Such a text, or a list of such texts, with at least one and not too many of them.
fn one_or_more(claim: &Json) -> Option<Vec<String>> {
    match claim.list() {
        None => Some(vec![short(claim)?]),
        Some(list) if (1..=32).contains(&list.len()) => list.iter().map(short).collect(),
        Some(_) => None,
    }
}

/// `{"principal_tags": {"team": ["red"]}, "transitive_tag_keys": ["team"]}`
fn tags(claim: &Json) -> Option<Tags> {
    let claim = claim.object()?;
    let mut values = BTreeMap::new();
    for (key, value) in claim.get("principal_tags").map_or(Some(&Object::new()), Json::object)? {
        let value = match value.list() {
            Some([one]) => one.text()?,
            Some(_) => return None,
            None => value.text()?,
        };
        values.insert(key.clone(), value.to_owned());
    }
    let transitive = claim.get("transitive_tag_keys").map_or(Some(Vec::new()), Json::texts)?;
    Some(Tags { values, transitive: transitive.into_iter().collect() })
}

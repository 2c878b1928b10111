//! Web identities: from a token to somebody for whom an identity provider of an account vouches.
//!
//! ```text
//! token ── parsed ──► its issuer is a provider of the account ──► signed by its keys ──► holds now ──► meant for the account
//! ```
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html>

use std::collections::BTreeMap;

use dispatch::{Caller, Cx, Fault, IdentityPolicies};
use model::{Timestamp, arn::AccountId, sts::Tag};
use oidc::{Claims, Token, TokenError, Untimely};
use policy::Principal;
use secret::Plaintext;

use super::{faults, passed::SessionTags};
use crate::{NoKeys, Sts, providers::Provider};

/// Somebody for whom a provider vouches.
pub(crate) struct WebIdentity {
    /// The provider's ARN.
    pub(crate) provider: String,
    /// How it calls itself.
    pub(crate) issuer: String,
    /// Whom the token is for: one of the provider's client ids.
    pub(crate) audience: String,
    /// Whom it is about.
    pub(crate) subject: String,
    /// Who is behind the session.
    pub(crate) source_identity: Option<String>,
    /// What policies can ask about it, by the names of condition keys in small letters.
    pub(crate) claims: BTreeMap<String, Vec<String>>,
    tags: Option<oidc::Tags>,
}

/// Whom a token is about, once it is believed.
///
/// # Errors
/// `InvalidIdentityToken`, `ExpiredTokenException` or `IDPCommunicationError`, in AWS's words; the operator learns more.
pub(crate) async fn establish(
    sts: &Sts,
    account: AccountId,
    token: &Plaintext,
    now: Timestamp,
) -> Result<WebIdentity, Fault> {
    let text = std::str::from_utf8(token.reveal()).map_err(|_| disbelieved(TokenError::Form("no text")))?;
    let token = Token::parse(text).map_err(disbelieved)?;
    let provider = sts
        .tables()
        .account(account)
        .and_then(|account| account.providers.get(location(token.issuer())?).cloned())
        .ok_or_else(|| no_provider(token.issuer()))?;
    let keys = sts.issuers.keys(token.issuer(), token.key_id()).await.map_err(|missing| {
        let fault = match &missing {
            NoKeys::NotConfigured => faults::invalid_identity(NO_KEY),
            NoKeys::Unreachable(_) => faults::issuer_unreachable(),
        };
        fault.with_detail(missing.to_string())
    })?;
    let claims = token.verify(&keys).map_err(disbelieved)?;
    let now = now.as_seconds();
    claims.check_time(now).map_err(|untimely| untimely_fault(untimely, now))?;
    WebIdentity::of(&provider, claims)
}

impl WebIdentity {
    fn of(provider: &Provider, claims: Claims) -> Result<Self, Fault> {
        // A token that was issued to one party for another is meant for the first.
        let meant_for = match &claims.authorized_party {
            Some(party) => std::slice::from_ref(party),
            None => claims.audiences.as_slice(),
        };
        let audience = meant_for.iter().find(|audience| provider.client_ids.contains(audience));
        let audience = audience.ok_or_else(|| faults::invalid_identity("Incorrect token audience"))?.clone();
        if claims.source_identity.as_deref().is_some_and(|name| !is_source_identity(name)) {
            return Err(faults::invalid_identity("The source identity in the token is malformed."));
        }
        Ok(Self {
            provider: provider.arn(),
            claims: condition_keys(&provider.url, &audience, &claims),
            issuer: claims.issuer,
            audience,
            subject: claims.subject,
            source_identity: claims.source_identity,
            tags: claims.tags,
        })
    }

    /// It as a caller: it has no policies, and may do what those of others permit it.
    pub(crate) fn caller(&self, account: AccountId) -> Caller {
        Caller {
            account,
            principal: Principal::WebIdentity { provider: self.provider.clone() },
            arn: self.provider.clone(),
            unique_id: format!("{}:{}:{}", self.provider, self.audience, self.subject),
            user_name: None,
            access_key_id: String::new(),
            tags: BTreeMap::new(),
            policies: IdentityPolicies::Attached(Vec::new()),
            boundary: None,
            session: None,
        }
    }

    /// The session tags that the provider asks for.
    ///
    /// # Errors
    /// `InvalidIdentityToken` for tags that could not be passed in a request either, else as [`SessionTags::parse`].
    pub(crate) fn session_tags(&self, cx: &Cx<'_>) -> Result<SessionTags, Fault> {
        let Some(oidc::Tags { values, transitive }) = &self.tags else { return Ok(SessionTags::default()) };
        let fits = |(key, value): (&String, &String)| {
            (1..=TAG_KEY_CHARACTERS).contains(&key.chars().count())
                && value.chars().count() <= TAG_VALUE_CHARACTERS
        };
        if values.len() > TAGS || !values.iter().all(fits) {
            return Err(faults::invalid_identity("The session tags in the token are malformed."));
        }
        let tags = values.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
        SessionTags::parse(cx, Some(tags.collect()), Some(transitive.iter().cloned().collect()))
    }
}

/// Session tags, and characters of their keys and values.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
const TAGS: usize = 50;
const TAG_KEY_CHARACTERS: usize = 128;
const TAG_VALUE_CHARACTERS: usize = 256;

/// AWS's text for a token whose key is not found, two spaces included.
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
                      AssumeRoleWithWebIdentity documentation for requirements";

/// An issuer's URL without its scheme, as the providers of an account are named. Which schemes there are is decided where
/// the keys are found.
fn location(issuer: &str) -> Option<&str> {
    let location = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://"))?;
    Some(location.strip_suffix('/').unwrap_or(location))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
fn condition_keys(url: &str, audience: &str, claims: &Claims) -> BTreeMap<String, Vec<String>> {
    let mut keys = BTreeMap::new();
    let mut put = |name: &str, values: Vec<String>| {
        keys.insert(format!("{url}:{name}").to_ascii_lowercase(), values);
    };
    put("sub", vec![claims.subject.clone()]);
    put("aud", vec![audience.to_owned()]);
    if claims.authorized_party.is_some() {
        put("oaud", claims.audiences.clone());
    }
    if !claims.methods.is_empty() {
        put("amr", claims.methods.clone());
    }
    keys
}

/// As the API takes it: 2 to 64 characters of `[\w+=,.@-]`.
fn is_source_identity(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (2..=64).contains(&name.len()) && name.bytes().all(fits)
}

fn no_provider(issuer: &str) -> Fault {
    // The issuer is a stranger's text, and there is no provider of it to know it by.
    let shown: String = issuer.chars().filter(|character| !character.is_control()).take(255).collect();
    faults::invalid_identity(format!("No OpenIDConnect provider found in your account for {shown}"))
}

fn disbelieved(error: TokenError) -> Fault {
    let fault = match error {
        TokenError::Form(_) => faults::invalid_identity(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
        TokenError::Claim(name) => faults::invalid_identity(format!("Missing a required claim: {name}")),
        TokenError::Algorithm | TokenError::Key => faults::invalid_identity(NO_KEY),
        TokenError::Signature => faults::invalid_identity("Invalid token signature"),
    };
    fault.with_detail(error.to_string())
}

fn untimely_fault(untimely: Untimely, now: i64) -> Fault {
    match untimely {
        Untimely::Expired(at) => faults::expired_identity(now, at),
        Untimely::Early(_) => {
            faults::invalid_identity("The token is not yet valid").with_detail(untimely.to_string())
        }
    }
}

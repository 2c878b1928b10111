//! Who is calling, and how the request line learns it.

use std::sync::Arc;

use model::arn::AccountId;
use policy::Policy;
use secret::Plaintext;
use sigv4::SigningKeys;

use crate::Fault;

/// An authenticated principal: made by authentication only, once for each credential.
#[derive(Debug)]
pub struct Caller {
    /// The account the principal belongs to.
    pub account: AccountId,
    /// What it is, in the terms of the policy language.
    pub principal: policy::Principal,
    /// Its ARN as messages and records show it.
    pub arn: String,
    /// Its unique id: the account id for the root user, `AIDA…`, `AROA…:session` otherwise.
    pub unique_id: String,
    /// The kind that CloudTrail writes: `Root`, `IAMUser`, `AssumedRole` …
    pub kind: &'static str,
    /// The access key that signed.
    pub access_key_id: String,
    /// What its identity-based policies say. The root user needs none.
    pub policies: IdentityPolicies,
}

/// The identity side of a decision.
#[derive(Debug)]
pub enum IdentityPolicies {
    /// The account's root user: everything that its account may do.
    Root,
    /// A user's or role's policies, those of its groups included.
    Attached(Vec<Arc<Policy>>),
}

/// Something that signs requests: an access key, or a session.
pub trait Credential: Send + Sync {
    /// Whose credential it is.
    fn caller(&self) -> &Caller;

    /// The signing keys that its secret gave lately.
    fn signing_keys(&self) -> &SigningKeys;

    /// The secret, opened.
    ///
    /// # Errors
    /// A fault when it cannot be opened, as while the server is sealed.
    fn secret(&self) -> Result<Plaintext, Fault>;
}

/// Finds credentials. Reads memory only.
pub trait Credentials: Send + Sync {
    /// The credential of an access key, with the session token that came along.
    ///
    /// # Errors
    /// `UnrecognizedClientException` for an unknown or inactive key or a token that does not belong to it.
    fn find(&self, access_key_id: &str, token: Option<&str>) -> Result<Arc<dyn Credential>, Fault>;
}

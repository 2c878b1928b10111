//! Who is calling, and how the request line learns it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    Timestamp,
    arn::{AccountId, Region},
};
use policy::{Policy, Principal};
use secret::Plaintext;
use sigv4::{AuthError, SigningKeys};
use store::Batch;

use crate::Fault;

/// An authenticated principal: made by authentication only.
#[derive(Debug)]
pub struct Caller {
    /// The account the principal belongs to.
    pub account: AccountId,
    /// What it is, in the terms of the policy language.
    pub principal: Principal,
    /// Its ARN as messages and records show it.
    pub arn: String,
    /// Its unique id: the account id for the root user, `AIDA…` for users, `AROA…:<session>` for sessions of
    /// roles, `<account>:<name>` for federated users, `<provider>:<audience>:<subject>` for web identities.
    pub unique_id: String,
    /// The name of an IAM user; nobody else has one.
    pub user_name: Option<String>,
    /// The access key that signed; empty where none did.
    pub access_key_id: String,
    /// Tags of the user or role, or of the user who asked for a federated user, and over them those of the session.
    pub tags: BTreeMap<String, String>,
    /// What its identity-based policies say. The root user needs none.
    pub policies: IdentityPolicies,
    /// What bounds those policies.
    pub boundary: Option<Arc<Policy>>,
    /// Present on temporary credentials only.
    pub session: Option<Session>,
}

/// The identity side of a decision.
#[derive(Debug)]
pub enum IdentityPolicies {
    /// The account's root user: everything that its account may do.
    Root,
    /// A user's or role's policies, those of its groups included.
    Attached(Vec<Arc<Policy>>),
}

/// What temporary credentials carry beside the principal.
#[derive(Debug)]
pub struct Session {
    /// When they were issued.
    pub issued: Timestamp,
    /// What limits them; `None` when nothing was passed. An empty list, as of a federated user without a
    /// policy, allows nothing.
    pub policies: Option<Vec<Arc<Policy>>>,
    /// When the principal proved a second factor, if it did.
    pub second_factor: Option<Timestamp>,
    /// Who is behind the session, as it was said when the first role was assumed.
    pub source_identity: Option<String>,
    /// Keys of the tags that a role assumed with these credentials inherits.
    pub transitive_tags: BTreeSet<String>,
    /// The identity provider that vouched for the principal, if one did.
    pub federated_provider: Option<String>,
    /// What that provider said, as condition keys by their names in small letters, such as `id.example.com:sub`.
    pub claims: BTreeMap<String, Vec<String>>,
}

impl Caller {
    /// The kind that CloudTrail writes.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.principal {
            Principal::Root { .. } => "Root",
            Principal::User { .. } => "IAMUser",
            Principal::Session { .. } => "AssumedRole",
            Principal::FederatedUser { .. } => "FederatedUser",
            Principal::WebIdentity { .. } => "WebIdentityUser",
            Principal::Service { .. } => "AWSService",
        }
    }
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

    /// Told of each request that it signed, after verification.
    fn used(&self, usage: Usage<'_>);
}

/// One use of a credential.
#[derive(Debug, Clone, Copy)]
pub struct Usage<'a> {
    /// When.
    pub at: Timestamp,
    /// For which service, such as `kms`.
    pub service: &'static str,
    /// In which Region.
    pub region: &'a Region,
}

/// Finds credentials, and those for whom services call, at one revision.
pub trait Credentials: Send + Sync {
    /// The credential of an access key, with the session token that came along, as it is at this time.
    ///
    /// # Errors
    /// `UnrecognizedClientException` for an unknown or inactive key or a token that does not belong to it,
    /// `ExpiredTokenException` for a token whose time is over.
    fn find(
        &self,
        access_key_id: &str,
        token: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault>;

    /// The user or the account's root user with this ARN, as it is now; `None` if there is none. It has not signed
    /// anything, so it has no access key.
    ///
    /// # Errors
    /// An internal fault when what is known of it contradicts itself.
    fn principal(&self, arn: &str) -> Result<Option<Caller>, Fault>;

    /// The unique id that the service identity with this ARN was bound to at its first use; `None` before that.
    fn service_bearer(&self, arn: &str) -> Option<&str>;

    /// The change that binds the service identity with this ARN to a unique id. It holds only if the identity is not
    /// bound yet.
    fn service_bound(&self, arn: &str, unique_id: &str, now: Timestamp) -> Batch;
}

/// There are no credentials: what is believed where memory has no identities.
impl Credentials for () {
    fn find(&self, _: &str, _: Option<&str>, _: Timestamp) -> Result<Arc<dyn Credential>, Fault> {
        Err(AuthError::UnrecognizedClient.into())
    }

    fn principal(&self, _: &str) -> Result<Option<Caller>, Fault> {
        Ok(None)
    }

    fn service_bearer(&self, _: &str) -> Option<&str> {
        None
    }

    fn service_bound(&self, _: &str, _: &str, _: Timestamp) -> Batch {
        Batch::default()
    }
}

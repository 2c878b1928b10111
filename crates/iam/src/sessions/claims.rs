//! What a session token says. It is read by every later version, so fields are numbered and never renumbered;
//! `docs/store-format.md` lists them.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use model::{Timestamp, arn::AccountId};

/// Everything about temporary credentials but their secret.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Claims {
    /// The account.
    #[n(0)]
    pub(crate) account: u64,
    /// Whose they are.
    #[n(1)]
    pub(crate) bearer: Bearer,
    /// When they were issued, in milliseconds since the epoch.
    #[n(2)]
    pub(crate) issued: i64,
    /// When they end, in milliseconds since the epoch.
    #[n(3)]
    pub(crate) expires: i64,
    /// The session policy, as it was passed.
    #[n(4)]
    pub(crate) policy: Option<String>,
    /// ARNs of managed policies that were passed as session policies.
    #[n(5)]
    pub(crate) policy_arns: Vec<String>,
    /// Session tags.
    #[n(6)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Keys of the tags that go on to the next role.
    #[n(7)]
    pub(crate) transitive_tags: BTreeSet<String>,
    /// Who is behind the session.
    #[n(8)]
    pub(crate) source_identity: Option<String>,
    /// When a second factor was proved, in milliseconds since the epoch.
    #[n(9)]
    pub(crate) second_factor: Option<i64>,
    /// The identity provider that vouched for the caller.
    #[n(10)]
    pub(crate) federated_provider: Option<String>,
    /// What that provider said, as condition keys by their names in small letters.
    #[n(11)]
    pub(crate) claimed: Option<BTreeMap<String, Vec<String>>>,
}

/// Whose temporary credentials are.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) enum Bearer {
    /// A role's.
    #[n(0)]
    Role {
        /// The role's unique id.
        #[n(0)]
        id: String,
        /// The session's name.
        #[n(1)]
        session: String,
    },
    /// A user's own.
    #[n(1)]
    User {
        /// The user's unique id.
        #[n(0)]
        id: String,
    },
    /// The root user's own.
    #[n(2)]
    Root,
    /// A federated user's.
    #[n(3)]
    Federated {
        /// Its name.
        #[n(0)]
        name: String,
        /// The unique id of the user who vouched for it; the root user has none.
        #[n(1)]
        user: Option<String>,
    },
}

impl Claims {
    /// Plain credentials of someone for some time.
    pub(crate) fn new(account: AccountId, bearer: Bearer, now: Timestamp, seconds: u32) -> Self {
        // Answers and conditions show whole seconds.
        let issued = now.as_seconds().saturating_mul(1000);
        Self {
            account: account.as_u64(),
            bearer,
            issued,
            expires: issued.saturating_add(i64::from(seconds) * 1000),
            policy: None,
            policy_arns: Vec::new(),
            tags: BTreeMap::new(),
            transitive_tags: BTreeSet::new(),
            source_identity: None,
            second_factor: None,
            federated_provider: None,
            claimed: None,
        }
    }
}

//! Who sends a request: the requester of an access key, with everything that decides what it may do.

use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

use forward::ActFor;
use policy::{ConditionKey, Policy, Principal, Values};
use sigv4::SigningKey;

/// The requester of an access key, as it was a short time ago.
pub struct Requester {
    /// Its account, twelve digits.
    pub account: String,
    /// Its ARN, as messages show it.
    pub arn: String,
    /// What tells it from every other requester: of a session its access key, since two may have one name.
    pub distinct_id: String,
    /// What it is, in the terms of the policy language.
    pub principal: Principal,
    /// What it may do.
    pub powers: RequesterPowers,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What other condition keys say of it, by their names in small letters.
    pub told: BTreeMap<String, Vec<String>>,
    /// What verifies its requests of one day.
    pub signing_key: Arc<SigningKey>,
    /// How KMS is called for it: as what Keywright is told of it, or with the session of its role.
    pub act_for: ActFor,
}

/// What somebody may do.
pub struct RequesterPowers {
    /// Its policies; `None` for an account's root user, who may do everything that the account may.
    pub identity: Option<Vec<Policy>>,
    /// What bounds them.
    pub boundary: Option<Policy>,
    /// What bounds its session; an empty list allows nothing.
    pub session: Option<Vec<Policy>>,
}

/// Which access key is asked for.
#[derive(Clone, Copy)]
pub struct SoughtRequester<'a> {
    /// Its id.
    pub access_key_id: &'a str,
    /// The token that a temporary one comes with.
    pub token: Option<&'a str>,
    /// The day of the signature, `YYYYMMDD`.
    pub date: &'a str,
    /// Where the request came from: strangers from one address may ask for few.
    pub address: IpAddr,
}

/// Why there is nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRequester {
    /// There is no such access key, or it is switched off, or the token is not its own.
    Unknown,
    /// The session is over.
    Expired,
    /// Nobody can be asked now.
    Unavailable(String),
}

/// Finds requesters of access keys.
#[async_trait::async_trait]
pub trait Requesters: Send + Sync {
    /// The requester of an access key.
    ///
    /// # Errors
    /// [`NoRequester`].
    async fn find(&self, sought: SoughtRequester<'_>) -> Result<Arc<Requester>, NoRequester>;

    /// Told that a request has the signature of this access key, and its token: whoever sends it has the key.
    fn proved(&self, access_key_id: &str, token: Option<&str>);
}

impl Requester {
    /// What a condition key says of it.
    pub(crate) fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        if let Some(tag) = key.variable() {
            return if key.name() == "aws:principaltag" { Values::of(tag, &self.tags) } else { None };
        }
        let values = self.told.get(key.name())?;
        Some(match values.as_slice() {
            [one] => Values::one(one.as_str()),
            several => Values::many(several.iter().map(String::as_str)),
        })
    }
}

impl fmt::Debug for Requester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Requester({})", self.arn)
    }
}

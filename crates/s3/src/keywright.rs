//! Whose access keys are, as Keywright knows: by `GetSigningKey`, asked once a minute for each.
//!
//! Whoever sends a request names an access key before anything is proved, and each question is a call of Keywright, with a record.
//! So access keys that there are not are remembered for a moment; and of access keys that nobody has proved to have yet, only so many
//! are asked for in a minute, from one address and in all.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forward::{ActFor, Kms, KmsError, Machine};
use policy::{Federator, Policy, PolicyKind, Principal};
use secret::Plaintext;
use serde::{Deserialize, Deserializer};
use sigv4::{Scope, SigningKey};

use crate::requester::{NoRequester, Requester, RequesterPowers, Requesters, SoughtRequester};

/// Requesters that Keywright knows.
pub struct KeywrightRequesters {
    kms: Arc<Kms>,
    region: String,
    machine: Arc<dyn Machine>,
    known: Mutex<KnownRequesters>,
}

/// What was answered.
#[derive(Default)]
struct KnownRequesters {
    requesters: HashMap<KnownBy, (Arc<Requester>, Duration)>,
    /// Access keys that there are not, and until when that is believed.
    unknown: HashMap<KnownBy, (NoRequester, Duration)>,
    /// Access keys, each with the hash of its token, that somebody has proved to have.
    proved: HashSet<(String, [u8; 32])>,
    /// Questions about others in the minute that began then: in all, and by address.
    minute: u64,
    asked: u32,
    asked_from: HashMap<IpAddr, u32>,
}

/// The access key, the token's hash, the day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct KnownBy(String, [u8; 32], String);

/// What stands in `X-Amz-Target`.
const TARGET: &str = "Keywright_20261130.GetSigningKey";
/// How long nobody is believed to have an access key.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
/// Most requesters that are kept, and as many access keys that nobody has.
const KNOWN_MAX: usize = 10_000;
/// Questions in a minute about access keys that nobody has proved to have, in all and from one address.
const ASKED_MAX: u32 = 600;
const ASKED_FROM_MAX: u32 = 30;
/// Longest time that an answer is gone by, whatever it says.
const VALID_MAX: Duration = Duration::from_secs(60);

impl KeywrightRequesters {
    /// Those of a Region, asked for over this client. Its credentials have to be those of a service identity.
    #[must_use]
    pub fn new(kms: Arc<Kms>, region: String, machine: Arc<dyn Machine>) -> Self {
        Self { kms, region, machine, known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, KnownRequesters> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, sought: SoughtRequester<'_>) -> Result<(Requester, Duration), NoRequester> {
        let mut body = serde_json::json!({ "AccessKeyId": sought.access_key_id, "Date": sought.date });
        if let (Some(token), Some(members)) = (sought.token, body.as_object_mut()) {
            members.insert("SessionToken".to_owned(), token.into());
        }
        let body = Plaintext::new(serde_json::to_vec(&body).unwrap_or_default());
        let answered = self.kms.call(&ActFor::SERVICE, "keywright", TARGET, body).await;
        let answer = answered.map_err(|error| refused(&error))?;
        let answer: SigningKeyAnswer = serde_json::from_slice(answer.reveal()).map_err(|error| {
            NoRequester::Unavailable(format!("an answer that is not understood: {error}"))
        })?;
        let valid = Duration::from_secs(answer.valid_seconds).min(VALID_MAX);
        Ok((answer.requester(sought, &self.region)?, valid))
    }
}

#[async_trait::async_trait]
impl Requesters for KeywrightRequesters {
    async fn find(&self, sought: SoughtRequester<'_>) -> Result<Arc<Requester>, NoRequester> {
        let token = sha256(sought.token.unwrap_or_default().as_bytes());
        let by = KnownBy(sought.access_key_id.to_owned(), token, sought.date.to_owned());
        if let Some(known) = self.known().find(&by, sought.address, self.machine.elapsed()) {
            return known;
        }
        let answer = self.ask(sought).await;
        let now = self.machine.elapsed();
        let mut known = self.known();
        match answer {
            Ok((requester, valid)) => {
                let requester = Arc::new(requester);
                keep(&mut known.requesters, by, (Arc::clone(&requester), now + valid), now);
                Ok(requester)
            }
            Err(NoRequester::Unavailable(why)) => Err(NoRequester::Unavailable(why)),
            Err(nobody) => {
                keep(&mut known.unknown, by, (nobody.clone(), now + UNKNOWN_FOR), now);
                Err(nobody)
            }
        }
    }

    fn proved(&self, access_key_id: &str, token: Option<&str>) {
        let by = (access_key_id.to_owned(), sha256(token.unwrap_or_default().as_bytes()));
        let mut known = self.known();
        if known.proved.contains(&by) {
            return;
        }
        if known.proved.len() >= KNOWN_MAX {
            known.proved.clear();
        }
        known.proved.insert(by);
    }
}

impl KnownRequesters {
    /// What is known; `None` if somebody may be asked.
    fn find(
        &mut self,
        by: &KnownBy,
        address: IpAddr,
        now: Duration,
    ) -> Option<Result<Arc<Requester>, NoRequester>> {
        if let Some((requester, _)) = self.requesters.get(by).filter(|(_, until)| *until > now) {
            return Some(Ok(Arc::clone(requester)));
        }
        if let Some((nobody, _)) = self.unknown.get(by).filter(|(_, until)| *until > now) {
            return Some(Err(nobody.clone()));
        }
        if self.proved.contains(&(by.0.clone(), by.1)) || self.may_be_asked(address, now) {
            return None;
        }
        Some(Err(NoRequester::Unavailable("too many unknown access keys are asked for".to_owned())))
    }

    /// Whether a stranger may have an access key asked for.
    fn may_be_asked(&mut self, address: IpAddr, now: Duration) -> bool {
        let minute = now.as_secs() / 60;
        if self.minute != minute {
            (self.minute, self.asked) = (minute, 0);
            self.asked_from.clear();
        }
        let from = self.asked_from.entry(network(address)).or_default();
        if self.asked >= ASKED_MAX || *from >= ASKED_FROM_MAX {
            return false;
        }
        (self.asked, *from) = (self.asked + 1, *from + 1);
        true
    }
}

/// Whoever has one IPv6 address has the 2^64 beside it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6((u128::from(six) >> 64 << 64).into()),
    }
}

/// Keeps a value, and forgets what is over, or everything, where there is no room.
fn keep<V>(all: &mut HashMap<KnownBy, (V, Duration)>, by: KnownBy, value: (V, Duration), now: Duration) {
    if all.len() >= KNOWN_MAX {
        all.retain(|_, (_, until)| *until > now);
    }
    if all.len() >= KNOWN_MAX {
        all.clear();
    }
    all.insert(by, value);
}

fn refused(error: &KmsError) -> NoRequester {
    match error.code() {
        Some("UnrecognizedClientException" | "ValidationException") => NoRequester::Unknown,
        Some("ExpiredTokenException") => NoRequester::Expired,
        // The gateway has no standing, or does not serve this account. Why is in Keywright's record.
        Some("AccessDeniedException") => {
            tracing::warn!(%error, "Keywright gives no signing key");
            NoRequester::Unknown
        }
        _ => NoRequester::Unavailable(error.to_string()),
    }
}

/// What `GetSigningKey` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SigningKeyAnswer {
    #[serde(deserialize_with = "key_bytes")]
    signing_key: Plaintext,
    valid_seconds: u64,
    key_holder: AnsweredHolder,
    identity_policies: Option<Vec<String>>,
    permissions_boundary: Option<String>,
    session_policies: Option<Vec<String>>,
    #[serde(default)]
    condition_keys: Vec<AnsweredKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredHolder {
    r#type: String,
    account_id: String,
    arn: String,
    unique_id: String,
    issuer_arn: Option<String>,
    issuer_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredKey {
    name: String,
    values: Vec<String>,
}

impl SigningKeyAnswer {
    fn requester(self, sought: SoughtRequester<'_>, region: &str) -> Result<Requester, NoRequester> {
        let scope = Scope { date: sought.date, region, service: "s3" };
        let bytes: &[u8; 32] = self.signing_key.reveal().try_into().map_err(|_| odd("the signing key"))?;
        let AnsweredHolder { account_id, arn, .. } = &self.key_holder;
        let identity = match (self.key_holder.r#type.as_str(), self.identity_policies) {
            ("Root", None) => None,
            // The root user vouches for it: session policies alone limit it.
            ("FederatedUser", None) if self.key_holder.issuer_id.is_none() => None,
            ("Root", Some(_)) | (_, None) => return Err(odd("the identity policies")),
            (_, Some(texts)) => Some(parsed(&texts)?),
        };
        let (tags, told) = told(self.condition_keys);
        Ok(Requester {
            account: account_id.clone(),
            arn: arn.clone(),
            distinct_id: sought.token.map_or(arn.as_str(), |_| sought.access_key_id).to_owned(),
            act_for: match sought.token {
                None => ActFor::Principal(arn.clone()),
                Some(token) => ActFor::Session {
                    access_key_id: sought.access_key_id.to_owned(),
                    token: Arc::new(Plaintext::new(token.as_bytes().to_vec())),
                },
            },
            signing_key: Arc::new(SigningKey::from_bytes(bytes, scope)),
            principal: self.key_holder.principal()?,
            powers: RequesterPowers {
                identity,
                boundary: self.permissions_boundary.map(|text| policy(&text)).transpose()?,
                session: self.session_policies.as_deref().map(parsed).transpose()?,
            },
            tags,
            told,
        })
    }
}

impl AnsweredHolder {
    fn principal(self) -> Result<Principal, NoRequester> {
        let Self { r#type, account_id: account, arn, unique_id, issuer_arn, issuer_id } = self;
        Ok(match (r#type.as_str(), issuer_arn, issuer_id) {
            ("Root", ..) => Principal::Root { account },
            ("User", ..) => Principal::User { account, arn, unique_id },
            ("AssumedRole", Some(role_arn), Some(role_id)) => {
                Principal::Session { account, role_arn, role_id, session_arn: arn }
            }
            ("FederatedUser", issuer_arn, issuer_id) => {
                let user = issuer_arn.zip(issuer_id).map(|(arn, unique_id)| Federator { arn, unique_id });
                Principal::FederatedUser { account, arn, user }
            }
            _ => return Err(odd("the requester")),
        })
    }
}

/// Tags and other condition keys.
fn told(keys: Vec<AnsweredKey>) -> (BTreeMap<String, String>, BTreeMap<String, Vec<String>>) {
    let (mut tags, mut told) = (BTreeMap::new(), BTreeMap::new());
    for AnsweredKey { name, mut values } in keys {
        match name.strip_prefix("aws:PrincipalTag/") {
            Some(tag) => drop(tags.insert(tag.to_owned(), values.pop().unwrap_or_default())),
            None => drop(told.insert(name.to_ascii_lowercase(), values)),
        }
    }
    (tags, told)
}

fn parsed(texts: &[String]) -> Result<Vec<Policy>, NoRequester> {
    texts.iter().map(|text| policy(text)).collect()
}

/// A policy that cannot be read might deny something: then nobody is believed.
fn policy(text: &str) -> Result<Policy, NoRequester> {
    Policy::parse(text, PolicyKind::IdentityPolicy).map_err(|_| odd("a policy"))
}

fn odd(what: &str) -> NoRequester {
    NoRequester::Unavailable(format!("{what} of a signing key's answer is not understood"))
}

fn key_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Plaintext, D::Error> {
    let text = Plaintext::new(String::deserialize(deserializer)?.into_bytes());
    Plaintext::from_base64(text.reveal()).map_err(|_| serde::de::Error::custom("no base64"))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(number: u32) -> KnownBy {
        KnownBy(format!("AKIA{number}"), [0; 32], "20261130".to_owned())
    }

    #[test]
    fn strangers_from_one_address_have_few_access_keys_asked_for_and_others_do_not_notice() {
        let mut known = KnownRequesters::default();
        let [one, beside, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"].map(|address| address.parse().unwrap());
        let now = Duration::from_secs(1000);
        let asked = |known: &mut KnownRequesters, address, numbers: std::ops::Range<u32>, now| {
            numbers.filter(|number| known.find(&by(*number), address, now).is_none()).count()
        };
        assert_eq!(asked(&mut known, one, 0..100, now), ASKED_FROM_MAX as usize);
        assert_eq!(asked(&mut known, beside, 0..100, now), 0, "they are of one network");
        assert_eq!(asked(&mut known, other, 0..10, now), 10);
        known.proved.insert(("AKIA7".to_owned(), [0; 32]));
        let of_another_token = KnownBy("AKIA7".to_owned(), [1; 32], "20261130".to_owned());
        assert!(known.find(&of_another_token, one, now).is_some(), "an access key's id is no secret");
        assert_eq!(
            asked(&mut known, one, 7..8, now),
            1,
            "whoever has a key is asked for as often as need be"
        );
        assert_eq!(
            asked(&mut known, one, 0..100, now + Duration::from_secs(60)),
            ASKED_FROM_MAX as usize + 1
        );
    }

    #[test]
    fn all_strangers_together_have_no_more_asked_for_than_so_many() {
        let mut known = KnownRequesters::default();
        let asked = (0..100_u8).flat_map(|host| (0..20).map(move |number| (host, number))).filter(
            |(host, number)| {
                let address = IpAddr::from([10, 0, 0, *host]);
                known.find(&by(*number), address, Duration::from_secs(7)).is_none()
            },
        );
        assert_eq!(asked.count(), ASKED_MAX as usize);
    }
}

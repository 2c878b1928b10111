//! Requesters of the gateway's own list: users with access keys of their own, each with a role that KMS is called with.
//!
//! That is for AWS KMS, and for any KMS that does not know the gateway's users. KMS sees the role's session and nothing of S3.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use forward::{ActFor, AssumedRole};
use policy::{Policy, Principal};
use secret::Plaintext;
use sigv4::{Scope, SigningKey};

use crate::requester::{NoRequester, Requester, RequesterPowers, Requesters, SoughtRequester};

/// A user of the list.
pub struct ListedUser {
    /// Its name.
    pub name: String,
    /// Its account, twelve digits.
    pub account: String,
    /// `arn:aws:iam::<account>:user/<name>`. Policies of buckets name the user so; no two users of a list have one ARN.
    pub arn: String,
    /// The id of its access key.
    pub access_key_id: String,
    /// The secret of its access key.
    pub secret: Plaintext,
    /// What it may do with buckets and objects; without policies, what the policies of buckets allow.
    pub policies: Vec<Policy>,
    /// Calls KMS for it.
    pub role: Arc<AssumedRole>,
}

/// Requesters of a list.
pub struct ListedRequesters {
    region: String,
    users: HashMap<String, KnownUser>,
}

/// A user, and what it is on the days of its signatures.
struct KnownUser {
    user: ListedUser,
    by_day: Mutex<BTreeMap<String, Arc<Requester>>>,
}

/// Days that are kept. The entrance lets in what was signed today, or seven days ago for a presigned URL: no more than nine.
const DAYS_MAX: usize = 10;

impl ListedRequesters {
    /// Those of a list, in a Region. Of several users with one access key id, the last is found.
    #[must_use]
    pub fn new(users: Vec<ListedUser>, region: String) -> Self {
        let known =
            |user: ListedUser| (user.access_key_id.clone(), KnownUser { user, by_day: Mutex::default() });
        Self { region, users: users.into_iter().map(known).collect() }
    }
}

#[async_trait::async_trait]
impl Requesters for ListedRequesters {
    async fn find(&self, sought: SoughtRequester<'_>) -> Result<Arc<Requester>, NoRequester> {
        // Nobody here has a session.
        let known = self.users.get(sought.access_key_id).filter(|_| sought.token.is_none());
        let KnownUser { user, by_day } = known.ok_or(NoRequester::Unknown)?;
        let mut by_day = by_day.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(requester) = by_day.get(sought.date) {
            return Ok(Arc::clone(requester));
        }
        let requester = Arc::new(user.requester(sought.date, &self.region));
        if by_day.len() >= DAYS_MAX {
            by_day.pop_first();
        }
        by_day.insert(sought.date.to_owned(), Arc::clone(&requester));
        Ok(requester)
    }

    fn proved(&self, _: &str, _: Option<&str>) {}
}

impl ListedUser {
    fn requester(&self, date: &str, region: &str) -> Requester {
        let Self { name, account, arn, .. } = self;
        let told = [
            ("aws:principalaccount", account.as_str()),
            ("aws:principalarn", arn),
            ("aws:principalisawsservice", "false"),
            ("aws:principaltype", "User"),
            ("aws:username", name),
        ];
        Requester {
            account: account.clone(),
            arn: arn.clone(),
            distinct_id: arn.clone(),
            // The user has no unique id, and no policy can name it by one.
            principal: Principal::User { account: account.clone(), arn: arn.clone(), unique_id: arn.clone() },
            powers: RequesterPowers { identity: Some(self.policies.clone()), boundary: None, session: None },
            tags: BTreeMap::new(),
            told: told.map(|(key, value)| (key.to_owned(), vec![value.to_owned()])).into(),
            signing_key: Arc::new(self.signing_key(Scope { date, region, service: "s3" })),
            act_for: ActFor::Role(Arc::clone(&self.role)),
        }
    }

    fn signing_key(&self, scope: Scope<'_>) -> SigningKey {
        SigningKey::derive(self.secret.reveal(), scope)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use forward::{Settings, Sts, ThisMachine};
    use policy::{ConditionKey, PolicyKind};

    use super::*;

    fn requesters() -> ListedRequesters {
        let settings = Settings::read(&|name| (name == "AWS_REGION").then(|| "eu-west-1".into())).unwrap();
        let sts = Arc::new(Sts::new(&settings, Arc::new(ThisMachine::start())).unwrap());
        let role = sts.role("arn:aws:iam::111122223333:role/alice".to_owned(), "alice".to_owned());
        let policy = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let alice = ListedUser {
            name: "alice".to_owned(),
            account: "111122223333".to_owned(),
            arn: "arn:aws:iam::111122223333:user/alice".to_owned(),
            access_key_id: "AKIAEXAMPLEALICE0000".to_owned(),
            secret: Plaintext::new(b"s3cret".to_vec()),
            policies: vec![Policy::parse(policy, PolicyKind::IdentityPolicy).unwrap()],
            role: Arc::new(role),
        };
        ListedRequesters::new(vec![alice], "eu-west-1".to_owned())
    }

    fn sought<'a>(access_key_id: &'a str, token: Option<&'a str>, date: &'a str) -> SoughtRequester<'a> {
        SoughtRequester { access_key_id, token, date, address: IpAddr::from(Ipv4Addr::LOCALHOST) }
    }

    #[tokio::test]
    async fn a_user_of_the_list_is_found_with_its_key_of_the_day() {
        let requesters = requesters();
        let alice = requesters.find(sought("AKIAEXAMPLEALICE0000", None, "20261130")).await.unwrap();
        let scope = Scope { date: "20261130", region: "eu-west-1", service: "s3" };
        assert_eq!((alice.signing_key.scope(), alice.account.as_str()), (scope, "111122223333"));
        assert!(matches!(&alice.act_for, ActFor::Role(role) if role.arn().ends_with(":role/alice")));
        let named = alice.lookup(&ConditionKey::parse("aws:username")).unwrap();
        assert_eq!(named.as_slice(), ["alice"]);
        let again = requesters.find(sought("AKIAEXAMPLEALICE0000", None, "20261130")).await.unwrap();
        assert!(Arc::ptr_eq(&alice, &again));
        for day in 10..30 {
            requesters.find(sought("AKIAEXAMPLEALICE0000", None, &format!("202612{day}"))).await.unwrap();
        }
        assert_eq!(requesters.users["AKIAEXAMPLEALICE0000"].by_day.lock().unwrap().len(), DAYS_MAX);
    }

    #[tokio::test]
    async fn nobody_else_is_found_and_no_session() {
        let requesters = requesters();
        for (id, token) in [("AKIAEXAMPLEBOB000000", None), ("", None), ("AKIAEXAMPLEALICE0000", Some("t"))] {
            let found = requesters.find(sought(id, token, "20261130")).await;
            assert_eq!(found.map(drop), Err(NoRequester::Unknown), "{id}");
        }
    }
}

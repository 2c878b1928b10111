//! When users and roles last called each service: noted in memory, and written behind.
//!
//! A call counts when its signature holds, whether or not it is allowed then. The sessions of a role count for the role, those
//! of a user for the user, and so do the federated users for whom a user vouches: all of them live on its policies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use dispatch::Usage;
use model::{Timestamp, arn::AccountId};
use state::{LastUse, Noting, Tracked, Use};
use store::Key;

use crate::{
    layout::{self, Kind},
    records::ServiceUseRecord,
};

/// A service that calls are made to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CalledService {
    /// As it stands before the colon of an action.
    pub(crate) namespace: &'static str,
    /// As people know it.
    pub(crate) title: &'static str,
    /// As the server calls it.
    name: &'static str,
}

/// All of them, in the order of their namespaces.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub(crate) static SERVICES: [CalledService; 5] = [
    service("cloudtrail", "AWS CloudTrail", "cloudtrail"),
    service("iam", "AWS Identity and Access Management", "iam"),
    service("kms", "AWS Key Management Service", "kms"),
    service("sts", "AWS Security Token Service", "sts"),
    service("tag", "Amazon Resource Group Tagging API", "tagging"),
];

/// How long after a call the call is told of, as in AWS: 400 days.
const TOLD_SECONDS: i64 = 400 * 24 * 60 * 60;

/// What is known of users and roles, by their unique ids. It outlives memory that is read anew.
pub(crate) struct Activities {
    known: Mutex<HashMap<Box<str>, Arc<Activity>>>,
    notes: Noting<ServiceUse>,
}

/// When a user or role called each service.
pub(crate) struct Activity {
    /// The unique id.
    bearer: Box<str>,
    /// In the order of the services.
    uses: [OnceLock<Arc<ServiceUse>>; SERVICES.len()],
    notes: Noting<ServiceUse>,
}

/// When a user or role last called one service.
pub(crate) struct ServiceUse {
    /// The unique id.
    pub(crate) bearer: Box<str>,
    pub(crate) service: &'static CalledService,
    last: LastUse<LastCall>,
}

/// The last call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastCall {
    pub(crate) at: Timestamp,
    pub(crate) region: String,
}

const fn service(namespace: &'static str, title: &'static str, name: &'static str) -> CalledService {
    CalledService { namespace, title, name }
}

/// Where it is stored what a user or role called.
pub(crate) fn keys(account: AccountId, bearer: &str) -> impl Iterator<Item = Key> {
    SERVICES.iter().map(move |service| service.key(account, bearer))
}

impl CalledService {
    /// Where it is stored when a user or role last called the service.
    pub(crate) fn key(&self, account: AccountId, bearer: &str) -> Key {
        layout::key(account, Kind::ServiceUse, &format!("{bearer}/{}", self.namespace))
    }
}

impl Activities {
    /// Nobody has called yet.
    pub(crate) fn new(notes: Noting<ServiceUse>) -> Self {
        Self { known: Mutex::default(), notes }
    }

    /// Where it is noted what a user or role calls, by its unique id.
    pub(crate) fn of(&self, bearer: &str) -> Arc<Activity> {
        let mut known = self.known();
        if let Some(known) = known.get(bearer) {
            return Arc::clone(known);
        }
        let new = Activity { bearer: bearer.into(), uses: Default::default(), notes: self.notes.clone() };
        Arc::clone(known.entry(bearer.into()).or_insert(Arc::new(new)))
    }

    /// The last call of a service by a user or role that is told of at this time.
    pub(crate) fn last(&self, bearer: &str, service: &CalledService, now: Timestamp) -> Option<LastCall> {
        let uses = Arc::clone(self.known().get(bearer)?);
        let (_, found) = uses.each().find(|(each, _)| *each == service)?;
        let last = found.get()?.last.get()?;
        (now.as_seconds().saturating_sub(last.at.as_seconds()) <= TOLD_SECONDS).then_some(last)
    }

    /// The last call of any service.
    pub(crate) fn last_of_all(&self, bearer: &str, now: Timestamp) -> Option<LastCall> {
        SERVICES.iter().filter_map(|service| self.last(bearer, service, now)).max_by_key(|last| last.at)
    }

    /// Forgets whoever is not there any more. A credential that still notes calls may be of somebody who is newer than what
    /// `is_there` knows.
    pub(crate) fn keep(&self, is_there: impl Fn(&str) -> bool) {
        self.known().retain(|bearer, activity| is_there(bearer) || Arc::strong_count(activity) > 1);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Activity>>> {
        // Nothing panics under the lock. If something did, the map would still be whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Activity {
    /// Notes a call. Those of a second in one Region are one.
    pub(crate) fn note(&self, usage: Usage<'_>) {
        let Some((service, found)) = self.each().find(|(each, _)| each.name == usage.service) else { return };
        let same = |known: &LastCall| {
            known.at.as_seconds() >= usage.at.as_seconds() && known.region == usage.region.as_str()
        };
        let last_call = || LastCall { at: usage.at, region: usage.region.to_string() };
        self.notes.note(self.service_use(service, found), same, last_call);
    }

    /// Takes over what is stored, by this node or another. `None` when it does not decode, or is of no service.
    pub(crate) fn learn(&self, namespace: &str, bytes: &[u8]) -> Option<()> {
        let record: ServiceUseRecord<'_> = minicbor::decode(bytes).ok()?;
        let (service, found) = self.each().find(|(each, _)| each.namespace == namespace)?;
        let last_call =
            LastCall { at: Timestamp::from_millis(record.at), region: record.region.into_owned() };
        self.service_use(service, found).last.learn(last_call);
        Some(())
    }

    fn each(&self) -> impl Iterator<Item = (&'static CalledService, &OnceLock<Arc<ServiceUse>>)> {
        SERVICES.iter().zip(&self.uses)
    }

    fn service_use<'a>(
        &self,
        service: &'static CalledService,
        found: &'a OnceLock<Arc<ServiceUse>>,
    ) -> &'a Arc<ServiceUse> {
        found.get_or_init(|| {
            Arc::new(ServiceUse { bearer: self.bearer.clone(), service, last: LastUse::default() })
        })
    }
}

impl Use for LastCall {
    fn at(&self) -> Timestamp {
        self.at
    }
}

impl Tracked for ServiceUse {
    type Use = LastCall;

    fn last_use(&self) -> &LastUse<LastCall> {
        &self.last
    }
}

#[cfg(test)]
mod tests {
    use model::arn::Region;
    use state::Behind;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn whoever_is_gone_is_forgotten_when_no_credential_notes_calls_any_more() {
        let (called, region) = (Behind::default(), Region::parse("eu-west-1").unwrap());
        let activities = Activities::new(called.notes());
        let of_gone = activities.of("gone");
        for bearer in ["gone", "there"] {
            activities.of(bearer).note(Usage { at: at(7), service: "tagging", region: &region });
        }
        let last = |bearer| {
            let found = activities.last_of_all(bearer, at(9))?;
            Some((found.at, found.region))
        };
        let noted = Some((at(7), "eu-west-1".to_owned()));
        activities.keep(|bearer| bearer == "there");
        assert_eq!((last("there"), last("gone")), (noted.clone(), noted.clone()));
        drop(of_gone);
        activities.keep(|bearer| bearer == "there");
        assert_eq!((last("there"), last("gone")), (noted, None));
    }

    #[test]
    fn the_later_call_counts_whoever_noted_it() {
        let activities = Activities::new(Behind::default().notes());
        let activity = activities.of("somebody");
        let stored =
            |at: i64| minicbor::to_vec(ServiceUseRecord { at: at * 1000, region: "x".into() }).unwrap();
        for (seconds, expected) in [(5, 5), (4, 5), (6, 6)] {
            activity.learn("kms", &stored(seconds)).unwrap();
            assert_eq!(activities.last_of_all("somebody", at(9)).unwrap().at, at(expected));
        }
        assert_eq!(activity.learn("kms", b"no record"), None);
        assert_eq!(activity.learn("nothing", &stored(7)), None);
    }
}

//! Delivery: what the journal has recorded, as files in buckets, each event once.
//!
//! ```text
//! idle ──due──► begun: records up to here, names of this time ──every file is put──► idle, further on
//!   └──an hour──► digesting: digests that end now ──every digest is put──► idle, with a chain that is longer
//! ```
//! Every arrow is a commit. Whatever happens in a state, also a crash, the same files with the same contents are put under the same
//! names once more, so that an event is in one file. How far a trail has got is a record of the store, for each node: each node
//! delivers its own journal.

mod attempts;
mod beginning;
mod bundle;
mod copies;
mod digests;
mod files;
mod wanted;

use std::{fmt, io, sync::Arc};

use audit::JournalError;
use dispatch::Backstage;
use model::{Timestamp, arn::AccountId};
use state::{created, replaced, unchanged};
use store::{Batch, StoreError};
use strongroom::Refused;
use trail::DeliveryPlace;

use self::attempts::Attempted;
pub use self::wanted::{WantedTrail, make_wanted};
pub(crate) use self::{attempts::Attempts, copies::DigestCopies};
use crate::{
    CloudTrail,
    buckets::{DeliveryBucket, NotPut},
    progress::Progress,
    records::{BegunRecord, ProgressRecord},
    tables::Tables,
    trail_id::TrailId,
    trails::Trail,
};

/// Records whose events are put at a time. What is put before a crash and not noted is put again.
const RECORDS_MAX: u64 = 50_000;
/// Time between digests.
const DIGEST_MILLIS: i64 = 60 * 60 * 1000;

/// What a look at the trails came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// There is more to deliver at once.
    Further,
    /// Nothing is due.
    Reached,
}

/// How far a trail has got on this node, for monitoring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailState {
    /// The trail's ARN.
    pub arn: String,
    /// Records of the journal that are not delivered yet, whomever they concern.
    pub behind: u64,
    /// When a file or an empty period was last delivered.
    pub delivered: Option<Timestamp>,
    /// Attempts that failed since the start of this node.
    pub failures: u64,
}

/// Why something is not delivered. What is due stays due.
enum NotDelivered {
    Store(StoreError),
    Journal(JournalError),
    Strongroom(Refused),
    Put(NotPut),
    Memory(io::Error),
    /// The journal ends before the record of this sequence number, which it had.
    Ended(u64),
}

/// Looks at every trail once, and delivers what is due. Makes the trails that the configuration wants in these accounts and that are
/// not there.
pub async fn tick(service: &CloudTrail, backstage: &Backstage, accounts: &[AccountId]) -> Delivered {
    let _alone = service.looking.lock().await;
    make_wanted(service, backstage, accounts).await;
    let snapshot = backstage.mirror.snapshot();
    let Some(tables) = snapshot.find::<Tables>() else { return Delivered::Reached };
    if !backstage.mirror.is_following() {
        return Delivered::Reached;
    }
    service.attempts.retain(|id| tables.trail(id).is_some());
    let mut further = Delivered::Reached;
    for trail in tables.trails() {
        let now = backstage.clock.now();
        if !service.attempts.may_try(&trail.id, now) {
            continue;
        }
        let delivery = Delivery { service, backstage, trail, now };
        match delivery.advance(tables).await {
            Ok(Delivered::Further) => further = Delivered::Further,
            Ok(Delivered::Reached) => {}
            Err((what, error)) => {
                tracing::warn!(trail = %trail.id, %error, "a trail is not delivered, and is tried again");
                service.attempts.note(&trail.id, now, what, Some(error.code()));
            }
        }
    }
    further
}

/// How far the trails have got that deliver.
pub(crate) fn states(service: &CloudTrail, backstage: &Backstage) -> Vec<TrailState> {
    let snapshot = backstage.mirror.snapshot();
    let Some(tables) = snapshot.find::<Tables>() else { return Vec::new() };
    let synced = backstage.journal.synced_sequence();
    let state = |trail: &Arc<Trail>| {
        let progress = tables.progress(&trail.id, &service.node)?;
        let ProgressRecord { next, clock, ended, .. } = progress.record;
        (!ended).then(|| TrailState {
            arn: trail.id.arn(),
            behind: synced.saturating_sub(next),
            delivered: (clock > 0).then(|| Timestamp::from_millis(clock)),
            failures: service.attempts.of(&trail.id).map_or(0, |attempt| attempt.failures_ever),
        })
    };
    tables.trails().filter_map(state).collect()
}

/// The first record that some trail has not delivered yet: none from it on may go.
pub(crate) fn undelivered(service: &CloudTrail, tables: &Tables) -> Option<u64> {
    let first = |trail: &Arc<Trail>| {
        let progress = tables.progress(&trail.id, &service.node)?;
        let ProgressRecord { next, ended, records, .. } = &progress.record;
        // Digests account for records that are delivered already, and proofs need them until then.
        (!ended).then(|| records.as_ref().map_or(*next, |tree| tree.first.min(*next)))
    };
    tables.trails().filter_map(first).min()
}

/// One look at one trail.
struct Delivery<'a> {
    service: &'a CloudTrail,
    backstage: &'a Backstage,
    trail: &'a Trail,
    now: Timestamp,
}

impl Delivery<'_> {
    async fn advance(&self, tables: &Tables) -> Result<Delivered, (Attempted, NotDelivered)> {
        let events = |error| (Attempted::Events, error);
        let stored = tables.progress(&self.trail.id, &self.service.node);
        let Some(progress) = stored.filter(|stored| self.goes_on(&stored.record)) else {
            let Some(since) = self.trail.started.filter(|since| !is_ended(stored, self.trail, *since)) else {
                return Ok(Delivered::Reached);
            };
            return self.begin(stored, since.as_millis()).await.map_err(events);
        };
        if let Some(end) = progress.record.digesting {
            let digested = self.digest(tables, progress, end).await;
            return self.noted(Attempted::Digests, digested);
        }
        if let Some(begun) = &progress.record.begun {
            let put = self.put_files(progress, begun).await;
            return self.noted(Attempted::Events, put);
        }
        self.plan(progress).await.map_err(events)
    }

    fn noted(
        &self,
        what: Attempted,
        outcome: Result<(), NotDelivered>,
    ) -> Result<Delivered, (Attempted, NotDelivered)> {
        outcome.map_err(|error| (what, error))?;
        self.service.attempts.note(&self.trail.id, self.now, what, None);
        Ok(Delivered::Further)
    }

    /// Whether what is stored is of this trail and not at its end. What happened between a stop and a start that comes before
    /// everything up to the stop is delivered is delivered too.
    fn goes_on(&self, stored: &ProgressRecord) -> bool {
        stored.trail == self.trail.created.as_millis() && (!stored.ended || stored.digesting.is_some())
    }

    /// Begins with what happens from the start of logging on.
    async fn begin(&self, before: Option<&Arc<Progress>>, since: i64) -> Result<Delivered, NotDelivered> {
        let same = before.filter(|before| before.record.trail == self.trail.created.as_millis());
        let synced = self.backstage.journal.synced_sequence();
        let next =
            beginning::from_time(&self.service.journal, since, synced).map_err(NotDelivered::Journal)?;
        let record = ProgressRecord {
            trail: self.trail.created.as_millis(),
            since,
            next: same.map_or(next, |before| before.record.next.max(next)),
            clock: since,
            named: same.map_or(0, |before| before.record.named),
            begun: None,
            ended: false,
            start: since,
            digest_clock: since,
            chains: [].into(),
            records: None,
            digesting: None,
            delivered: same.and_then(|before| before.record.delivered),
            digested: same.and_then(|before| before.record.digested),
        };
        let change = match before {
            Some(before) => replaced(&**before, &before.with(record)),
            None => {
                let progress = Progress::new(self.trail.id.clone(), self.service.node.clone(), record);
                created(&progress)
            }
        };
        self.commit(change.only_if(unchanged(self.trail))).await?;
        Ok(Delivered::Further)
    }

    /// Sees whether something is due, and says durably what is delivered next.
    async fn plan(&self, progress: &Progress) -> Result<Delivered, NotDelivered> {
        let record = &progress.record;
        let stopped = self.trail.stopped.is_some();
        let digest_is_due = self.is_past(record.digest_clock, DIGEST_MILLIS) && self.trail.settings.validated;
        let due = stopped || digest_is_due || self.is_past(record.clock, self.service.period_millis());
        let synced = self.backstage.journal.synced_sequence();
        if !due || !(synced > record.next || stopped || digest_is_due) {
            return Ok(Delivered::Reached);
        }
        let at = self.name_after(record);
        let to = synced.min(record.next + RECORDS_MAX).max(record.next);
        let planned = ProgressRecord { begun: Some(BegunRecord { to, at }), named: at, ..record.clone() };
        self.commit(replaced(progress, &progress.with(planned))).await?;
        Ok(Delivered::Further)
    }

    /// Whether so much time has passed since. If the clock went back, nobody knows, and it is taken to have passed.
    fn is_past(&self, since: i64, millis: i64) -> bool {
        let passed = self.now.as_millis().saturating_sub(since);
        passed < 0 || passed >= millis
    }

    /// The time in the next names: now, or a second after the latest one.
    fn name_after(&self, record: &ProgressRecord) -> i64 {
        (self.now.as_seconds() * 1000).max(record.named.div_euclid(1000) * 1000 + 1000)
    }

    fn bucket(&self) -> Result<&dyn DeliveryBucket, NotDelivered> {
        let name = &self.trail.settings.bucket;
        self.service.buckets.get(name, self.trail.id.account).ok_or_else(|| {
            let detail = format!("the configuration names no bucket `{name}` that this account may use");
            NotDelivered::Put(NotPut { code: "NoSuchBucket".to_owned(), detail })
        })
    }

    /// Commits, and waits until memory has it. If somebody else changed the trail meanwhile, memory has that, and the next look
    /// begins with it. It is no change that anybody asked for, so it is no event.
    async fn commit(&self, change: Batch) -> Result<(), NotDelivered> {
        let revision = match self.backstage.store.commit(change).await? {
            Ok(revision) => revision,
            Err(conflict) => conflict.revision,
        };
        self.backstage.mirror.reach(revision).await;
        Ok(())
    }
}

impl NotDelivered {
    /// What the trail's owner is told.
    fn code(&self) -> String {
        match self {
            Self::Put(NotPut { code, .. }) => code.clone(),
            _ => "InternalError".to_owned(),
        }
    }
}

impl From<StoreError> for NotDelivered {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for NotDelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "the store: {error}"),
            Self::Journal(error) => write!(f, "the journal: {error}"),
            Self::Strongroom(refused) => write!(f, "{refused}"),
            Self::Put(error) => write!(f, "the bucket: {error}"),
            Self::Memory(error) => write!(f, "{error}"),
            Self::Ended(next) => write!(f, "the journal ends before record {next}"),
        }
    }
}

/// Whether everything of the logging that was started then is delivered.
fn is_ended(stored: Option<&Arc<Progress>>, trail: &Trail, since: Timestamp) -> bool {
    stored.is_some_and(|stored| {
        stored.record.trail == trail.created.as_millis() && stored.record.since == since.as_millis()
    })
}

/// Whose it is, for names.
fn place<'a>(trail: &'a Trail, region: &'a str) -> DeliveryPlace<'a> {
    let TrailId { account, .. } = &trail.id;
    DeliveryPlace { prefix: trail.settings.prefix.as_deref(), account: account.as_str(), region }
}

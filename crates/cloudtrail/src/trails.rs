//! Trails: what is delivered where.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trails.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use model::Timestamp;
use state::{Kept, encode};
use store::{Key, Revision};
use trail::Event;

use crate::{
    layout,
    records::{SelectorRecord, TrailRecord},
    trail_id::TrailId,
};

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// A trail.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    pub(crate) id: TrailId,
    pub(crate) created: Timestamp,
    pub(crate) settings: TrailSettings,
    /// Which events are delivered: those that any of these selects. `None` for all.
    pub(crate) selectors: Option<Vec<Selector>>,
    pub(crate) tags: Tags,
    /// When logging was last started.
    pub(crate) started: Option<Timestamp>,
    /// When logging was last stopped; `None` while it goes on.
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) revision: Revision,
}

/// What `CreateTrail` and `UpdateTrail` set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrailSettings {
    /// The bucket's name in the configuration.
    pub(crate) bucket: String,
    /// What stands before all names in the bucket.
    pub(crate) prefix: Option<String>,
    /// Whether events of services without a Region, such as IAM, are delivered.
    pub(crate) global_services: bool,
    /// Whether the events of all Regions are delivered, not just those of the home Region.
    pub(crate) multi_region: bool,
    /// Whether digests are delivered.
    pub(crate) validated: bool,
    /// The KMS key that the bucket is to encrypt with.
    pub(crate) kms_key: Option<String>,
}

/// Which events are delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    /// Whether management events are; there are no others.
    pub(crate) management: bool,
    /// Sources whose events are not.
    pub(crate) excluded: Vec<String>,
}

impl TrailSettings {
    /// Those of a new trail, as far as its request does not say otherwise.
    pub(crate) const NEW: Self = Self {
        bucket: String::new(),
        prefix: None,
        global_services: true,
        multi_region: false,
        validated: false,
        kms_key: None,
    };
}

impl Trail {
    /// Whether events are delivered that happen now.
    pub(crate) fn is_logging(&self) -> bool {
        self.started.is_some() && self.stopped.is_none()
    }

    /// Whether an event is delivered. Services without a Region have the events of the partition's global Region.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events>
    pub(crate) fn wants(&self, event: &Event<'_>) -> bool {
        let TrailSettings { global_services, multi_region, .. } = self.settings;
        let is_global = matches!(event.source(), "iam.amazonaws.com" | "sts.amazonaws.com")
            && event.region() == self.id.home.partition().global_region();
        let selected = |selector: &Selector| selector.wants(event);
        event.account() == self.id.account.as_str()
            && (multi_region || event.region() == self.id.home.as_str())
            && (global_services || !is_global)
            && self.selectors.as_ref().is_none_or(|selectors| selectors.iter().any(selected))
    }

    /// A trail as it is stored. `None` when it does not decode.
    pub(crate) fn decode(id: TrailId, value: &[u8], revision: Revision) -> Option<Self> {
        let record: TrailRecord = minicbor::decode(value).ok()?;
        let TrailRecord { bucket, prefix, global_services, multi_region, validated, kms_key, .. } = record;
        Some(Self {
            id,
            created: Timestamp::from_millis(record.created),
            settings: TrailSettings { bucket, prefix, global_services, multi_region, validated, kms_key },
            selectors: record.selectors.map(|all| all.into_iter().map(Selector::from).collect()),
            tags: record.tags,
            started: record.started.map(Timestamp::from_millis),
            stopped: record.stopped.map(Timestamp::from_millis),
            revision,
        })
    }
}

impl Selector {
    fn wants(&self, event: &Event<'_>) -> bool {
        let kind = if event.read_only() == "true" { self.reads } else { self.writes };
        self.management && kind && !self.excluded.iter().any(|source| source == event.source())
    }
}

impl From<SelectorRecord> for Selector {
    fn from(SelectorRecord { reads, writes, management, excluded }: SelectorRecord) -> Self {
        Self { reads, writes, management, excluded }
    }
}

impl Kept for Trail {
    fn key(&self) -> Key {
        layout::trail(&self.id)
    }

    fn encode(&self) -> Bytes {
        let TrailSettings { bucket, prefix, global_services, multi_region, validated, kms_key } =
            self.settings.clone();
        let selector = |Selector { reads, writes, management, excluded }| SelectorRecord {
            reads,
            writes,
            management,
            excluded,
        };
        encode(&TrailRecord {
            created: self.created.as_millis(),
            bucket,
            prefix,
            global_services,
            multi_region,
            validated,
            kms_key,
            selectors: self.selectors.clone().map(|all| all.into_iter().map(selector).collect()),
            tags: self.tags.clone(),
            started: self.started.map(Timestamp::as_millis),
            stopped: self.stopped.map(Timestamp::as_millis),
        })
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

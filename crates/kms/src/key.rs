//! A KMS key as requests use it, and its stored form.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use model::{
    Timestamp,
    arn::{KeyArn, KeyId, MaterialId, WrittenArn},
    kms::{KeySpec, KeyUsageType, MultiRegionKeyType, OriginType},
};
use state::{Kept, LastUse, Tracked, encode};
use store::Revision;

use crate::{
    key_policy::{KeyPolicy, PrincipalIds},
    last_use::{DAY_MILLIS, Used},
    layout::Place,
    lifecycle::State,
    limits::ROTATION_PERIOD_DAYS_DEFAULT,
    records::{KeyRecord, RotationRecord, StateRecord, TagRecord},
};

/// A KMS key as requests use it.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub arn: WrittenArn,
    /// When it was made.
    pub created: Timestamp,
    /// Free text.
    pub description: String,
    /// What it is for.
    pub usage: KeyUsageType,
    /// What kind of material it has.
    pub spec: KeySpec,
    /// Where its material came from.
    pub origin: OriginType,
    /// Its state.
    pub state: State,
    /// Its policy.
    pub policy: Arc<KeyPolicy>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The material that encrypts; `None` before the first was imported.
    pub current_material: Option<MaterialId>,
    /// Imported material that becomes current at the next rotation on demand.
    pub pending_material: Option<MaterialId>,
    /// Automatic rotation, if it was set for this key; [`Key::rotation`] says what holds.
    pub rotation: Option<Rotation>,
    /// How often it was rotated on demand.
    pub on_demand_rotations: u16,
    /// Whether it is a replica of the key with the same id in another Region.
    pub replica: bool,
    /// The service that manages the key; `None` for those that customers manage.
    pub managed_by: Option<String>,
    /// Its last use, shared by all versions of it.
    pub last_use: Arc<LastUse<Used>>,
    /// Where the record was last changed.
    pub revision: Revision,
}

/// Automatic rotation of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Days between two rotations.
    pub period_days: u16,
    /// When the next is due.
    pub next: Timestamp,
}

impl Key {
    /// An enabled key of one Region that is made now, with material of this id. It has no tags and does not rotate.
    pub(crate) fn new(
        arn: KeyArn,
        created: Timestamp,
        (spec, usage): (KeySpec, KeyUsageType),
        policy: Arc<KeyPolicy>,
        material: Option<MaterialId>,
    ) -> Self {
        Self {
            arn: arn.into(),
            created,
            description: String::new(),
            usage,
            spec,
            origin: OriginType::AwsKms,
            state: State::Enabled,
            policy,
            tags: BTreeMap::new(),
            current_material: material,
            pending_material: None,
            rotation: None,
            on_demand_rotations: 0,
            replica: false,
            managed_by: None,
            last_use: Arc::default(),
            revision: Revision::default(),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.arn.key_id
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::of_key(&self.arn)
    }

    /// What it is in its family; `None` for keys of one Region.
    #[must_use]
    pub fn family_role(&self) -> Option<MultiRegionKeyType> {
        self.arn.key_id.is_multi_region().then_some(match self.replica {
            true => MultiRegionKeyType::Replica,
            false => MultiRegionKeyType::Primary,
        })
    }

    /// Automatic rotation as the key's own record has it. Keys that AWS's services manage rotate every year.
    #[must_use]
    pub fn rotation(&self) -> Option<Rotation> {
        let yearly = || Rotation::starting(self.created, ROTATION_PERIOD_DAYS_DEFAULT);
        self.rotation.or_else(|| self.managed_by.as_ref().map(|_| yearly()))
    }

    /// Days in which the key was not used, since it last was or since it was made.
    pub(crate) fn trailing_days(&self, now: Timestamp) -> i64 {
        let since = self.last_use.get().map_or(self.created, |used| used.at);
        now.as_millis().saturating_sub(since.as_millis()).max(0) / DAY_MILLIS
    }

    /// From the stored form, which `policy` parses the policy of. `None` when it does not decode.
    pub(crate) fn decode(
        (place, id): (&Place, KeyId),
        value: &[u8],
        revision: Revision,
        policy: impl FnOnce(&str, PrincipalIds) -> Option<Arc<KeyPolicy>>,
    ) -> Option<Self> {
        let record: KeyRecord<'_> = minicbor::decode(value).ok()?;
        let named = record.principals.into_iter().flatten();
        let ids = named.map(|named| (named.arn.into_owned(), named.id.into_owned())).collect();
        let arn = KeyArn { region: place.region.clone(), account: place.account, key_id: id };
        let kind = (KeySpec::parse(record.spec)?, KeyUsageType::parse(record.usage)?);
        let material = record.current_material.map(MaterialId::from_bytes);
        let created = Timestamp::from_millis(record.created);
        Some(Self {
            description: record.description.into_owned(),
            origin: OriginType::parse(record.origin)?,
            state: record.state.into(),
            tags: record.tags.into_iter().map(|tag| (tag.key.into_owned(), tag.value.into_owned())).collect(),
            pending_material: record.pending_material.map(MaterialId::from_bytes),
            rotation: record.rotation.map(|rotation| Rotation {
                period_days: rotation.period_days,
                next: Timestamp::from_millis(rotation.next),
            }),
            on_demand_rotations: record.on_demand_rotations,
            replica: record.replica,
            managed_by: record.managed_by.map(Into::into),
            revision,
            ..Self::new(arn, created, kind, policy(&record.policy, ids)?, material)
        })
    }
}

impl Rotation {
    /// Rotation a period from now, and every period from then on.
    #[must_use]
    pub fn starting(now: Timestamp, period_days: u16) -> Self {
        Self { period_days, next: now.plus_days(period_days) }
    }
}

impl Tracked for Key {
    type Use = Used;

    fn last_use(&self) -> &LastUse<Used> {
        &self.last_use
    }
}

impl Kept for Key {
    fn key(&self) -> store::Key {
        self.place().key(self.id())
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        encode(&KeyRecord {
            created: self.created.as_millis(),
            description: self.description.as_str().into(),
            usage: self.usage.as_str(),
            spec: self.spec.as_str(),
            origin: self.origin.as_str(),
            state: self.state.into(),
            policy: self.policy.parsed.text().into(),
            tags: self
                .tags
                .iter()
                .map(|(key, value)| TagRecord { key: key.as_str().into(), value: value.as_str().into() })
                .collect(),
            current_material: self.current_material.map(|id| *id.as_bytes()),
            rotation: self.rotation.map(|rotation| RotationRecord {
                period_days: rotation.period_days,
                next: rotation.next.as_millis(),
            }),
            on_demand_rotations: self.on_demand_rotations,
            replica: self.replica,
            pending_material: self.pending_material.map(|id| *id.as_bytes()),
            managed_by: self.managed_by.as_deref(),
            principals: self.policy.principals(),
        })
    }
}

impl From<State> for StateRecord {
    fn from(state: State) -> Self {
        match state {
            State::Enabled => Self::Enabled,
            State::Disabled => Self::Disabled,
            State::PendingImport => Self::PendingImport,
            State::PendingDeletion { due } => Self::PendingDeletion(due.as_millis()),
            State::PendingReplicaDeletion { window_days } => Self::PendingReplicaDeletion(window_days),
            State::BeingDeleted { due } => Self::BeingDeleted(due.as_millis()),
        }
    }
}

impl From<StateRecord> for State {
    fn from(record: StateRecord) -> Self {
        match record {
            StateRecord::Enabled => Self::Enabled,
            StateRecord::Disabled => Self::Disabled,
            StateRecord::PendingImport => Self::PendingImport,
            StateRecord::PendingDeletion(due) => Self::PendingDeletion { due: Timestamp::from_millis(due) },
            StateRecord::PendingReplicaDeletion(window_days) => Self::PendingReplicaDeletion { window_days },
            StateRecord::BeingDeleted(due) => Self::BeingDeleted { due: Timestamp::from_millis(due) },
        }
    }
}

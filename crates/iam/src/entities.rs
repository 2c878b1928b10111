//! Users, groups and roles in memory.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use dispatch::{Cx, Principals};
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use policy::{Malformed, Policy, PolicyKind};
use state::encode;
use store::{Key, Revision};

use crate::{
    documents::SharedPolicies,
    layout::{self, Kind},
    records::{EntityRecord, GroupRecord, InlineRecord, PrincipalRecord, RoleRecord, TagRecord, UserRecord},
};

/// Tags by their keys.
pub(crate) type Tags = BTreeMap<String, String>;

/// What users, groups and roles have in common.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) partition: Partition,
    pub(crate) account: AccountId,
    pub(crate) kind: EntityKind,
    /// As it was given; unique without regard to case.
    pub(crate) name: String,
    /// From `/` to `/`.
    pub(crate) path: String,
    /// The unique id.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// Inline policies by their names.
    pub(crate) inline: BTreeMap<String, Arc<Policy>>,
    /// ARNs of attached policies.
    pub(crate) attached: BTreeSet<String>,
    /// ARN of the policy that is the permissions boundary; groups have none.
    pub(crate) boundary: Option<String>,
    /// Groups have none.
    pub(crate) tags: Tags,
    /// Where the record was last changed.
    pub(crate) revision: Revision,
}

/// Which of the three an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum EntityKind {
    User,
    Group,
    Role,
}

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) entity: Entity,
    /// Unique ids of the groups that it is in.
    pub(crate) groups: BTreeSet<String>,
}

/// A group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) entity: Entity,
}

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) entity: Entity,
    /// Who may assume it.
    pub(crate) trust: Trust,
    pub(crate) description: Option<String>,
    /// Longest session, in seconds.
    pub(crate) session_seconds_max: u32,
}

/// A trust policy.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    /// As it was put.
    pub(crate) document: Arc<Policy>,
    /// As it is decided on: principals that have a unique id are named by it.
    pub(crate) bound: Arc<Policy>,
    /// The unique ids behind the ARNs that it names, as they were when it was put.
    pub(crate) ids: BTreeMap<String, String>,
}

/// The name that makes names unique without regard to case.
pub(crate) fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl EntityKind {
    /// As it stands in ARNs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// What its records are.
    pub(crate) const fn record(self) -> Kind {
        match self {
            Self::User => Kind::User,
            Self::Group => Kind::Group,
            Self::Role => Kind::Role,
        }
    }
}

impl Entity {
    /// A new one that may do nothing.
    pub(crate) fn new(cx: &Cx<'_>, kind: EntityKind, name: String, path: String, id: String) -> Self {
        Self {
            partition: cx.partition(),
            account: cx.account(),
            kind,
            name,
            path,
            id,
            created: cx.now,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            tags: Tags::new(),
            revision: Revision(0),
        }
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        arn(self.partition, self.account, self.kind.as_str(), &self.path, &self.name)
    }

    /// The ARN of a role's session with this name. The role's path is not in it.
    pub(crate) fn session_arn(&self, session: &str) -> String {
        self.partition.sts_arn(self.account, format_args!("assumed-role/{}/{session}", self.name))
    }

    /// Where its record stands.
    pub(crate) fn key(&self) -> Key {
        layout::key(self.account, self.kind.record(), &fold(&self.name))
    }

    /// From its stored form. `None` when a policy is none, which only a damaged or newer store has.
    fn decode(
        (partition, account): (Partition, AccountId),
        kind: EntityKind,
        record: EntityRecord<'_>,
        revision: Revision,
        shared: &SharedPolicies,
    ) -> Option<Self> {
        let inline = record.inline.into_iter().map(|policy| {
            let document = shared.document(&policy.text, PolicyKind::IdentityPolicy).ok()?;
            Some((policy.name.into_owned(), document))
        });
        // A deployment whose Regions are of another partition than `aws` stored ARNs of `aws`, before identities were of the
        // partition of their Regions.
        let here = |arn: &str| partition.adopted(arn);
        Some(Self {
            partition,
            account,
            kind,
            name: record.name.into_owned(),
            path: record.path.into_owned(),
            id: record.id.into_owned(),
            created: Timestamp::from_millis(record.created),
            inline: inline.collect::<Option<_>>()?,
            attached: record.attached.iter().map(|arn| here(arn)).collect(),
            boundary: record.boundary.map(|arn| here(&arn)),
            tags: read_tags(record.tags),
            revision,
        })
    }

    fn record(&self) -> EntityRecord<'_> {
        EntityRecord {
            created: self.created.as_millis(),
            name: self.name.as_str().into(),
            path: self.path.as_str().into(),
            id: self.id.as_str().into(),
            inline: self
                .inline
                .iter()
                .map(|(name, document)| InlineRecord {
                    name: name.as_str().into(),
                    text: document.text().into(),
                })
                .collect(),
            attached: self.attached.iter().map(|arn| arn.as_str().into()).collect(),
            boundary: self.boundary.as_deref().map(Into::into),
            tags: write_tags(&self.tags),
        }
    }
}

impl User {
    /// From its stored form.
    pub(crate) fn decode(
        place: (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
        shared: &SharedPolicies,
    ) -> Option<Self> {
        let record: UserRecord<'_> = minicbor::decode(bytes).ok()?;
        Some(Self {
            entity: Entity::decode(place, EntityKind::User, record.entity, revision, shared)?,
            groups: record.groups.into_iter().map(Cow::into_owned).collect(),
        })
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Bytes {
        encode(&UserRecord {
            entity: self.entity.record(),
            groups: self.groups.iter().map(|id| id.as_str().into()).collect(),
        })
    }
}

impl Group {
    /// From its stored form.
    pub(crate) fn decode(
        place: (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
        shared: &SharedPolicies,
    ) -> Option<Self> {
        let record: GroupRecord<'_> = minicbor::decode(bytes).ok()?;
        let entity = Entity::decode(place, EntityKind::Group, record.entity, revision, shared)?;
        Some(Self { entity })
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Bytes {
        encode(&GroupRecord { entity: self.entity.record() })
    }
}

impl Role {
    /// From its stored form.
    pub(crate) fn decode(
        place: (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
        shared: &SharedPolicies,
    ) -> Option<Self> {
        let record: RoleRecord<'_> = minicbor::decode(bytes).ok()?;
        let ids = record.trusted.into_iter().map(|named| (named.arn.into_owned(), named.id.into_owned()));
        Some(Self {
            entity: Entity::decode(place, EntityKind::Role, record.entity, revision, shared)?,
            trust: Trust::stored(&record.trust, ids.collect(), shared).ok()?,
            description: record.description.map(Cow::into_owned),
            session_seconds_max: record.session_seconds_max,
        })
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Bytes {
        encode(&RoleRecord {
            entity: self.entity.record(),
            trust: self.trust.document.text().into(),
            trusted: self
                .trust
                .ids
                .iter()
                .map(|(arn, id)| PrincipalRecord { arn: arn.as_str().into(), id: id.as_str().into() })
                .collect(),
            description: self.description.as_deref().map(Into::into),
            session_seconds_max: self.session_seconds_max,
        })
    }
}

impl Trust {
    /// A trust policy as it was stored, with the unique ids that were found when it was put.
    fn stored(text: &str, ids: BTreeMap<String, String>, shared: &SharedPolicies) -> Result<Self, Malformed> {
        let document = shared.document(text, PolicyKind::TrustPolicy)?;
        let bound = if ids.is_empty() {
            Arc::clone(&document)
        } else {
            Arc::new(document.bind(&|arn| ids.get(arn).cloned()))
        };
        Ok(Self { document, bound, ids })
    }

    /// A trust policy that is put now: its principals mean those that bear their names now.
    pub(crate) fn put(
        text: &str,
        principals: &dyn Principals,
        shared: &SharedPolicies,
    ) -> Result<Self, Malformed> {
        let document = shared.document(text, PolicyKind::TrustPolicy)?;
        let id =
            |named| Some((policy::PrincipalPattern::arn(named)?.to_owned(), principals.unique_id(named)?));
        let ids = document.principals().filter_map(id).collect();
        Self::stored(text, ids, shared)
    }
}

/// `arn:<partition>:iam::<account>:<kind><path><name>`.
pub(crate) fn arn(partition: Partition, account: AccountId, kind: &str, path: &str, name: &str) -> String {
    partition.iam_arn(account, format_args!("{kind}{path}{name}"))
}

/// Tags from their stored form.
pub(crate) fn read_tags(tags: Vec<TagRecord<'_>>) -> Tags {
    tags.into_iter().map(|tag| (tag.key.into_owned(), tag.value.into_owned())).collect()
}

/// Tags in their stored form.
pub(crate) fn write_tags(tags: &Tags) -> Vec<TagRecord<'_>> {
    tags.iter()
        .map(|(key, value)| TagRecord { key: key.as_str().into(), value: value.as_str().into() })
        .collect()
}

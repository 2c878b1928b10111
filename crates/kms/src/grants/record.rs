//! The stored form of a grant; `docs/store-format.md` lists the fields.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use minicbor::{Decode, Encode};
use model::{
    Timestamp,
    arn::{AccountId, GrantId, KeyArn},
    kms::GrantOperation,
};
use store::Revision;

use super::{ContextConstraint, Grant, Party};
use crate::layout::Place;
use state::{Kept, encode};

/// A grant. Its key and id are those of the record's place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct GrantRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    created: i64,
    /// Its name, which may be empty.
    #[b(1)]
    name: Cow<'a, str>,
    /// Who may use the key.
    #[b(2)]
    grantee: PartyRecord<'a>,
    /// Who may retire it.
    #[b(3)]
    retiring: Option<PartyRecord<'a>>,
    /// The account that made it.
    #[n(4)]
    issuing_account: u64,
    /// Operations as on the wire, in the order they were asked for.
    #[b(5)]
    operations: Vec<&'a str>,
    /// What the encryption context must be like.
    #[n(6)]
    context: Option<ContextRecord>,
    /// The resource on behalf of which the key may be used.
    #[b(7)]
    source_arn: Option<Cow<'a, str>>,
}

/// Whom it names.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum PartyRecord<'a> {
    /// An account.
    #[n(0)]
    Account(#[n(0)] u64, #[b(1)] Cow<'a, str>),
    /// A principal, with its unique id.
    #[n(1)]
    Principal(#[b(0)] Cow<'a, str>, #[b(1)] Option<Cow<'a, str>>),
    /// A service.
    #[n(2)]
    Service(#[b(0)] Cow<'a, str>),
}

/// A constraint on the encryption context.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
enum ContextRecord {
    /// Exactly these pairs.
    #[n(0)]
    Equals(#[n(0)] BTreeMap<String, String>),
    /// At least these pairs.
    #[n(1)]
    Subset(#[n(0)] BTreeMap<String, String>),
}

impl Kept for Grant {
    fn key(&self) -> store::Key {
        Place::of_key(&self.key).grant(self.key.key_id, self.id)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        encode(&GrantRecord {
            created: self.created.as_millis(),
            name: self.name.as_str().into(),
            grantee: PartyRecord::of(&self.grantee),
            retiring: self.retiring.as_ref().map(PartyRecord::of),
            issuing_account: self.issuing_account.as_u64(),
            operations: self.operations.iter().map(|operation| operation.as_str()).collect(),
            context: self.context.as_ref().map(|constraint| match constraint {
                ContextConstraint::Equals(pairs) => ContextRecord::Equals(pairs.clone()),
                ContextConstraint::Subset(pairs) => ContextRecord::Subset(pairs.clone()),
            }),
            source_arn: self.source_arn.as_deref().map(Into::into),
        })
    }
}

impl Grant {
    /// From the stored form; `None` when it is none of this version.
    pub(crate) fn decode(key: KeyArn, id: GrantId, value: &[u8], revision: Revision) -> Option<Self> {
        let record: GrantRecord<'_> = minicbor::decode(value).ok()?;
        let operations = record.operations.into_iter().map(GrantOperation::parse);
        Some(Self {
            id,
            key,
            name: record.name.into_owned(),
            created: Timestamp::from_millis(record.created),
            grantee: record.grantee.party()?,
            retiring: match record.retiring {
                Some(party) => Some(party.party()?),
                None => None,
            },
            issuing_account: AccountId::from_u64(record.issuing_account)?,
            operations: operations.collect::<Option<_>>()?,
            context: record.context.map(|constraint| match constraint {
                ContextRecord::Equals(pairs) => ContextConstraint::Equals(pairs),
                ContextRecord::Subset(pairs) => ContextConstraint::Subset(pairs),
            }),
            source_arn: record.source_arn.map(Cow::into_owned),
            revision,
        })
    }
}

impl<'a> PartyRecord<'a> {
    fn of(party: &'a Party) -> Self {
        match party {
            Party::Account { account, arn } => Self::Account(account.as_u64(), arn.as_str().into()),
            Party::Principal { arn, unique_id } => {
                Self::Principal(arn.as_str().into(), unique_id.as_deref().map(Into::into))
            }
            Party::Service(name) => Self::Service(name.as_str().into()),
        }
    }

    fn party(self) -> Option<Party> {
        Some(match self {
            Self::Account(account, arn) => {
                Party::Account { account: AccountId::from_u64(account)?, arn: arn.into_owned() }
            }
            Self::Principal(arn, unique_id) => {
                Party::Principal { arn: arn.into_owned(), unique_id: unique_id.map(Cow::into_owned) }
            }
            Self::Service(name) => Party::Service(name.into_owned()),
        })
    }
}

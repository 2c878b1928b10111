//! Stored forms of identities. Fields are numbered and never renumbered; `docs/store-format.md` lists them.

use std::borrow::Cow;

use minicbor::{Decode, Encode};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccountRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// Its alias, which stands under its own key as well.
    #[b(1)]
    pub(crate) alias: Option<Cow<'a, str>>,
}

/// Whom a service identity is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ServiceIdentityRecord<'a> {
    /// When it was first used, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) bound: i64,
    /// The unique id of the user or role.
    #[b(1)]
    pub(crate) bearer: Cow<'a, str>,
}

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccessKeyRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// Whose it is.
    #[n(1)]
    pub(crate) owner: OwnerRecord,
    /// Whether it may sign.
    #[n(2)]
    pub(crate) active: bool,
    /// The secret, sealed by the strongroom under the access key's id.
    #[cbor(b(3), with = "minicbor::bytes")]
    pub(crate) secret: Cow<'a, [u8]>,
    /// The unique id of the user whose it is.
    #[b(4)]
    pub(crate) user: Option<Cow<'a, str>>,
}

/// Whose an access key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum OwnerRecord {
    /// The account's root user.
    #[n(0)]
    Root,
    /// A user.
    #[n(1)]
    User,
}

/// When an access key was last used.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccessKeyUseRecord<'a> {
    /// In milliseconds since the epoch.
    #[n(0)]
    pub(crate) at: i64,
    /// The service, such as `kms`.
    #[b(1)]
    pub(crate) service: Cow<'a, str>,
    /// The Region.
    #[b(2)]
    pub(crate) region: Cow<'a, str>,
}

/// When a user or role last called a service.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ServiceUseRecord<'a> {
    /// In milliseconds since the epoch.
    #[n(0)]
    pub(crate) at: i64,
    /// The Region.
    #[b(1)]
    pub(crate) region: Cow<'a, str>,
}

/// That a report of last calls was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct AccessReportRecord<'a> {
    /// When, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The ARN of what it is about.
    #[b(1)]
    pub(crate) about: Cow<'a, str>,
    /// The unique id of who asked.
    #[b(2)]
    pub(crate) asker: Cow<'a, str>,
    /// Whether single actions were asked for.
    #[n(3)]
    pub(crate) actions: bool,
}

/// What users, groups and roles have in common.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct EntityRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The name as it was given; its key has it in small letters.
    #[b(1)]
    pub(crate) name: Cow<'a, str>,
    /// The path, from `/` to `/`.
    #[b(2)]
    pub(crate) path: Cow<'a, str>,
    /// The unique id.
    #[b(3)]
    pub(crate) id: Cow<'a, str>,
    /// Inline policies in the order of their names.
    #[b(4)]
    pub(crate) inline: Vec<InlineRecord<'a>>,
    /// ARNs of attached policies, in order.
    #[b(5)]
    pub(crate) attached: Vec<Cow<'a, str>>,
    /// ARN of the policy that is the permissions boundary.
    #[b(6)]
    pub(crate) boundary: Option<Cow<'a, str>>,
    /// Tags in the order of their keys.
    #[b(7)]
    pub(crate) tags: Vec<TagRecord<'a>>,
}

/// An inline policy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct InlineRecord<'a> {
    /// Its name.
    #[b(0)]
    pub(crate) name: Cow<'a, str>,
    /// The policy as it was put.
    #[b(1)]
    pub(crate) text: Cow<'a, str>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct TagRecord<'a> {
    /// Its key.
    #[b(0)]
    pub(crate) key: Cow<'a, str>,
    /// Its value, which may be empty.
    #[b(1)]
    pub(crate) value: Cow<'a, str>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct UserRecord<'a> {
    /// What all entities have.
    #[b(0)]
    pub(crate) entity: EntityRecord<'a>,
    /// Unique ids of the groups that it is in, in order.
    #[b(1)]
    pub(crate) groups: Vec<Cow<'a, str>>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct GroupRecord<'a> {
    /// What all entities have.
    #[b(0)]
    pub(crate) entity: EntityRecord<'a>,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct RoleRecord<'a> {
    /// What all entities have.
    #[b(0)]
    pub(crate) entity: EntityRecord<'a>,
    /// The policy that says who may assume it, as it was put.
    #[b(1)]
    pub(crate) trust: Cow<'a, str>,
    /// The unique ids of the users and roles that the trust policy named when it was put.
    #[b(2)]
    pub(crate) trusted: Vec<PrincipalRecord<'a>>,
    /// Free text.
    #[b(3)]
    pub(crate) description: Option<Cow<'a, str>>,
    /// Longest session, in seconds.
    #[n(4)]
    pub(crate) session_seconds_max: u32,
}

/// A principal that a policy names, and who it was when the policy was put.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct PrincipalRecord<'a> {
    /// The ARN as the policy has it.
    #[b(0)]
    pub(crate) arn: Cow<'a, str>,
    /// The unique id behind it.
    #[b(1)]
    pub(crate) id: Cow<'a, str>,
}

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct PolicyRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The name as it was given; its key has it in small letters.
    #[b(1)]
    pub(crate) name: Cow<'a, str>,
    /// The path, from `/` to `/`.
    #[b(2)]
    pub(crate) path: Cow<'a, str>,
    /// The unique id.
    #[b(3)]
    pub(crate) id: Cow<'a, str>,
    /// Free text.
    #[b(4)]
    pub(crate) description: Option<Cow<'a, str>>,
    /// Tags in the order of their keys.
    #[b(5)]
    pub(crate) tags: Vec<TagRecord<'a>>,
    /// Versions in the order of their numbers.
    #[b(6)]
    pub(crate) versions: Vec<VersionRecord<'a>>,
    /// Number of the version that holds.
    #[n(7)]
    pub(crate) default_version: u32,
    /// The number that the next version gets; numbers are not used again.
    #[n(8)]
    pub(crate) next_version: u32,
    /// When a version was last made or chosen, in milliseconds since the epoch.
    #[n(9)]
    pub(crate) updated: i64,
}

/// A version of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct VersionRecord<'a> {
    /// Its number, from 1.
    #[n(0)]
    pub(crate) number: u32,
    /// When it was made, in milliseconds since the epoch.
    #[n(1)]
    pub(crate) created: i64,
    /// The policy as it was put.
    #[b(2)]
    pub(crate) text: Cow<'a, str>,
}

/// An instance profile.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct InstanceProfileRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// The name as it was given; its key has it in small letters.
    #[b(1)]
    pub(crate) name: Cow<'a, str>,
    /// The path, from `/` to `/`.
    #[b(2)]
    pub(crate) path: Cow<'a, str>,
    /// The unique id.
    #[b(3)]
    pub(crate) id: Cow<'a, str>,
    /// Unique id of the role in it.
    #[b(4)]
    pub(crate) role: Option<Cow<'a, str>>,
    /// Tags in the order of their keys.
    #[b(5)]
    pub(crate) tags: Vec<TagRecord<'a>>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ProviderRecord<'a> {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    pub(crate) created: i64,
    /// Its URL without the scheme; its key has the same.
    #[b(1)]
    pub(crate) url: Cow<'a, str>,
    /// Audiences that its tokens may name, in the order they were added.
    #[b(2)]
    pub(crate) client_ids: Vec<Cow<'a, str>>,
    /// SHA-1 hashes of certificates, in hexadecimal.
    #[b(3)]
    pub(crate) thumbprints: Vec<Cow<'a, str>>,
    /// Tags in the order of their keys.
    #[b(4)]
    pub(crate) tags: Vec<TagRecord<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that versions without users wrote.
    #[test]
    fn older_records_are_read() {
        let account: AccountRecord<'_> = minicbor::decode(b"\xa1\x00\x05").unwrap();
        assert_eq!(account, AccountRecord { created: 5, alias: None });
        let bytes = b"\xa4\x00\x05\x01\x00\x02\xf5\x03\x42\x01\x02";
        let key: AccessKeyRecord<'_> = minicbor::decode(bytes).unwrap();
        assert_eq!(
            (key.owner, key.active, &*key.secret, key.user),
            (OwnerRecord::Root, true, &[1, 2][..], None)
        );
    }
}

//! The least policy with which somebody could do again what it did.

use std::{collections::BTreeMap, fmt};

use audit::{Record, RecordedDecision};
use model::{Timestamp, arn::Partition};
use serde::Serialize;

use crate::{
    Occurrences,
    call::{CallOutcome, denied_permission, principal, via_service},
    count::values,
    document::{ActionUse, DraftedDocument},
    needed::{action, permissions},
};

/// The layer of policies that a grant is.
const GRANT: &str = "grant";
/// Most characters of a managed policy, without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const MANAGED_CHARACTERS: usize = 6_144;
/// As many resources as a record has at most.
const RESOURCES_MAX: usize = 8;

/// The user or role that a policy is drafted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policyholder {
    arn: String,
}

/// No policy can be drafted for what a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAPolicyholder {
    /// The root user of an account.
    Root,
    /// A session of a role.
    Session,
    /// A federated user.
    Federated,
    /// A group.
    Group,
    /// No ARN of IAM.
    Nobody,
}

/// Drafts a policy, record by record.
pub struct PolicyDrafter {
    holder: Policyholder,
    since: Option<Timestamp>,
    permitted: BTreeMap<(String, String), ActionUse>,
    is_cut: bool,
    drafted: DraftedPolicy,
}

/// The least policy, and what it leaves out.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftedPolicy {
    /// The policy; `None` where nothing was allowed by policies.
    pub policy: Option<DraftedDocument>,
    /// All records that were looked at, whatever they are of: how far back the draft reaches.
    pub records: Occurrences,
    /// The calls of the user or role, however they ended.
    pub calls: Occurrences,
    /// What was denied.
    #[serde(serialize_with = "values")]
    pub denied: BTreeMap<(String, Option<String>), AttemptedAction>,
    /// What grants allowed. It needs no policy, and ends with the grants.
    #[serde(serialize_with = "values")]
    pub granted: BTreeMap<(String, Option<String>), AttemptedAction>,
    /// What whoever attaches the policy should know.
    pub remarks: Vec<DraftRemark>,
}

/// An action that is not in the policy.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptedAction {
    /// Such as `kms:Decrypt`.
    pub action: String,
    /// An ARN, or `*`; `None` where the record does not tell.
    pub resource: Option<String>,
    /// How often and when.
    pub calls: Occurrences,
}

/// What is to be known of a drafted policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DraftRemark {
    /// Whoever makes a key has to be able to change the key's policy.
    MakesKeys,
    /// Keys that were made with tags take a permission on all keys.
    TagsNewKeys,
    /// A record has at most eight resources, and there may have been more.
    MayLackResources,
    /// The policy is longer than a managed policy can be.
    TooLong,
}

impl Policyholder {
    /// From the ARN of a user or a role.
    ///
    /// # Errors
    /// [`NotAPolicyholder`], with what to name instead.
    pub fn parse(arn: &str) -> Result<Self, NotAPolicyholder> {
        let partition = Partition::of_arn(arn).ok_or(NotAPolicyholder::Nobody)?;
        let iam =
            partition.of_iam(arn).map(|(_, resource)| resource.split_once('/').unwrap_or((resource, "")));
        let sts = partition.of_sts(arn).and_then(|(_, resource)| resource.split_once('/'));
        match (iam, sts) {
            (Some(("user" | "role", name)), _) if !name.is_empty() => Ok(Self { arn: arn.to_owned() }),
            (Some(("root", _)), _) => Err(NotAPolicyholder::Root),
            (Some(("group", _)), _) => Err(NotAPolicyholder::Group),
            (_, Some(("assumed-role", _))) => Err(NotAPolicyholder::Session),
            (_, Some(("federated-user", _))) => Err(NotAPolicyholder::Federated),
            _ => Err(NotAPolicyholder::Nobody),
        }
    }

    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }
}

impl PolicyDrafter {
    /// Drafts a policy for a user or role, from what was done from a time on if there is one.
    #[must_use]
    pub fn new(holder: Policyholder, since: Option<Timestamp>) -> Self {
        let drafted = DraftedPolicy::default();
        Self { holder, since, permitted: BTreeMap::new(), is_cut: false, drafted }
    }

    /// Takes a record in.
    pub fn add(&mut self, record: &Record<'_>) {
        self.drafted.records.add(record);
        let is_early = self.since.is_some_and(|since| record.time_ms < since.as_millis());
        if is_early || principal(record).as_deref() != Some(self.holder.arn()) {
            return;
        }
        self.drafted.calls.add(record);
        match &record.decision {
            RecordedDecision::Denied { .. } => self.drafted.deny(record),
            RecordedDecision::Allowed { layer, .. } if layer == GRANT => self.drafted.grant(record),
            RecordedDecision::Allowed { .. } => self.permit(record),
            RecordedDecision::None => {}
        }
    }

    /// The policy that comes of it.
    #[must_use]
    pub fn finish(self) -> DraftedPolicy {
        let Self { permitted, is_cut, mut drafted, .. } = self;
        let all = |action: &str| (action.to_owned(), "*".to_owned());
        if permitted.contains_key(&all("kms:CreateKey")) {
            drafted.remarks.push(DraftRemark::MakesKeys);
        }
        if permitted.contains_key(&all("kms:TagResource")) {
            drafted.remarks.push(DraftRemark::TagsNewKeys);
        }
        if is_cut {
            drafted.remarks.push(DraftRemark::MayLackResources);
        }
        let policy = DraftedDocument::of(permitted);
        if policy.characters() > MANAGED_CHARACTERS {
            drafted.remarks.push(DraftRemark::TooLong);
        }
        drafted.policy = Some(policy).filter(|policy| !policy.statement.is_empty());
        drafted
    }

    fn permit(&mut self, record: &Record<'_>) {
        let via = via_service(record);
        for needed in permissions(record) {
            let key = (needed.action.into_owned(), needed.resource.to_owned());
            self.permitted.entry(key).or_default().add(via.as_deref());
        }
        self.is_cut |= record.service == "tagging" && record.resources.len() >= RESOURCES_MAX;
    }
}

impl DraftedPolicy {
    fn deny(&mut self, record: &Record<'_>) {
        let denied = denied_permission(record);
        let action = denied.map_or_else(|| action(record).into_owned(), |(action, _)| action.to_owned());
        note(&mut self.denied, action, denied.map(|(_, resource)| resource), record);
    }

    fn grant(&mut self, record: &Record<'_>) {
        // A dry run has succeeded as far as it goes.
        let is_known = CallOutcome::of(record) == CallOutcome::Succeeded || !record.resources.is_empty();
        let needed = permissions(record);
        for permission in needed.iter().filter(|_| is_known) {
            let action = permission.action.clone().into_owned();
            note(&mut self.granted, action, Some(permission.resource), record);
        }
    }
}

fn note(
    actions: &mut BTreeMap<(String, Option<String>), AttemptedAction>,
    action: String,
    resource: Option<&str>,
    record: &Record<'_>,
) {
    let key = (action, resource.map(str::to_owned));
    let noted = actions.entry(key.clone()).or_default();
    (noted.action, noted.resource) = key;
    noted.calls.add(record);
}

impl fmt::Display for NotAPolicyholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "the root user may do everything in its account, and no policy is attached to it",
            Self::Session => {
                "a session has its role's policies: name the role, `arn:aws:iam::ACCOUNT:role/NAME`"
            }
            Self::Federated => {
                "a federated user has its user's policies: name the user, `arn:aws:iam::ACCOUNT:user/NAME`"
            }
            Self::Group => "a group does nothing itself: name a user or a role",
            Self::Nobody => {
                "expected the ARN of a user or a role, such as `arn:aws:iam::111122223333:user/alice`"
            }
        })
    }
}

impl std::error::Error for NotAPolicyholder {}

impl fmt::Display for DraftRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MakesKeys => {
                "keys were made: this takes kms:PutKeyPolicy on the new key, by its key policy or by another policy, or \
                 BypassPolicyLockoutSafetyCheck in the request. The policy does not allow kms:PutKeyPolicy, which would \
                 have to be on `*`"
            }
            Self::TagsNewKeys => {
                "keys were made with tags: kms:TagResource on `*` allows to tag every other key, too"
            }
            Self::MayLackResources => {
                "a record names at most eight resources: the policy may lack keys that were tagged with others"
            }
            Self::TooLong => "the policy is longer than the 6,144 characters that a managed policy can have",
        })
    }
}

#[cfg(test)]
mod tests;

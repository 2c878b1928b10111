//! The permissions that a call needed: what it was asked for at the gates, as far as its record tells.
//!
//! Most operations are asked for by their own names, on what they concern. The others are here. A test calls every
//! operation of every service with nothing but what stands here (`sim::drafted`).

use std::borrow::Cow;

use audit::{Record, RecordedDecision, Value};

use crate::call::{CallOutcome, keys, parameter};

/// A permission that a call needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NeededPermission<'r> {
    /// Such as `kms:Encrypt`.
    pub(crate) action: Cow<'r, str>,
    /// An ARN; `*` for what is of no resource, or is yet to be made.
    pub(crate) resource: &'r str,
}

/// Everything.
const ALL: &str = "*";

/// The permissions that an allowed call needed. None, where the record does not say that it was allowed, or where no policy
/// had to allow it.
pub(crate) fn permissions<'r>(record: &'r Record<'_>) -> Vec<NeededPermission<'r>> {
    match &record.decision {
        RecordedDecision::Allowed { layer, .. } if layer != "none-needed" => {}
        _ => return Vec::new(),
    }
    let own = action(record);
    let tags = |of: &'static str, on: &'r str| has_members(record, "tags").then(|| needed(of, on));
    let resources = || record.resources.iter().map(|arn| &**arn);
    match (&*record.service, &*record.operation) {
        ("kms", "ReEncrypt") => re_encryption(record),
        ("kms", "CreateKey") => [needed(own, ALL)].into_iter().chain(tags("kms:TagResource", ALL)).collect(),
        // With a second key the call has come as far as making the replica.
        ("kms", "ReplicateKey") => {
            let makes = keys(record).count() > 1;
            let making = [needed("kms:CreateKey", ALL)].into_iter().chain(tags("kms:TagResource", ALL));
            let primary = keys(record).next().map(|arn| needed(own, arn));
            primary.into_iter().chain(making.filter(|_| makes)).collect()
        }
        ("kms", "GenerateRandom" | "ListAliases" | "ListKeys" | "ListRetirableGrants") => {
            vec![needed(own, ALL)]
        }
        ("kms", "CreateAlias" | "UpdateAlias" | "DeleteAlias") => on_those(own, resources()),
        // A call can be allowed and fail before its key is noted. What is not known is nothing, and never everything.
        ("kms", _) => on_those(own, keys(record)),
        ("tagging", "TagResources") => with_all(own, on_those("kms:TagResource", keys(record))),
        ("tagging", "UntagResources") => with_all(own, on_those("kms:UntagResource", keys(record))),
        ("iam", "AddRoleToInstanceProfile") => resources()
            .zip([own, Cow::Borrowed("iam:PassRole")])
            .map(|(arn, action)| needed(action, arn))
            .collect(),
        // They are asked for on all of a kind, `user/*`: AWS has no resources for them.
        ("iam", "ListGroups" | "ListInstanceProfiles" | "ListRoles" | "ListUsers") => vec![needed(own, ALL)],
        ("iam" | "sts" | "cloudtrail", _) if record.resources.is_empty() => vec![needed(own, ALL)],
        ("iam" | "sts" | "cloudtrail", _) => {
            let beside = beside(record).into_iter().flat_map(|action| on_those(action, resources()));
            on_those(own, resources()).into_iter().chain(beside).collect()
        }
        ("tagging", _) => vec![needed(own, ALL)],
        _ => Vec::new(),
    }
}

/// The action of an operation by its own name. The tagging API's is `tag`.
pub(crate) fn action<'r>(record: &Record<'_>) -> Cow<'r, str> {
    let service = if record.service == "tagging" { "tag" } else { &*record.service };
    Cow::Owned(format!("{service}:{}", record.operation))
}

/// From the key that the ciphertext is of, to the other one, which may be the same.
fn re_encryption<'r>(record: &'r Record<'_>) -> Vec<NeededPermission<'r>> {
    let mut keys = keys(record);
    let source = keys.next();
    let target = keys.next().or(source.filter(|_| CallOutcome::of(record) == CallOutcome::Succeeded));
    let from = source.map(|arn| needed("kms:ReEncryptFrom", arn));
    from.into_iter().chain(target.map(|arn| needed("kms:ReEncryptTo", arn))).collect()
}

/// What is asked for beside an operation of IAM, STS or CloudTrail, on the same resource.
fn beside(record: &Record<'_>) -> Vec<&'static str> {
    let tagged = match &*record.operation {
        "CreateInstanceProfile" => "iam:TagInstanceProfile",
        "CreateOpenIDConnectProvider" => "iam:TagOpenIDConnectProvider",
        "CreatePolicy" => "iam:TagPolicy",
        "CreateRole" => "iam:TagRole",
        "CreateTrail" => "cloudtrail:AddTags",
        "CreateUser" => "iam:TagUser",
        "AssumeRole" | "GetFederationToken" => "sts:TagSession",
        _ => return Vec::new(),
    };
    // A session's source identity goes on to the next role, asked or not.
    let inherits = record.session.as_ref().is_some_and(|session| session.source_identity.is_some());
    let is_identified =
        record.operation == "AssumeRole" && (inherits || parameter(record, "sourceIdentity").is_some());
    let tags = if record.service == "cloudtrail" { "tagsList" } else { "tags" };
    let tagged = has_members(record, tags).then_some(tagged);
    tagged.into_iter().chain(is_identified.then_some("sts:SetSourceIdentity")).collect()
}

fn has_members(record: &Record<'_>, name: &str) -> bool {
    match parameter(record, name) {
        Some(Value::List(values)) => !values.is_empty(),
        Some(Value::Members(members)) => !members.is_empty(),
        // Tags that were too long for the record.
        Some(_) => true,
        None => false,
    }
}

fn needed<'r>(action: impl Into<Cow<'r, str>>, resource: &'r str) -> NeededPermission<'r> {
    NeededPermission { action: action.into(), resource }
}

fn on_those<'r>(
    action: impl Into<Cow<'r, str>>,
    resources: impl Iterator<Item = &'r str>,
) -> Vec<NeededPermission<'r>> {
    let action = action.into();
    resources.map(|arn| needed(action.clone(), arn)).collect()
}

fn with_all<'r>(action: Cow<'r, str>, others: Vec<NeededPermission<'r>>) -> Vec<NeededPermission<'r>> {
    [needed(action, ALL)].into_iter().chain(others).collect()
}

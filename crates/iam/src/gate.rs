//! The gate: the only way to identities.
//!
//! It finds what a request names in the caller's account, asks the caller's policies about its ARN, notes the
//! decision for the record, and only then says whether it exists. An operation that does not ask has nothing to
//! work on, and one that noted no decision cannot answer. Nothing crosses accounts: names are looked up in the
//! caller's own, and an ARN of another account names nothing.

use std::{mem, sync::Arc};

use bytes::Bytes;
use dispatch::{Cx, Fault, Outcome, Permission, Says, fault, require, tag};
use model::arn::Partition;
use policy::{ConditionKey, Principal, Values};
use state::{Kept, removed, replaced, touched};
use store::{Batch, Key, Revision};

use crate::{
    Iam,
    entities::{self, Entity, EntityKind, Group, Role, Tags, User, fold},
    faults,
    managed::ManagedPolicy,
    profiles::InstanceProfile,
    providers::Provider,
    service_linked,
    tables::{Account, Tables, inconsistent},
};

/// What a request says beyond the resource, as far as policies can ask about it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// Tags to be put on the resource.
    pub(crate) tags: Option<&'a Tags>,
    /// Keys of tags to be taken off the resource.
    pub(crate) tag_keys: Option<&'a [String]>,
    /// The managed policy that is attached or detached.
    pub(crate) policy_arn: Option<&'a str>,
    /// The service that a role is passed to.
    pub(crate) passed_to: Option<&'a str>,
    /// The service that a role is linked to.
    pub(crate) service_name: Option<&'a str>,
    /// The boundary that is set; otherwise the one that the resource has is asked about.
    pub(crate) boundary: Option<&'a str>,
}

/// A user, group or role.
pub(crate) trait Holder: Kept + Clone {
    /// Which of them.
    const KIND: EntityKind;
    /// The one with this name.
    fn find<'a>(account: &'a Account, name: &str) -> Option<&'a Arc<Self>>;
    /// What they have in common.
    fn entity(&self) -> &Entity;
    /// The same, to be changed.
    fn entity_mut(&mut self) -> &mut Entity;
}

/// What the gate lets an operation work on.
pub(crate) struct Permitted<T> {
    pub(crate) tables: Arc<Tables>,
    pub(crate) account: Arc<Account>,
    pub(crate) found: Arc<T>,
}

/// A user, group or role of the caller's account.
pub(crate) fn holder<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
    asked: &Asked<'_>,
) -> Result<Permitted<T>, Fault> {
    let (tables, account) = here(iam, cx)?;
    let found = T::find(&account, name).cloned();
    let arn = match &found {
        Some(found) => found.entity().arn(),
        None => entities::arn(cx.partition(), cx.account(), T::KIND.as_str(), "/", name),
    };
    let entity = found.as_ref().map(|found| found.entity());
    permit(cx, action, &arn, asked, entity.map(|entity| &entity.tags), entity)?;
    let found = found.ok_or_else(|| faults::no_entity(T::KIND, name))?;
    if T::KIND == EntityKind::Role
        && service_linked::is_linked(found.entity())
        && service_linked::is_for_aws(action)
    {
        return Err(faults::protected(&found.entity().name));
    }
    Ok(Permitted { tables, account, found })
}

/// A managed policy of the caller's account or of AWS.
pub(crate) fn policy(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    arn: &str,
    asked: &Asked<'_>,
) -> Result<Permitted<ManagedPolicy>, Fault> {
    check_own(cx, action, arn)?;
    let (tables, account) = here(iam, cx)?;
    let found = account.policy(arn).cloned();
    permit(cx, action, arn, asked, found.as_ref().map(|policy| &policy.tags), None)?;
    let found = found.ok_or_else(|| faults::no_policy(arn))?;
    Ok(Permitted { tables, account, found })
}

/// An ARN must be one of the caller's account, or of AWS: what others have is not the caller's to know.
pub(crate) fn check_own(cx: &mut Cx<'_>, action: &str, arn: &str) -> Result<(), Fault> {
    check_arn(cx.partition(), arn)?;
    let owner = arn.split(':').nth(4).unwrap_or_default();
    if owner == "aws" || owner == cx.account().to_string() {
        return Ok(());
    }
    cx.notes.denied("identity-policy", None);
    Err(Fault::new(
        &fault::ACCESS_DENIED,
        format!("User: {} is not authorized to perform: {action} on resource: {arn}", cx.caller.arn),
    ))
}

/// An ARN has six parts, and is of the partition.
pub(crate) fn check_arn(partition: Partition, arn: &str) -> Result<(), Fault> {
    if !arn.starts_with("arn:") || arn.splitn(6, ':').count() != 6 {
        // Two spaces, as AWS has them.
        return Err(faults::validation("Invalid ARN:  Could not be parsed!"));
    }
    if partition.has(arn) { Ok(()) } else { Err(faults::validation("Invalid ARN partition")) }
}

/// A managed policy that is changed, which those of AWS are not.
pub(crate) fn own_policy(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    arn: &str,
    asked: &Asked<'_>,
) -> Result<Permitted<ManagedPolicy>, Fault> {
    let permitted = policy(iam, cx, action, arn, asked)?;
    if permitted.found.is_aws() {
        cx.notes.denied("managed-by-aws", None);
        return Err(Fault::new(
            &fault::ACCESS_DENIED,
            format!("Policy {arn} is managed by AWS and cannot be changed."),
        ));
    }
    Ok(permitted)
}

/// An instance profile of the caller's account, for an action on it.
pub(crate) fn profile(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
    asked: &Asked<'_>,
) -> Result<Permitted<InstanceProfile>, Fault> {
    let (tables, account) = here(iam, cx)?;
    let found = account.profile(name).cloned();
    let arn = found.as_ref().map_or_else(
        || entities::arn(cx.partition(), cx.account(), "instance-profile", "/", name),
        |found| found.arn(),
    );
    permit(cx, action, &arn, asked, found.as_ref().map(|found| &found.tags), None)?;
    let found = found.ok_or_else(|| faults::no_profile(name))?;
    Ok(Permitted { tables, account, found })
}

/// A provider of the caller's account, for an action on it.
pub(crate) fn provider(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    arn: &str,
    asked: &Asked<'_>,
) -> Result<Permitted<Provider>, Fault> {
    check_own(cx, action, arn)?;
    let Some((_, url)) = arn.split_once(":oidc-provider/") else {
        return Err(faults::validation("Invalid ARN:  Could not be parsed!"));
    };
    let (tables, account) = here(iam, cx)?;
    let found = account.providers.get(url).filter(|provider| provider.arn() == arn).cloned();
    permit(cx, action, arn, asked, found.as_ref().map(|found| &found.tags), None)?;
    let found = found.ok_or_else(|| faults::no_provider(arn))?;
    Ok(Permitted { tables, account, found })
}

/// Permission for something about the caller's account as a whole, or to be made in it. `resource` is an ARN or
/// `*`.
pub(crate) fn account(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    resource: &str,
    asked: &Asked<'_>,
) -> Result<(Arc<Tables>, Arc<Account>), Fault> {
    let here = here(iam, cx)?;
    permit(cx, action, resource, asked, None, None)?;
    Ok(here)
}

/// Permission on something else that exists, with its tags.
pub(crate) fn permit(
    cx: &mut Cx<'_>,
    action: &'static str,
    arn: &str,
    asked: &Asked<'_>,
    resource_tags: Option<&Tags>,
    entity: Option<&Entity>,
) -> Result<(), Fault> {
    let boundary = asked.boundary.or_else(|| entity.and_then(|entity| entity.boundary.as_deref()));
    let keys = Keys { account: cx.account().to_string(), asked, boundary, resource_tags };
    require(cx, &Permission::on(action, arn, &keys))?;
    if arn != "*" {
        cx.notes.resource(arn.to_owned());
    }
    Ok(())
}

/// The user that a request is about: the named one, else the caller.
pub(crate) fn user_name(cx: &Cx<'_>, named: Option<&str>) -> Result<String, Fault> {
    match (named, &cx.caller.user_name) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, Some(name)) => Ok(name.clone()),
        (None, None) => {
            Err(faults::validation("Must specify userName when calling with non-User credentials"))
        }
    }
}

/// Whether a request without a user's name comes from the root user, who is then meant.
pub(crate) fn is_root(cx: &Cx<'_>, named: Option<&str>) -> bool {
    named.is_none() && matches!(cx.caller.principal, Principal::Root { .. })
}

/// The identities, and the caller's account among them.
pub(crate) fn here(iam: &Iam, cx: &Cx<'_>) -> Result<(Arc<Tables>, Arc<Account>), Fault> {
    let tables = Arc::clone(iam.tables());
    let account =
        tables.account(cx.account()).cloned().ok_or_else(|| inconsistent("the caller's account"))?;
    Ok((tables, account))
}

/// A managed policy that can be attached or made a boundary.
pub(crate) fn attachable<'a>(account: &'a Account, arn: &str) -> Result<&'a Arc<ManagedPolicy>, Fault> {
    check_arn(account.partition, arn)?;
    account
        .policy(arn)
        .ok_or_else(|| faults::no_such(format!("Policy {arn} does not exist or is not attachable.")))
}

/// What a change of ties to a policy adds to its batch: the policy's record once more, so that its deletion at
/// the same time fails or makes this one fail. Policies of AWS are not deleted.
pub(crate) fn hold(account: &Account, arn: &str, batch: &mut Batch) -> Result<(), Fault> {
    let policy = attachable(account, arn)?;
    if !policy.is_aws() {
        *batch = mem::take(batch).and(touched(policy));
    }
    Ok(())
}

impl<T: Kept + Clone> Permitted<T> {
    /// The change that puts what `change` makes of it in its place; `None` when that is the same.
    pub(crate) fn changed(
        &self,
        change: impl FnOnce(&mut T) -> Result<(), Fault>,
    ) -> Result<Option<Batch>, Fault> {
        let mut changed = T::clone(&self.found);
        change(&mut changed)?;
        let differs = self.found.encode() != changed.encode();
        Ok(differs.then(|| replaced(&*self.found, &changed)))
    }

    /// The change that deletes it.
    pub(crate) fn deleted(&self) -> Batch {
        removed(&self.found)
    }

    /// Its record once more: a change that depends on it and at the same time on its staying.
    pub(crate) fn touched(&self) -> Batch {
        touched(&self.found)
    }
}

/// A name must be free, whatever its case.
pub(crate) fn check_free<T: Holder>(account: &Account, name: &str) -> Result<(), Fault> {
    let what = match T::KIND {
        EntityKind::User => "User",
        EntityKind::Group => "Group",
        EntityKind::Role => "Role",
    };
    if T::find(account, name).is_some() { Err(faults::exists(what, name)) } else { Ok(()) }
}

/// An output with the change that it waits for, if there is one.
pub(crate) fn outcome<T>(output: T, change: Option<Batch>) -> Outcome<T> {
    Outcome { output, change }
}

/// What a call on an identity says to condition keys.
struct Keys<'a> {
    account: String,
    asked: &'a Asked<'a>,
    boundary: Option<&'a str>,
    resource_tags: Option<&'a Tags>,
}

impl Says for Keys<'_> {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        match (key.name(), key.variable()) {
            ("aws:requesttag", Some(name)) => tag(self.asked.tags?, name),
            ("aws:resourcetag" | "iam:resourcetag", Some(name)) => tag(self.resource_tags?, name),
            ("aws:resourceaccount", None) => Some(Values::one(self.account.as_str())),
            ("aws:tagkeys", None) => match (self.asked.tags, self.asked.tag_keys) {
                (Some(tags), _) if !tags.is_empty() => Some(Values::many(tags.keys().map(String::as_str))),
                (_, Some(keys)) => Some(Values::many(keys.iter().map(String::as_str))),
                _ => None,
            },
            ("iam:policyarn", None) => self.asked.policy_arn.map(Values::one),
            ("iam:awsservicename", None) => self.asked.service_name.map(Values::one),
            ("iam:passedtoservice", None) => self.asked.passed_to.map(Values::one),
            ("iam:permissionsboundary", None) => self.boundary.map(Values::one),
            _ => None,
        }
    }
}

macro_rules! holders {
    ($($type:ident: $kind:ident, $shelf:ident);*) => {
        $(
            impl Kept for $type {
                fn key(&self) -> Key {
                    self.entity.key()
                }

                fn encode(&self) -> Bytes {
                    $type::encode(self)
                }

                fn revision(&self) -> Revision {
                    self.entity.revision
                }
            }

            impl Holder for $type {
                const KIND: EntityKind = EntityKind::$kind;

                fn find<'a>(account: &'a Account, name: &str) -> Option<&'a Arc<Self>> {
                    account.$shelf.get(&fold(name))
                }

                fn entity(&self) -> &Entity {
                    &self.entity
                }

                fn entity_mut(&mut self) -> &mut Entity {
                    &mut self.entity
                }
            }
        )*
    };
}

holders! { User: User, users; Group: Group, groups; Role: Role, roles }

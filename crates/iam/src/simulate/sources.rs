//! The policies that a simulation takes in: those of a user, group or role, and those that are passed.

use std::sync::Arc;

use dispatch::{Cx, Fault};
use model::iam::PolicySourceType;
use policy::Policy;

use crate::{
    Iam,
    entities::{Entity, EntityKind, Group, Role, User},
    faults::{self, NO_SUCH_ENTITY},
    gate::{self, Asked, Holder, Permitted},
    tables::{Account, inconsistent},
    written,
};

/// A policy, and what results call it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) kind: PolicySourceType,
    pub(crate) document: Arc<Policy>,
}

/// Whose policies are simulated.
pub(crate) struct Subject {
    pub(crate) entity: Entity,
    /// Its policies, for a user with those of its groups.
    pub(crate) policies: Vec<Source>,
    pub(crate) boundary: Option<Source>,
}

/// The user, group or role that a request names by its ARN.
pub(crate) fn subject(iam: &Iam, cx: &mut Cx<'_>, action: &'static str, arn: &str) -> Result<Subject, Fault> {
    let invalid = || faults::invalid(format!("Invalid Entity Arn: {arn}"));
    let resource = match arn.splitn(6, ':').collect::<Vec<_>>().as_slice() {
        ["arn", _, "iam", "", _, resource] => *resource,
        _ => return Err(invalid()),
    };
    gate::check_own(cx, action, arn)?;
    let name = resource.rsplit('/').next().unwrap_or_default();
    if name.is_empty() {
        return Err(invalid());
    }
    let subject = match resource.split('/').next() {
        Some("user") => {
            let Permitted { tables, account, found } = holder::<User>(iam, cx, action, name)?;
            let mut subject = Subject::of(&account, &found.entity)?;
            for id in &found.groups {
                let group = tables.group(id).ok_or_else(|| inconsistent("a group"))?;
                subject.policies.extend(sources(&account, &group.entity)?);
            }
            subject
        }
        Some("group") => {
            let Permitted { account, found, .. } = holder::<Group>(iam, cx, action, name)?;
            Subject::of(&account, &found.entity)?
        }
        Some("role") => {
            let Permitted { account, found, .. } = holder::<Role>(iam, cx, action, name)?;
            Subject::of(&account, &found.entity)?
        }
        _ => return Err(invalid()),
    };
    // A path that it does not have makes another ARN.
    if subject.entity.arn() == arn { Ok(subject) } else { Err(unknown()) }
}

/// AWS does not say which entity there is not.
fn unknown() -> Fault {
    faults::no_such("Unable to retrieve specified IAM entity.".to_owned())
}

/// Policies that come with a request, in the order of a member of it.
pub(crate) fn passed(iam: &Iam, cx: &Cx<'_>, member: &str, texts: &[String]) -> Result<Vec<Source>, Fault> {
    let source = |(text, number): (&String, u32)| {
        let id = format!("{member}.{number}");
        let document =
            written::identity(iam, cx.region, text).map_err(|fault| invalid_policy(&id, &fault))?;
        Ok(Source { id, kind: PolicySourceType::None, document })
    };
    texts.iter().zip(1..).map(source).collect()
}

/// The boundary that a request passes, instead of the one that there is.
pub(crate) fn passed_boundary(
    iam: &Iam,
    cx: &Cx<'_>,
    texts: Option<&Vec<String>>,
) -> Result<Option<Source>, Fault> {
    const MEMBER: &str = "PermissionsBoundaryPolicyInputList";
    let mut passed = passed(iam, cx, MEMBER, texts.map_or(&[], Vec::as_slice))?;
    match passed.pop() {
        boundary if passed.is_empty() => Ok(boundary),
        _ => Err(faults::invalid(format!(
            "{MEMBER} can hold one policy, as users and roles have one boundary."
        ))),
    }
}

/// A text that is no policy.
fn invalid_policy(id: &str, fault: &Fault) -> Fault {
    faults::invalid(format!("{id}: {}", fault.message.as_deref().unwrap_or_default()))
}

impl Subject {
    fn of(account: &Account, entity: &Entity) -> Result<Self, Fault> {
        let boundary = entity.boundary.as_deref().map(|arn| managed(account, arn)).transpose()?;
        Ok(Self { entity: entity.clone(), policies: sources(account, entity)?, boundary })
    }
}

fn holder<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
) -> Result<Permitted<T>, Fault> {
    let found = gate::holder::<T>(iam, cx, action, name, &Asked::default());
    found.map_err(|fault| if *fault.kind == NO_SUCH_ENTITY { unknown() } else { fault })
}

/// What an entity has itself: inline policies, named as AWS names them, and attached ones.
fn sources(account: &Account, entity: &Entity) -> Result<Vec<Source>, Fault> {
    let kind = match entity.kind {
        EntityKind::User => PolicySourceType::User,
        EntityKind::Group => PolicySourceType::Group,
        EntityKind::Role => PolicySourceType::Role,
    };
    let mut sources = Vec::new();
    for (name, document) in &entity.inline {
        let id = format!("{}_{}_{name}", entity.kind.as_str(), entity.name);
        sources.push(Source { id, kind, document: Arc::clone(document) });
    }
    for arn in &entity.attached {
        sources.push(managed(account, arn)?);
    }
    Ok(sources)
}

fn managed(account: &Account, arn: &str) -> Result<Source, Fault> {
    let policy = account.policy(arn).ok_or_else(|| inconsistent("a managed policy"))?;
    let document = policy.current().ok_or_else(|| inconsistent("a managed policy's version"))?;
    let kind = if policy.is_aws() { PolicySourceType::AwsManaged } else { PolicySourceType::UserManaged };
    Ok(Source { id: policy.name.clone(), kind, document: Arc::clone(document) })
}

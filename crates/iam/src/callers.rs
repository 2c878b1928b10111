//! Who a credential makes its holder: the root user, or a user with all of its policies.
//!
//! A caller is composed when its credential is used for the first time after the account's identities
//! changed, from policies that were parsed when they were stored. What it takes depends on the caller's own
//! policies, not on how many identities there are.

use std::sync::Arc;

use dispatch::{Caller, Fault, IdentityPolicies};
use model::arn::{AccountId, Partition};
use policy::{Policy, Principal};

use crate::{
    entities::{Entity, User},
    tables::{Account, Tables, inconsistent},
};

/// What an entity may do, and what bounds it.
pub(crate) struct Powers {
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) boundary: Option<Arc<Policy>>,
}

impl Powers {
    /// What a role may do, or a user without its groups.
    ///
    /// # Errors
    /// An internal fault when a policy is missing: a caller that lost one may have lost a denial.
    pub(crate) fn of(account: &Account, entity: &Entity) -> Result<Self, Fault> {
        let mut policies = Vec::new();
        collect(account, entity, &mut policies)?;
        let boundary = entity.boundary.as_deref().map(|arn| managed(account, arn)).transpose()?;
        Ok(Self { policies, boundary })
    }

    /// What a user may do, with its groups.
    ///
    /// # Errors
    /// As [`Powers::of`].
    pub(crate) fn of_user(tables: &Tables, account: &Account, user: &User) -> Result<Self, Fault> {
        let mut powers = Self::of(account, &user.entity)?;
        for id in &user.groups {
            let group = tables.group(id).ok_or_else(|| inconsistent("a group"))?;
            collect(account, &group.entity, &mut powers.policies)?;
        }
        Ok(powers)
    }
}

/// The root user of an account.
pub(crate) fn root((partition, account): (Partition, AccountId), access_key_id: &str) -> Caller {
    Caller {
        account,
        principal: Principal::root(&account.to_string()),
        arn: partition.iam_arn(account, "root"),
        unique_id: account.to_string(),
        user_name: None,
        access_key_id: access_key_id.to_owned(),
        tags: Default::default(),
        policies: IdentityPolicies::Root,
        boundary: None,
        session: None,
    }
}

/// A user.
///
/// # Errors
/// As [`Powers::of`].
pub(crate) fn user(
    tables: &Tables,
    account: &Account,
    user: &User,
    access_key_id: &str,
) -> Result<Caller, Fault> {
    let Powers { policies, boundary } = Powers::of_user(tables, account, user)?;
    let entity = &user.entity;
    let arn = entity.arn();
    Ok(Caller {
        account: entity.account,
        principal: Principal::User {
            account: entity.account.to_string(),
            arn: arn.clone(),
            unique_id: entity.id.clone(),
        },
        arn,
        unique_id: entity.id.clone(),
        user_name: Some(entity.name.clone()),
        access_key_id: access_key_id.to_owned(),
        tags: entity.tags.clone(),
        policies: IdentityPolicies::Attached(policies),
        boundary,
        session: None,
    })
}

fn collect(account: &Account, entity: &Entity, policies: &mut Vec<Arc<Policy>>) -> Result<(), Fault> {
    policies.extend(entity.inline.values().cloned());
    for arn in &entity.attached {
        policies.push(managed(account, arn)?);
    }
    Ok(())
}

fn managed(account: &Account, arn: &str) -> Result<Arc<Policy>, Fault> {
    let document = account.policy(arn).and_then(|policy| policy.current());
    document.cloned().ok_or_else(|| inconsistent("a managed policy"))
}

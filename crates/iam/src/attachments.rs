//! Managed policies that are attached to users, groups and roles, and those that bound them.

use dispatch::Fault;
use store::Batch;

use crate::{
    entities::{Entity, EntityKind},
    faults,
    gate::{self, Holder, Permitted},
    limits::ATTACHED_POLICIES,
};

impl<T: Holder> Permitted<T> {
    /// The change that attaches a policy; `None` when it is attached already.
    pub(crate) fn attach(&self, arn: &str) -> Result<Option<Batch>, Fault> {
        gate::attachable(&self.account, arn)?;
        let change = self.changed(|holder| {
            let attached = &mut holder.entity_mut().attached;
            attached.insert(arn.to_owned());
            if attached.len() > ATTACHED_POLICIES {
                let quota = match T::KIND {
                    EntityKind::User => "PoliciesPerUser",
                    EntityKind::Group => "PoliciesPerGroup",
                    EntityKind::Role => "PoliciesPerRole",
                };
                return Err(faults::quota(quota, ATTACHED_POLICIES));
            }
            Ok(())
        })?;
        self.holding(arn, change)
    }

    /// The change that detaches a policy.
    pub(crate) fn detach(&self, arn: &str) -> Result<Option<Batch>, Fault> {
        self.changed(|holder| match holder.entity_mut().attached.remove(arn) {
            true => Ok(()),
            false => Err(faults::no_policy(arn)),
        })
    }

    /// The change that makes a policy the boundary.
    pub(crate) fn bound(&self, arn: &str) -> Result<Option<Batch>, Fault> {
        gate::attachable(&self.account, arn)?;
        let change = self.changed(|holder| {
            holder.entity_mut().boundary = Some(arn.to_owned());
            Ok(())
        })?;
        self.holding(arn, change)
    }

    /// The change that takes the boundary away; `None` when there is none.
    pub(crate) fn unbound(&self) -> Result<Option<Batch>, Fault> {
        self.changed(|holder| {
            holder.entity_mut().boundary = None;
            Ok(())
        })
    }

    fn holding(&self, arn: &str, change: Option<Batch>) -> Result<Option<Batch>, Fault> {
        let Some(mut change) = change else { return Ok(None) };
        gate::hold(&self.account, arn, &mut change)?;
        Ok(Some(change))
    }
}

/// Whatever holds policies keeps them until they are taken away.
pub(crate) fn check_none(entity: &Entity) -> Result<(), Fault> {
    if !entity.attached.is_empty() {
        return Err(faults::conflict("must detach all policies first"));
    }
    if !entity.inline.is_empty() {
        return Err(faults::conflict("must delete policies first"));
    }
    Ok(())
}

//! What resources have of their own to say, for simulations of policies.

use std::{collections::BTreeMap, sync::Arc};

use model::arn::AccountId;
use policy::{ConditionKeys, Naming, Policy, Principal};

use crate::Principals;

/// Tells what resources say to a question that nobody asks in earnest. It tells what
/// holds at one revision.
pub trait Resources: Send + Sync {
    /// The resource with this ARN, if the account has it and its policies or grants have a say in the action.
    fn find(
        &self,
        principals: &dyn Principals,
        account: AccountId,
        arn: &str,
        asker: &Asker<'_>,
    ) -> Option<Resource>;
}

/// Who would do what.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// The action, such as `kms:Encrypt`.
    pub action: &'a str,
    /// The encryption context of the request.
    pub encryption_context: &'a BTreeMap<String, String>,
}

/// A resource with a policy of its own.
pub struct Resource {
    /// Its policy, as it is decided on.
    pub policy: Arc<Policy>,
    /// Its policy, as its reader sees it.
    pub text: String,
    /// A grant that covers the question.
    pub grant: Option<CoveringGrant>,
    /// The condition keys that it gives a request.
    pub keys: Box<dyn ConditionKeys>,
}

/// A grant.
#[derive(Debug, Clone)]
pub struct CoveringGrant {
    /// Its id.
    pub id: String,
    /// How its grantee is the asker.
    pub naming: Naming,
}

/// There are no resources with a say of their own.
impl Resources for () {
    fn find(&self, _: &dyn Principals, _: AccountId, _: &str, _: &Asker<'_>) -> Option<Resource> {
        None
    }
}

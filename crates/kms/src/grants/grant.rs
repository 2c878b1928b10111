//! A grant, and whom it lets do what.

use model::{
    Timestamp,
    arn::{AccountId, GrantId, KeyArn},
    kms::GrantOperation,
};
use policy::{Naming, Principal};
use store::Revision;

use super::{
    constraint::{Context, ContextConstraint},
    operations::is_constrained,
    party::Party,
};

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The key that it allows to use.
    pub key: KeyArn,
    /// A friendly name; empty when there is none.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who may use the key.
    pub grantee: Party,
    /// Who may retire the grant, besides those who may anyway.
    pub retiring: Option<Party>,
    /// The account of whoever made it.
    pub issuing_account: AccountId,
    /// What the key may be used for, in the order they were asked for.
    pub operations: Vec<GrantOperation>,
    /// What the encryption context must be like.
    pub context: Option<ContextConstraint>,
    /// The resource on behalf of which the key may be used.
    pub source_arn: Option<String>,
    /// Where the record was last changed.
    pub revision: Revision,
}

/// Whose word decides whether a caller may retire a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The grant's: it names the caller, or the role whose session calls.
    Named(Naming),
    /// The caller's account: its identity policies decide, its root user may.
    Account,
    /// Nobody's.
    Stranger,
}

impl Grant {
    /// Whether the grant's constraints let an operation with this encryption context and source pass.
    pub(crate) fn admits(
        &self,
        operation: GrantOperation,
        context: &Context,
        source_arn: Option<&str>,
    ) -> bool {
        let context_holds = !is_constrained(operation)
            || self.context.as_ref().is_none_or(|constraint| constraint.holds(context));
        let source_holds = self.source_arn.is_none() || self.source_arn.as_deref() == source_arn;
        context_holds && source_holds
    }

    /// How a caller stands to the retirement of this grant. The key's own account has no say in it.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    pub(crate) fn standing(&self, principal: &Principal, account: AccountId) -> Standing {
        let grantee = self.operations.contains(&GrantOperation::RetireGrant).then_some(&self.grantee);
        let namings = self.retiring.iter().chain(grantee).filter_map(|party| party.naming(principal));
        match namings.max() {
            Some(Naming::Account) => Standing::Account,
            Some(naming) => Standing::Named(naming),
            None if self.issuing_account == account => Standing::Account,
            None => Standing::Stranger,
        }
    }
}

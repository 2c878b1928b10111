//! Grants: who may use a key beyond what policies say, for which operations, under which constraint.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
//!
//! ```text
//! CreateGrant ── wanted ──► Grant ── record ──► store ──► table, by key and grantee ──► the gate
//! ```
//! A grant only ever allows. It belongs to one key and goes with it.

mod constraint;
mod filing;
mod listing;
mod operations;
mod party;
mod record;
mod table;
mod token;
mod wanted;

use model::{
    Timestamp,
    arn::{AccountId, GrantId, KeyArn},
    kms::GrantOperation,
};
use policy::Principal;
use store::Revision;

pub(crate) use constraint::{Context, ContextConstraint};
pub(crate) use listing::entry;
pub(crate) use operations::is_constrained;
pub use party::Party;
pub(crate) use party::{Likeness, names};
pub use table::KeyGrants;
pub(crate) use table::{GrantName, Retirable};
pub(crate) use token::{Named, check_tokens, mint, read};
pub(crate) use wanted::{Retired, Wanted};

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
    /// The grant's: it names the caller.
    Named,
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

    /// Whether a grant like `child` allows nothing that this one does not.
    pub(crate) fn covers(&self, child: &Wanted) -> bool {
        child.operations.iter().all(|operation| self.operations.contains(operation))
            && constraint::is_as_strict(child.context.as_ref(), self.context.as_ref())
            && (self.source_arn.is_none() || child.source_arn == self.source_arn)
    }

    /// How a caller stands to the retirement of this grant. The key's own account has no say in it.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    pub(crate) fn standing(&self, principal: &Principal, account: AccountId) -> Standing {
        let grantee = self.operations.contains(&GrantOperation::RetireGrant).then_some(&self.grantee);
        let likenesses = self.retiring.iter().chain(grantee).filter_map(|party| party.likeness(principal));
        match likenesses.max() {
            Some(Likeness::Itself) => Standing::Named,
            Some(Likeness::Account) => Standing::Account,
            None if self.issuing_account == account => Standing::Account,
            None => Standing::Stranger,
        }
    }
}

#[cfg(test)]
mod tests;

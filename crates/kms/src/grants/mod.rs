//! Grants: who may use a key beyond what policies say, for which operations, under which constraint.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
//!
//! ```text
//! CreateGrant ── wanted ──► Grant ── record ──► store ──► table, by key and grantee ──► the gate
//! ```
//! A grant only ever allows. It belongs to one key and goes with it.

mod constraint;
mod filing;
mod grant;
mod listing;
mod operations;
mod party;
mod record;
mod table;
mod token;
mod wanted;

pub(crate) use constraint::{Context, ContextConstraint};
pub use grant::Grant;
pub(crate) use grant::Standing;
pub(crate) use listing::entry;
pub(crate) use operations::is_constrained;
pub use party::Party;
pub(crate) use party::names;
pub use table::KeyGrants;
pub(crate) use table::{GrantName, Retirable};
pub(crate) use token::{Named, check_tokens, mint, read};
pub(crate) use wanted::{NamedParty, Retired, Wanted};

#[cfg(test)]
mod tests;

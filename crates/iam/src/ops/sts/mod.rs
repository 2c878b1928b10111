//! The operations of the security token service.

mod get_caller_identity;

use dispatch::Row;

use crate::Sts;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Sts>] = &[Row::of::<get_caller_identity::GetCallerIdentity>()];

//! Keywright's own service, as far as it is about identities.

mod get_signing_key;

use dispatch::Row;

use crate::Own;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Own>] = &[Row::of::<get_signing_key::GetSigningKey>()];

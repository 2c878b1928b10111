//! The operations.

mod lookup_events;

use dispatch::Row;

use crate::Trails;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Trails>] = &[Row::of::<lookup_events::LookupEvents>()];

//! Counters, and their form for Prometheus.
//!
//! Recording a call is a look-up by address in a table that never moves, and two relaxed additions. Labels are
//! static strings and the table has an end, so that no client can make the number of series grow.

mod calls;
mod durations;
mod text;

pub use calls::{CallCounts, CallLabels, CallNames};
pub use durations::Durations;
pub use text::{counter, gauge, head, line};

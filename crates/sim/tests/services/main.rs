//! Services that call for their users, and as themselves.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![expect(clippy::needless_pass_by_value, reason = "callers write `json!` in place")]

mod drafted;
mod forward;
mod gateway;
mod itself;
mod managed;
mod refusals;
mod signing_keys;

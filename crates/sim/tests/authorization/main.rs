//! The scenarios of `tests/authorization` with the whole server: everything that a scenario has is made over the public
//! API, its question is a signed call, and the decision and its reason are those that are written there.
//!
//! A call fills condition keys by itself, so a scenario can be asked only if they can be what it says. `plan` makes a
//! call of a scenario, or says which part of it no call can have; `realm` makes what it needs, `call` its input.

#![cfg(test)]

mod asked;
mod call;
#[path = "../../../../tests/authorization/load.rs"]
mod load;
mod plan;
mod realm;
mod scenarios;

//! Temporary credentials: how they are made, and how requests are verified with them.
//!
//! ```text
//! token ── unsealed, policy parsed: once ──► Session ── with the identities as they are now ──► Signer
//! ```
//! A session is kept by the hash of its token. What it may do is composed anew whenever an identity of its
//! account changes, so that a decision is always about current policies, and a role or user that is gone takes
//! its sessions along.

mod claims;
mod compose;
mod session;
mod shelf;
mod token;

pub(crate) use claims::{Bearer, Claims};
pub(crate) use compose::{federated_arn, find};
pub(crate) use session::Sessions;
pub(crate) use token::{Minted, account_of, mint};

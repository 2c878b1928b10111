//! Identities: accounts, their root users and access keys, and the security token service.

#![expect(dead_code, reason = "the operations on identities use what the request line does not")]

mod callers;
mod credentials;
mod directory;
mod documents;
mod entities;
mod last_use;
mod layout;
mod managed;
mod ops;
mod profiles;
mod providers;
mod records;
pub mod setup;
mod tables;

use std::sync::Arc;

use dispatch::{Protocol, Service};

pub use credentials::NewAccessKey;
pub use directory::Directory;

/// The state of the security token service: none of its own.
pub struct Sts;

/// The security token service for the request line.
#[must_use]
pub fn sts() -> Service<Sts> {
    Service {
        name: "sts",
        protocol: Protocol::Query {
            version: "2011-06-15",
            namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        },
        table: ops::TABLE,
        unsupported: model::sts::OPERATION_NAMES,
        state: Arc::new(Sts),
    }
}

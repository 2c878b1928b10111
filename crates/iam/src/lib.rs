//! Identities: accounts, their root users and access keys, and the security token service.

mod credentials;
mod directory;
mod layout;
mod ops;
mod records;
pub mod setup;

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

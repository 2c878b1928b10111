//! The key management service: KMS keys, their policies and aliases, and the operations on them.
//!
//! An operation (`ops/`) reads like its description; it gets keys from the gate (`gate/`) and nowhere else.
//! Where state really changes, the change is a pure function (`lifecycle`). Memory (`tables`) follows the
//! store; nothing here reads the store in the way of a request.

mod aliases;
pub mod clockwork;
mod due;
mod events;
mod family;
mod faults;
mod gate;
pub mod grants;
mod import;
mod key;
mod key_policy;
mod last_use;
pub mod layout;
mod lifecycle;
mod limits;
mod making;
mod managed;
mod materials;
mod metadata;
mod ops;
mod pages;
mod parameters;
mod policies;
mod quotas;
mod rates;
mod records;
mod rotation;
pub mod seed;
mod service;
mod signing;
mod tables;
mod tagging;
mod tags;
mod usage;
mod workshop;

use std::sync::Arc;

use dispatch::{Protocol, Service};

pub use key_policy::{KeyPolicy, PrincipalIds};
pub use last_use::Used;
pub use quotas::Quotas;
pub use rates::{Overrides, Rates, RequestRates};
pub(crate) use service::principals;
pub use service::{KeyManagement, Kms, resources};
pub use tables::Tables;
pub use workshop::Workshop;

/// The service for the request line.
#[must_use]
pub fn service(state: Arc<KeyManagement>) -> Service<KeyManagement> {
    Service {
        name: "kms",
        protocol: Protocol::AwsJson { target: "TrentService" },
        table: ops::TABLE,
        unsupported: model::kms::OPERATION_NAMES,
        state,
    }
}

/// The Resource Groups Tagging API, for the request line. It works on the same keys.
#[must_use]
pub fn tagging(state: Arc<KeyManagement>) -> Service<KeyManagement> {
    Service {
        name: "tagging",
        protocol: Protocol::AwsJson { target: "ResourceGroupsTaggingAPI_20170126" },
        table: tagging::TABLE,
        unsupported: model::tagging::OPERATION_NAMES,
        state,
    }
}

//! The way of a request, from bytes to bytes.
//!
//! [`Dispatcher::answer`] is the straight line that every call takes. Services bring a table of
//! [`Operation`]s; everything around an operation (reading the call, the record, the signature, decoding,
//! committing, answering) is here, once, alike for all of them.

mod authentication;
mod backstage;
mod caller;
mod clock;
mod commit;
mod conditions;
mod cx;
mod date;
mod decision;
mod ending;
mod event;
mod facts;
pub mod fault;
mod forward;
mod head;
mod ids;
mod leaps;
mod notes;
mod observer;
mod operation;
mod outbox;
mod pages;
mod panics;
mod principals;
mod progress;
mod received;
mod record;
mod resources;
mod route;
mod serve;
mod shown;
mod standing;
mod strangers;
mod wire;

pub use authentication::{Authentication, Verified};
pub use backstage::Backstage;
pub use caller::{Caller, Credential, Credentials, IdentityPolicies, Session, Usage};
pub use clock::Clock;
pub use conditions::{all_of_caller, claimed, global, tag, truth};
pub use cx::{Arrival, Cx, Origin, Policies};
pub use decision::{OnResource, Permission, Says, ask, conclude, denied, require};
pub use event::ServiceEvent;
pub use facts::{Facts, Rate, Shows};
pub use fault::{Fault, FaultKind};
pub use forward::{ACT_FOR, Reach, SOURCE_ACCOUNT, SOURCE_ARN, ServiceIdentity, Services, Via};
pub use ids::Ids;
pub use leaps::Leaps;
pub use notes::{AfterSuccess, Notes};
pub use observer::Observer;
pub use operation::{Operation, Outcome, Row, Service, Unsigned};
pub use outbox::{Drain, Outbox, RecoverError, outbox};
pub use pages::{Listing, NoPage, Page};
pub use principals::Principals;
pub use received::{BodyFault, ConnectionInfo, TlsDetails};
pub use resources::{Asker, CoveringGrant, Resource, Resources};
pub use route::Regions;
pub use serve::{Dispatcher, Durability, Wiring};
pub use standing::{require_acting_for, require_service};
pub use strangers::{Network, Strangers, StrangersShare};
pub use wire::{Body, Dialect, Guest, NoOrigin, Origins, Protocol, named_operation};

/// Where an attempt finds what another service knows, at its own revision.
pub type Find<T> = fn(&state::Snapshot) -> &T;

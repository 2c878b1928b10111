//! S3 with SSE-KMS in front of a directory or a bucket: objects are sealed under keys that KMS holds.
//!
//! ```text
//! request ──► entrance ──► s3s ──► ops ──► permission   may the caller?   (policies, pure)
//!             signature    shapes          encryption   how, and under which key?  ──► KMS, as the caller
//!             and body                     files        chunks, sealed
//!                                          catalog      one commit publishes the object
//! ```
//! Everything goes over the public API of KMS: nothing of the server is in here.

mod checksums;
mod commit;
mod encryption;
mod entrance;
mod faults;
mod files;
mod gateway;
mod held;
mod incoming;
mod kept;
mod keywright;
mod listed;
mod metrics;
mod ops;
mod pages;
mod permission;
mod receiving;
mod requester;
mod setup;
mod sse;
mod vitals;

pub use entrance::{Entrance, Peer};
pub use files::DataBucketPlace;
pub use keywright::KeywrightRequesters;
pub use listed::{ListedRequesters, ListedUser};
pub use metrics::{CountedBody, CountedConnection, GatewayMetrics};
pub use pages::Pages;
pub use requester::{NoRequester, Requester, RequesterPowers, Requesters, SoughtRequester};
pub use setup::{GatewaySetup, SetupError};

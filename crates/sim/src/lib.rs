//! The whole server in a test: the real request line, strongroom, store memory and journal, on a clock, a disk, a store and
//! a source of randomness that the test commands. Nothing listens, nothing sleeps, nothing is left behind.
//!
//! ```
//! use serde_json::json;
//! use sim::World;
//!
//! let world = World::new();
//! let root = world.root();
//! let key = world.call(&root, "kms", "CreateKey", json!({})).ok()["KeyMetadata"]["KeyId"].clone();
//!
//! let refused = world.call(&world.stranger(), "kms", "DescribeKey", json!({ "KeyId": key }));
//! assert_eq!(refused.fault(), "NotFoundException");
//! assert_eq!(world.records().len(), 2);
//! ```

#![expect(clippy::expect_used, clippy::panic, reason = "a tool for tests: what cannot be ends the test")]

mod answer;
mod bucket;
mod clock;
mod issuers;
mod machine;
mod request;
mod seal;
pub mod simulation;
pub mod stage;
mod world;
mod wrapping;

pub use answer::Answer;
pub use bucket::{BUCKET, SimBucket, SimObject};
pub use clock::SimClock;
pub use issuers::{SimIssuers, TokenSigner};
pub use machine::Settings;
pub use request::{Credentials, Scope, fields, form, json, query, sign};
pub use seal::SimSeal;
pub use stage::Stage;
pub use world::World;
pub use wrapping::wrap;

//! The material of keys over their life: rotation, import, replicas, and what falls due.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "tests")]

mod due;
mod import;
mod model;
mod replicas;
mod requests;
mod rotation;
mod states;

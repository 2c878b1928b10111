//! The edge over real sockets, with an answer that tells what it was given.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod guests;
mod http;
mod http2;
mod memory;
mod shutdown;
mod slow;
mod tls;
mod world;

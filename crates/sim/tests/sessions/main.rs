//! Temporary credentials: who gets them, what they are good for, and when they end.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod ends;
mod federation;
mod ignored;
mod limits;
mod passed;
mod trust;
mod web_identity;

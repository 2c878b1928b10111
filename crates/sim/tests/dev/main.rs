//! `keywright dev`, called in the process of the test.

#![expect(clippy::unwrap_used, clippy::string_slice, clippy::panic, reason = "tests")]

mod callers;
mod controls;
mod pages;
mod place;
mod seeds;
mod server;
mod services;

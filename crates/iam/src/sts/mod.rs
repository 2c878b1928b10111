//! The security token service: who gets a session, what is passed to it, and the operations.

mod faults;
mod gate;
mod ops;
mod passed;
mod shown;
mod web_identity;

pub(crate) use ops::TABLE;

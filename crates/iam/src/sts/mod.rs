//! What the operations of the security token service share: who gets a session, and what is passed to it.

pub(crate) mod faults;
pub(crate) mod gate;
pub(crate) mod passed;
pub(crate) mod shown;
pub(crate) mod web_identity;

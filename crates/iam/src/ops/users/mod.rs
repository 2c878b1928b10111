//! Operations on users.

pub(crate) mod create_user;
pub(crate) mod get_user;

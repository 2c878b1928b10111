//! Operations on groups.

pub(crate) mod add_user_to_group;
pub(crate) mod create_group;
pub(crate) mod get_group;
pub(crate) mod remove_user_from_group;

//! Operations on instance profiles.

pub(crate) mod add_role_to_instance_profile;
pub(crate) mod create_instance_profile;
pub(crate) mod get_instance_profile;
pub(crate) mod remove_role_from_instance_profile;

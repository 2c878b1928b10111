//! Operations on roles.

pub(crate) mod create_role;
pub(crate) mod create_service_linked_role;
pub(crate) mod delete_service_linked_role;
pub(crate) mod get_role;
pub(crate) mod get_service_linked_role_deletion_status;
pub(crate) mod update_assume_role_policy;
pub(crate) mod update_role;
pub(crate) mod update_role_description;

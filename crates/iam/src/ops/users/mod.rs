//! Operations on users.

pub(crate) mod attach_user_policy;
pub(crate) mod create_user;
pub(crate) mod delete_login_profile;
pub(crate) mod delete_user;
pub(crate) mod delete_user_permissions_boundary;
pub(crate) mod delete_user_policy;
pub(crate) mod detach_user_policy;
pub(crate) mod get_login_profile;
pub(crate) mod get_user;
pub(crate) mod get_user_policy;
pub(crate) mod list_attached_user_policies;
pub(crate) mod list_groups_for_user;
pub(crate) mod list_mfa_devices;
pub(crate) mod list_service_specific_credentials;
pub(crate) mod list_signing_certificates;
pub(crate) mod list_ssh_public_keys;
pub(crate) mod list_user_policies;
pub(crate) mod list_user_tags;
pub(crate) mod list_users;
pub(crate) mod list_virtual_mfa_devices;
pub(crate) mod put_user_permissions_boundary;
pub(crate) mod put_user_policy;
pub(crate) mod tag_user;
pub(crate) mod untag_user;
pub(crate) mod update_user;

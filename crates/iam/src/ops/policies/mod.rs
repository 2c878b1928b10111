//! Operations on managed policies.

pub(crate) mod create_policy;
pub(crate) mod create_policy_version;
pub(crate) mod delete_policy_version;
pub(crate) mod get_policy;
pub(crate) mod get_policy_version;
pub(crate) mod list_entities_for_policy;
pub(crate) mod list_policies;
pub(crate) mod set_default_policy_version;

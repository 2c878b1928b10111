//! Operations on the account as a whole.

pub(crate) mod create_account_alias;
pub(crate) mod delete_account_alias;
pub(crate) mod generate_credential_report;
pub(crate) mod get_account_authorization_details;
pub(crate) mod get_account_password_policy;
pub(crate) mod get_account_summary;
pub(crate) mod get_credential_report;
pub(crate) mod list_account_aliases;

//! The operations of the security token service, one file each.

mod assume_role;
mod assume_role_with_web_identity;
mod decode_authorization_message;
mod get_access_key_info;
mod get_caller_identity;
mod get_federation_token;
mod get_session_token;

use dispatch::Row;

use crate::Sts;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Sts>] = &[
    Row::of::<assume_role::AssumeRole>(),
    Row::unsigned::<assume_role_with_web_identity::AssumeRoleWithWebIdentity>(),
    Row::of::<decode_authorization_message::DecodeAuthorizationMessage>(),
    Row::of::<get_access_key_info::GetAccessKeyInfo>(),
    Row::of::<get_caller_identity::GetCallerIdentity>(),
    Row::of::<get_federation_token::GetFederationToken>(),
    Row::of::<get_session_token::GetSessionToken>(),
];

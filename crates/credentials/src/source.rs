//! The credentials that a role is assumed with, and the settings that AWS's clients read from the environment.

use std::{env, ffi::OsString};

use outbound::OwnCredentials;
use secret::Plaintext;

/// The credentials in the environment.
pub(crate) fn own_from_environment() -> Result<OwnCredentials, String> {
    let missing = |name: &str| {
        format!("`{name}` is not set: set the own credentials, or name a file with --credentials-file")
    };
    let needed = |name: &'static str| variable(name).ok_or_else(|| missing(name));
    Ok(OwnCredentials {
        access_key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret: Plaintext::new(needed("AWS_SECRET_ACCESS_KEY")?.into_bytes()),
        token: variable("AWS_SESSION_TOKEN"),
    })
}

/// The first of these variables that is set and not empty.
pub(crate) fn setting(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| variable(name))
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(OsString::into_string)?.ok().filter(|value| !value.is_empty())
}

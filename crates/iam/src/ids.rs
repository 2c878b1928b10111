//! Unique ids and paths.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>

use dispatch::{Cx, Fault};

use crate::faults;

/// What a unique id stands for, by its first four letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    User,
    Group,
    Role,
    Policy,
    InstanceProfile,
}

/// Characters after the prefix.
const CHARACTERS: usize = 17;
/// Base32 (RFC 4648 section 6), as AWS's ids.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Draws a unique id of 85 random bits.
pub(crate) fn generate(cx: &Cx<'_>, prefix: Prefix) -> Result<String, Fault> {
    let mut random = [0; CHARACTERS];
    cx.entropy.fill(&mut random).map_err(|_| Fault::internal("the source of random bytes failed"))?;
    let prefix = match prefix {
        Prefix::User => "AIDA",
        Prefix::Group => "AGPA",
        Prefix::Role => "AROA",
        Prefix::Policy => "ANPA",
        Prefix::InstanceProfile => "AIPA",
    };
    let letter = |byte: u8| ALPHABET.get(usize::from(byte % 32)).copied().map_or('A', char::from);
    Ok(prefix.chars().chain(random.map(letter)).collect())
}

/// A path, `/` when none is given.
///
/// # Errors
/// `ValidationError` for what is no path, in words that AWS keeps for paths.
pub(crate) fn path(given: Option<String>) -> Result<String, Fault> {
    let Some(path) = given else { return Ok("/".to_owned()) };
    let inner = path.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let is_inner = |inner: &str| !inner.is_empty() && inner.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
    if path == "/" || inner.is_some_and(is_inner) {
        return Ok(path);
    }
    Err(faults::validation(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters \
         and/or / characters.",
    ))
}

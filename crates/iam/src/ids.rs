//! Unique ids and paths.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>

use dispatch::{Cx, Fault};

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
pub(crate) fn path(given: Option<String>) -> String {
    given.unwrap_or_else(|| "/".to_owned())
}

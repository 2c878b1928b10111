//! Names of accounts, Regions, partitions, keys and aliases, as types that cannot be wrong.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>

mod alias;
mod grant_id;
mod key_id;
mod key_ref;
mod partition;
mod place;

use std::fmt;

pub use alias::{AliasArn, AliasName};
pub use grant_id::GrantId;
pub use key_id::{KeyId, MaterialId};
pub use key_ref::{KeyArn, KeyRef, KeyRefError, WrittenArn};
pub use partition::Partition;
pub use place::{AccountId, Region};

/// The text is not a name of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a name of this kind")
    }
}

impl std::error::Error for Malformed {}

/// Exactly `N` bytes from small hexadecimal digits.
fn from_digits<const N: usize>(digits: &[u8]) -> Result<[u8; N], Malformed> {
    let mut bytes = [0; N];
    match base16ct::lower::decode(digits, &mut bytes) {
        Ok(read) if read.len() == N => Ok(bytes),
        _ => Err(Malformed),
    }
}

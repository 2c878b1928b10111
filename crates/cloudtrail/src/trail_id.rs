//! What a trail is named by.

use std::fmt;

use model::arn::{AccountId, Region};

/// Which trail it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TrailId {
    /// Whose events it delivers.
    pub(crate) account: AccountId,
    /// The Region in which it was made.
    pub(crate) home: Region,
    /// Its name.
    pub(crate) name: String,
}

impl TrailId {
    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        let Self { account, home, name } = self;
        format!("arn:{}:cloudtrail:{home}:{account}:trail/{name}", home.partition())
    }
}

impl fmt::Display for TrailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn())
    }
}

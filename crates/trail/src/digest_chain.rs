//! Digests one after the other: each names the one before it.

use std::fmt;

use crate::{Digest, VerifiedDigest};

/// The end of a chain of digests, as far as it was followed.
#[derive(Debug, Default)]
pub struct DigestChain(Option<VerifiedDigest>);

/// How a digest joins the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestJoint {
    /// It names the digest before it, and that is the one.
    Follows,
    /// It names none: it is the first since logging began, or began again.
    Begins,
    /// It names one, and is the oldest that is here.
    GoesOn,
}

/// Why a digest does not follow the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault {
    /// It names another digest, which is not here or stands elsewhere.
    Missing(String),
    /// It names the digest before it, and that has been another one.
    Changed,
    /// It does not begin where the digest before it ended: in time, or in the journal.
    Elsewhere,
}

impl DigestChain {
    /// Adds the next digest.
    ///
    /// # Errors
    /// [`ChainFault`]: a digest was removed, put in another's place, or changed.
    pub fn add(&mut self, next: VerifiedDigest) -> Result<DigestJoint, ChainFault> {
        let joint = match (&self.0, &next.digest.previous_digest_s3_object) {
            (_, None) => DigestJoint::Begins,
            (None, Some(_)) => DigestJoint::GoesOn,
            (Some(last), Some(named)) => {
                follows(last, &next.digest, named)?;
                DigestJoint::Follows
            }
        };
        self.0 = Some(next);
        Ok(joint)
    }

    /// The digest that was added last.
    #[must_use]
    pub fn last(&self) -> Option<&Digest> {
        self.0.as_ref().map(|last| &last.digest)
    }
}

fn follows(last: &VerifiedDigest, next: &Digest, named: &str) -> Result<(), ChainFault> {
    let same = |stated: &Option<String>, is: &str| {
        stated.as_deref().is_some_and(|stated| stated.eq_ignore_ascii_case(is))
    };
    let before = &last.digest;
    if named != before.digest_s3_object
        || next.previous_digest_s3_bucket.as_ref() != Some(&before.digest_s3_bucket)
    {
        return Err(ChainFault::Missing(named.to_owned()));
    }
    if !same(&next.previous_digest_hash_value, &last.hash)
        || !same(&next.previous_digest_signature, &last.signature)
    {
        return Err(ChainFault::Changed);
    }
    let goes_on = match (&before.journal, &next.journal) {
        (Some(before), Some(next)) if before.node == next.node => {
            before.first_sequence.checked_add(before.records) == Some(next.first_sequence)
        }
        _ => true,
    };
    if goes_on && next.digest_start_time == before.digest_end_time {
        Ok(())
    } else {
        Err(ChainFault::Elsewhere)
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "the digest before it is missing, {name:?}"),
            Self::Changed => f.write_str("the digest before it has been another one"),
            Self::Elsewhere => f.write_str("it does not begin where the digest before it ended"),
        }
    }
}

impl std::error::Error for ChainFault {}

#[cfg(test)]
mod tests;

//! Ids of volumes.

use std::fmt;

use envelope::{Randomness, SystemRandomness};
use forward::Context;

use crate::ending::ClientFailure;

/// Under which name the encryption context has the id, as with EBS.
const IN_CONTEXT: &str = "aws:ebs:id";

/// How many hexadecimal digits an id has, as with EBS.
const DIGITS: usize = 17;

/// The id of a volume. It is random, so a grant for it is for no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeId(String);

impl VolumeId {
    /// The id of a new volume.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] without randomness.
    pub(super) fn of_new_volume() -> Result<Self, ClientFailure> {
        Self::random("vol")
    }

    /// The id of a copy.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] without randomness.
    pub(super) fn of_new_copy() -> Result<Self, ClientFailure> {
        Self::random("snap")
    }

    fn random(kind: &str) -> Result<Self, ClientFailure> {
        let mut bytes = [0; 9];
        SystemRandomness.fill(&mut bytes).map_err(|error| ClientFailure::Use(error.to_string()))?;
        let digits = base16ct::lower::encode_string(&bytes);
        Ok(Self(format!("{kind}-{}", digits.chars().take(DIGITS).collect::<String>())))
    }

    /// The id that an encryption context has.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn in_context(context: &Context) -> Result<Self, String> {
        let id = context.get(IN_CONTEXT).ok_or_else(|| format!("its context has no `{IN_CONTEXT}`"))?;
        let digits = id.strip_prefix("vol-").or_else(|| id.strip_prefix("snap-"));
        match digits {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self(id.clone()))
            }
            _ => Err(format!("`{id}` is no id of a volume")),
        }
    }

    /// The encryption context of the data key.
    pub(super) fn context(&self) -> Context {
        Context::from([(IN_CONTEXT.to_owned(), self.0.clone())])
    }
}

impl fmt::Display for VolumeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_random_and_in_the_context() {
        let id = VolumeId::of_new_volume().unwrap();
        assert_eq!(id.to_string().len(), "vol-".len() + DIGITS);
        assert_eq!(VolumeId::in_context(&id.context()), Ok(id.clone()));
        assert_ne!(VolumeId::of_new_volume().unwrap(), id);
        assert!(VolumeId::of_new_copy().unwrap().to_string().starts_with("snap-"));
        for wrong in ["", "vol-", "disk-1", "vol-../x", "vol-1 2"] {
            let context = Context::from([(IN_CONTEXT.to_owned(), wrong.to_owned())]);
            assert!(VolumeId::in_context(&context).is_err(), "{wrong}");
        }
        assert!(VolumeId::in_context(&Context::new()).is_err());
    }
}

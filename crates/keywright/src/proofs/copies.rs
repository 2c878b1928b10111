//! Copies of digests, as a deployment keeps them in its data directory.

use std::{io, path::Path};

use trail::SignedDigest;

use super::{
    chains::{Chains, FoundDigest, chain_and_time},
    files::{bad, read_whole},
};

/// The copies in a folder.
#[derive(Default)]
pub(super) struct Copies {
    pub(super) chains: Chains,
}

impl Copies {
    /// Looks for the copies in a folder, which need not exist. None is read yet.
    ///
    /// # Errors
    /// What the system says of reading the folder.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut copies = Self::default();
        let entries = match folder.read_dir() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(copies),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some((chain, time)) = name.to_str().and_then(|name| chain_and_time(name, ".json")) else {
                continue;
            };
            if entry.file_type()?.is_file() {
                let chain = copies.chains.entry(chain.to_owned()).or_default();
                chain.insert(time.to_owned(), entry.path());
            }
        }
        Ok(copies)
    }

    /// Reads one copy.
    ///
    /// # Errors
    /// What the system says; that it is no copy of a digest.
    pub(super) fn digest(path: &Path) -> io::Result<FoundDigest> {
        let signed = Self::signed(path)?;
        Ok(FoundDigest {
            path: path.to_owned(),
            contents: signed.digest.into_bytes(),
            signature: Some(signed.signature),
        })
    }

    /// Reads one copy as it is.
    ///
    /// # Errors
    /// As [`Copies::digest`].
    pub(super) fn signed(path: &Path) -> io::Result<SignedDigest> {
        SignedDigest::from_json(&read_whole(path)?)
            .map_err(|error| bad(path.display(), format!("it is no copy of a digest: {error}")))
    }
}

//! The digests in a folder, in either of the forms in which they are kept.

use std::{io, path::Path};

use trail::DigestPublicKeys;

use super::{
    chains::{Use, verify_chains},
    copies::Copies,
    delivered::DeliveredFolder,
    files::bad,
    verified::VerifiedTotals,
};

/// Where digests are.
pub(super) enum Digests {
    /// As they were delivered.
    Delivered(DeliveredFolder),
    /// As a deployment keeps them.
    Copies(Copies),
}

impl Digests {
    /// The digests in a folder, in either form.
    ///
    /// # Errors
    /// That there are none; what the system says of reading.
    pub(super) fn find(folder: &Path) -> io::Result<Self> {
        let delivered = DeliveredFolder::read(folder)?;
        if !delivered.chains.is_empty() {
            return Ok(Self::Delivered(delivered));
        }
        let copies = Copies::read(folder).map_err(|error| bad(folder.display(), error))?;
        if copies.chains.is_empty() {
            let what = "there is no digest. A trail makes one every hour; without any, only \
                `keywright journal verify` is left";
            return Err(bad(folder.display(), what));
        }
        Ok(Self::Copies(copies))
    }

    /// Verifies every digest and its place in its chain, and hands it to `each`.
    ///
    /// # Errors
    /// The first bad place; what `each` answers.
    pub(super) fn verify(
        &self,
        keys: &DigestPublicKeys,
        verified: &mut VerifiedTotals,
        each: &mut Use<'_>,
    ) -> io::Result<()> {
        match self {
            Self::Delivered(delivered) => {
                verify_chains(&delivered.chains, &|path| delivered.digest(path), keys, verified, each)
            }
            Self::Copies(copies) => verify_chains(&copies.chains, &Copies::digest, keys, verified, each),
        }
    }
}

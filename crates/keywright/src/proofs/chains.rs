//! Chains of digests, each from its oldest digest to its newest one.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use trail::{ChainFault, Digest, DigestChain, DigestJoint, DigestPublicKeys, VerifiedDigest};

use super::{files::bad, verified::VerifiedTotals};

/// Digests by their chain, each chain's in the order of the times in their names.
pub(super) type Chains = BTreeMap<String, BTreeMap<String, PathBuf>>;

/// A digest as it was found.
pub(super) struct FoundDigest {
    pub(super) path: PathBuf,
    pub(super) contents: Vec<u8>,
    /// Its signature, if that was kept with it.
    pub(super) signature: Option<String>,
}

/// What is done with a digest that holds.
pub(super) type Use<'a> = dyn FnMut(&Path, &Digest, &mut VerifiedTotals) -> io::Result<()> + 'a;

/// Verifies chains of digests, which `read` reads, and hands every digest to `each`.
///
/// # Errors
/// The first bad place; what `each` answers.
pub(super) fn verify_chains(
    chains: &Chains,
    read: &dyn Fn(&Path) -> io::Result<FoundDigest>,
    keys: &DigestPublicKeys,
    verified: &mut VerifiedTotals,
    each: &mut Use<'_>,
) -> io::Result<()> {
    for (name, digests) in chains {
        let mut chain = DigestChain::default();
        let mut held: Option<FoundDigest> = None;
        let files = digests.values().map(Some).chain([None]);
        for path in files {
            let next = path.map(|path| read(path)).transpose()?;
            if let Some(digest) = held.take() {
                let signature = signature_of(&digest, next.as_ref())?;
                match signature {
                    Some(signature) => link(&mut chain, &digest, &signature, (keys, verified), each)?,
                    None => verified.remark(format!(
                        "{}: not verified: its signature is not beside it, and no later digest has it",
                        digest.path.display()
                    )),
                }
            }
            held = next;
        }
        if chain.last().is_none() {
            verified.remark(format!("chain {name}: no digest of it could be verified"));
        }
    }
    Ok(())
}

/// Verifies a digest by its signature, and takes it as the next of a chain.
fn link(
    chain: &mut DigestChain,
    digest: &FoundDigest,
    signature: &str,
    (keys, verified): (&DigestPublicKeys, &mut VerifiedTotals),
    each: &mut Use<'_>,
) -> io::Result<()> {
    let place = digest.path.display();
    let before = chain.last().map(|last| last.digest_end_time.clone());
    let holds = VerifiedDigest::of(&digest.contents, signature, keys).map_err(|fault| bad(&place, fault))?;
    let said = holds.digest.clone();
    match (chain.add(holds).map_err(|fault| bad(&place, fault))?, before) {
        (DigestJoint::Begins, Some(before)) => verified.remark(format!(
            "{place}: logging began anew at {}; nothing vouches for the time from {before} on until then",
            said.digest_start_time
        )),
        (DigestJoint::GoesOn, _) => {
            verified
                .remark(format!("{place}: the oldest digest that is here; older ones were not looked at"));
        }
        (DigestJoint::Begins, None) | (DigestJoint::Follows, _) => {}
    }
    verified.note_digest(&said);
    each(&digest.path, &said, verified)
}

/// The signature beside a digest, or in the digest after it.
fn signature_of(digest: &FoundDigest, next: Option<&FoundDigest>) -> io::Result<Option<String>> {
    if digest.signature.is_some() {
        return Ok(digest.signature.clone());
    }
    let Some(next) = next else { return Ok(None) };
    let shape = |found: &FoundDigest| {
        let digest = serde_json::from_slice::<Digest>(&found.contents);
        digest.map_err(|error| bad(found.path.display(), format!("it is no digest: {error}")))
    };
    let (this, after) = (shape(digest)?, shape(next)?);
    match after.previous_digest_s3_object {
        Some(named) if named != this.digest_s3_object => {
            Err(bad(next.path.display(), ChainFault::Missing(named)))
        }
        Some(_) => Ok(after.previous_digest_signature),
        None => Ok(None),
    }
}

/// A file's name as the name of its chain and its time.
pub(super) fn chain_and_time<'n>(name: &'n str, ending: &str) -> Option<(&'n str, &'n str)> {
    let (chain, time) = name.strip_suffix(ending)?.rsplit_once('_')?;
    let is_time = time.len() == 16 && time.ends_with('Z') && time.get(8..9) == Some("T");
    is_time.then_some((chain, time))
}

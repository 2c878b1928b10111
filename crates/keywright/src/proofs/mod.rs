//! `keywright trail prove` and `keywright trail verify`: proofs of single events, and whether delivered files or a journal are
//! what signed digests say of them. Whoever verifies needs public keys, and neither a server nor a seal.
//!
//! What is verified comes from whoever may have changed it. So files are read in pieces or up to a limit, links are not
//! followed, and a name in a digest is looked for among the files that were found: no path is made of it.

mod chains;
mod copies;
mod delivered;
mod digests;
mod files;
mod gzip;
mod journal;
mod prove;
mod verified;

use std::{io, path::Path};

use audit::Record;
use server::DataDir;
use trail::{DigestPublicKeys, EventProof, ProvenRecord};

pub(crate) use self::prove::prove;
pub(crate) use self::verified::VerifiedTotals;
use self::{
    delivered::DeliveredFolder,
    digests::Digests,
    files::{bad, read_whole},
};
use crate::records;

/// Verifies whatever is at `path`, and notes in `verified` what holds.
///
/// # Errors
/// The first bad place, and what is wrong there; what the system says of reading.
pub(crate) fn verify(
    path: &Path,
    keys: &Path,
    digests: Option<&Path>,
    verified: &mut VerifiedTotals,
) -> io::Result<()> {
    let keys = DigestPublicKeys::from_json(&read_whole(keys)?).map_err(|error| bad(keys.display(), error))?;
    let is_data_directory = DataDir::new(path).journal().is_dir();
    if digests.is_some() && !is_data_directory {
        return Err(bad(path.display(), "it is no data directory: `--digests` is for these alone"));
    }
    if path.is_file() {
        return proof(path, &keys, verified);
    }
    if is_data_directory {
        let own = DataDir::new(path).digests();
        return journal::verify(path, &Digests::find(digests.unwrap_or(&own))?, &keys, verified);
    }
    let delivered = DeliveredFolder::read(path)?;
    if delivered.is_empty() {
        let what = "it is no proof, no folder with delivered files in AWSLogs, and no data directory";
        return Err(bad(path.display(), what));
    }
    delivered.verify(&keys, verified)?;
    if verified.has_nothing() {
        return Err(bad(
            path.display(),
            "there is no digest that could be verified, and nothing else vouches for it",
        ));
    }
    Ok(())
}

fn proof(path: &Path, keys: &DigestPublicKeys, verified: &mut VerifiedTotals) -> io::Result<()> {
    let proof = EventProof::from_json(&read_whole(path)?);
    let proven = proof.and_then(|proof| proof.verified(keys)).map_err(|fault| bad(path.display(), fault))?;
    let ProvenRecord { event_id, sequence, payload, digest } = &proven;
    verified.note_digest(digest);
    verified.note_records(1);
    verified.remark(format!(
        "event {event_id} is record {sequence} of the journal, and was there when the digest was made that ends at {}",
        digest.digest_end_time
    ));
    match Record::decode(payload) {
        Ok(record) => {
            let mut line = Vec::new();
            records::line(*sequence, &record, &mut line)?;
            verified.remark(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        Err(_) => {
            verified.remark("the record is of a later version, which this program does not read".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

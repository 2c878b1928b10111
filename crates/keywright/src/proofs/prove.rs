//! Makes the proof of one event.

use std::{io, path::Path, sync::Arc};

use audit::{Disk, FsDisk, MerklePathFinder};
use server::DataDir;
use trail::{Digest, DigestedRecords, EventId, EventProof, SignedDigest};

use super::{copies::Copies, files::bad, journal};
use crate::records;

/// The proof of an event, as the contents of a file. It takes the copy of a digest that tells of the event's record.
///
/// # Errors
/// That there is no such event, or no digest of it yet; that records were moved away or changed; what the system says of reading.
pub(crate) fn prove(data_dir: &Path, event: EventId) -> io::Result<String> {
    let mut found = None;
    records::each(data_dir, &mut |sequence, record| {
        if found.is_none() && event.is_of(record) {
            found = Some(sequence);
        }
        Ok(())
    })?;
    let sequence =
        found.ok_or_else(|| bad(data_dir.display(), format!("no event {event} is in its journal")))?;
    let disk: Arc<dyn Disk> = Arc::new(FsDisk::reader(&DataDir::new(data_dir).journal()));
    let (signed, told) = digest_of(data_dir, &disk, sequence)?;
    let mut path = MerklePathFinder::new(sequence.saturating_sub(told.first_sequence), told.records)
        .ok_or_else(|| io::Error::other("the digest does not tell of the record"))?;
    let (mut payload, mut passed) = (Vec::new(), 0);
    let range = told.first_sequence..told.first_sequence.saturating_add(told.records);
    journal::pass(&disk, range.clone(), &mut |placed| {
        path.add(placed.payload);
        passed += 1;
        if placed.sequence == sequence {
            payload = placed.payload.to_vec();
        }
        Ok(())
    })?;
    let (first, last) = (range.start, range.end.saturating_sub(1));
    if passed < told.records {
        let what = format!(
            "a proof takes all records of the event's digest, {first} to {last}, and some of them were moved away: bring \
             their segments back for the time of this command"
        );
        return Err(bad(data_dir.display(), what));
    }
    let (path, _) = path
        .finish()
        .filter(|(_, root)| base16ct::lower::encode_string(root).eq_ignore_ascii_case(&told.merkle_root))
        .ok_or_else(|| {
            let what = format!("records {first} to {last} are not those of which the digest was made");
            bad(data_dir.display(), what)
        })?;
    Ok(EventProof::new(event, (sequence, &payload), &path, signed).to_json()? + "\n")
}

/// The copy of a digest that tells of a record, and what the digest says of the journal.
fn digest_of(
    data_dir: &Path,
    disk: &Arc<dyn Disk>,
    sequence: u64,
) -> io::Result<(SignedDigest, DigestedRecords)> {
    let node = journal::node_of(disk).map_err(|error| io::Error::other(error.to_string()))?;
    let folder = DataDir::new(data_dir).digests();
    let copies = Copies::read(&folder)?;
    let mut reached = None;
    // The newest ones first: what somebody wants to have proved is mostly recent.
    for path in copies.chains.values().flat_map(|chain| chain.values().rev()) {
        let signed = Copies::signed(path)?;
        let digest: Digest =
            serde_json::from_str(&signed.digest).map_err(|error| bad(path.display(), error))?;
        let Some(told) = digest.journal.filter(|told| node.as_ref() == Some(&told.node)) else { continue };
        let end = told.first_sequence.saturating_add(told.records);
        if (told.first_sequence..end).contains(&sequence) {
            return Ok((signed, told));
        }
        reached = reached.max(Some(end));
    }
    let what = match reached {
        Some(end) if sequence < end => "the event is from before the first digest, and cannot be proved",
        Some(_) => "the event is in no digest yet; the next one is made within the hour",
        None => "no digest tells of this journal. A trail that is logging makes one every hour",
    };
    Err(bad(folder.display(), what))
}

//! A journal against its digests: cut ends and chains that were computed anew are found, up to the newest digest.

use std::{io, ops::Range, path::Path, sync::Arc};

use audit::{Disk, FsDisk, JournalError, Placed, RangePiece, RangeReader, SegmentReader, segments};
use server::DataDir;
use trail::{DigestPublicKeys, DigestedJournal, DigestedReach};

use super::{digests::Digests, files::bad, verified::VerifiedTotals};

/// Verifies the journal of a data directory: first its own chain, then what digests say of it. The server may run meanwhile.
///
/// # Errors
/// The first bad place, in the journal or among the digests; what the system says of reading.
pub(super) fn verify(
    data_dir: &Path,
    digests: &Digests,
    keys: &DigestPublicKeys,
    verified: &mut VerifiedTotals,
) -> io::Result<()> {
    let folder = DataDir::new(data_dir).journal();
    let at = |error: JournalError| bad(folder.display(), error);
    let disk: Arc<dyn Disk> = Arc::new(FsDisk::reader(&folder));
    audit::verify(&*disk, &mut |_, _| {}).map_err(at)?;
    let node = node_of(&disk).map_err(at)?;
    let (mut check, mut elsewhere, mut silent, mut ours) = (DigestedJournal::default(), 0_u64, 0_u64, 0_u64);
    digests.verify(keys, verified, &mut |path, digest, _| {
        match &digest.journal {
            None => silent += 1,
            Some(records) if node.as_ref().is_some_and(|node| *node != records.node) => elsewhere += 1,
            Some(records) => {
                ours += 1;
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                check.expect(&name, records).map_err(|fault| bad(folder.display(), fault))?;
            }
        }
        Ok(())
    })?;
    if ours == 0 {
        return Err(bad(folder.display(), "no digest that could be verified tells of this journal"));
    }
    pass(&disk, 1..u64::MAX, &mut |placed| check.add(placed).map_err(|fault| bad(folder.display(), fault)))?;
    tell(check.finish().map_err(|fault| bad(folder.display(), fault))?, verified);
    for (count, what) in
        [(elsewhere, "digests that tell of other journals"), (silent, "digests that tell of no journal")]
    {
        if count > 0 {
            verified.remark(format!("{what}, and were not compared: {count}"));
        }
    }
    Ok(())
}

/// Shows a range of a journal's records to `visit`, until `visit` fails.
///
/// # Errors
/// What `visit` answers; what is wrong with the journal, or what the system says of reading.
pub(super) fn pass(
    disk: &Arc<dyn Disk>,
    range: Range<u64>,
    visit: &mut dyn FnMut(Placed<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut reader = RangeReader::new(Arc::clone(disk), range);
    loop {
        let mut visited = Ok(());
        let piece = reader.read(&mut |placed| {
            if visited.is_ok() {
                visited = visit(placed);
            }
        });
        visited?;
        if piece.map_err(|error| io::Error::other(error.to_string()))? == RangePiece::Last {
            return Ok(());
        }
    }
}

/// Whose journal it is, in hexadecimal; `None` for a journal without segments.
pub(super) fn node_of(disk: &Arc<dyn Disk>) -> Result<Option<String>, JournalError> {
    let Some(first) = segments(&**disk)?.first().copied() else { return Ok(None) };
    let node = SegmentReader::open(Arc::clone(disk), first)?.node();
    Ok(Some(base16ct::lower::encode_string(&node)))
}

fn tell(reach: DigestedReach, verified: &mut VerifiedTotals) {
    let DigestedReach { covered, last, moved_away } = reach;
    if let Some((from, to)) = covered {
        verified.note_records(to.saturating_sub(from).saturating_add(1));
        verified.remark(format!(
            "records {from} to {to} of the journal are those of which the digests were made"
        ));
    }
    let vouched = covered.map_or(0, |(_, to)| to);
    if last > vouched {
        let records = last - vouched;
        verified.remark(format!(
            "records after the newest digest, of which the chain alone was verified: {records}"
        ));
    }
    if moved_away > 0 {
        verified
            .remark(format!("digests whose records were moved away, and were not compared: {moved_away}"));
    }
}

//! What was verified, for whoever asked.

use std::io::{self, Write};

use trail::Digest;

/// What holds, counted up, and what could not be verified.
#[derive(Debug, Default)]
pub(crate) struct VerifiedTotals {
    digests: u64,
    files: u64,
    events: u64,
    records: u64,
    span: Option<(String, String)>,
    remarks: Vec<String>,
}

impl VerifiedTotals {
    /// Tells it.
    ///
    /// # Errors
    /// What the system says of writing.
    pub(crate) fn tell(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { digests, files, events, records, .. } = self;
        write!(out, "verified: digests {digests}, files {files}, events {events}, records {records}")?;
        match &self.span {
            Some((from, to)) => writeln!(out, ", from {from} to {to}")?,
            None => writeln!(out)?,
        }
        self.remarks.iter().try_for_each(|remark| writeln!(out, "{}", crate::explain::Plain(remark)))
    }

    /// Whether no digest holds.
    pub(super) fn has_nothing(&self) -> bool {
        self.digests == 0
    }

    /// A digest holds.
    pub(super) fn note_digest(&mut self, digest: &Digest) {
        self.digests += 1;
        let (from, to) = (&digest.digest_start_time, &digest.digest_end_time);
        let (first, last) = self.span.take().unwrap_or_else(|| (from.clone(), to.clone()));
        self.span = Some((first.min(from.clone()), last.max(to.clone())));
    }

    /// A file with so many events holds.
    pub(super) fn note_file(&mut self, events: u64) {
        self.files += 1;
        self.events = self.events.saturating_add(events);
    }

    /// So many records hold.
    pub(super) fn note_records(&mut self, records: u64) {
        self.records = self.records.saturating_add(records);
    }

    /// Something else that is worth to know, such as what could not be verified.
    pub(super) fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }
}

//! `keywright explain`: who asked what, what was decided, and why.

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

use audit::{FsDisk, Record, RecordedOutcome};
use server::DataDir;
use trail::EventId;

use crate::records::decision;

/// Looks for the record of a request in the journal of a data directory, and tells of it. Answers whether there
/// is one. The server may run meanwhile.
///
/// # Errors
/// The first break of the journal's chain, with its place; what the system says of reading and writing.
pub(crate) fn explain(data_dir: &Path, request_id: &str, out: &mut dyn Write) -> io::Result<bool> {
    let wanted = request_id.to_ascii_lowercase();
    let disk = FsDisk::reader(&DataDir::new(data_dir).journal());
    let mut found = Ok(false);
    let verdict = audit::verify(&disk, &mut |sequence, payload| {
        let Ok(record) = Record::decode(payload) else { return };
        if found.is_ok() && record.request_id.is_some_and(|id| EventId(id).to_string() == wanted) {
            found = tell(sequence, &record, out).map(|()| true);
        }
    });
    let found = found?;
    verdict.map(|_| found).map_err(|error| io::Error::other(error.to_string()))
}

/// One record, line by line.
fn tell(sequence: u64, record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let time = model::Timestamp::from_millis(record.time_ms).to_iso8601();
    writeln!(out, "record {sequence} of {time}")?;
    write!(out, "who       ")?;
    match &record.caller {
        Some(caller) => write!(out, "{} ({})", Plain(&caller.arn), Plain(&caller.kind))?,
        None => write!(out, "somebody who did not prove who it is")?,
    }
    if let Some(key) = record.caller.as_ref().and_then(|caller| caller.access_key_id.as_deref()) {
        write!(out, ", by access key {}", Plain(key))?;
    }
    match &record.source {
        Some(source) => writeln!(out, ", from {}", Plain(source))?,
        None => writeln!(out)?,
    }
    if let Some(by) = &record.invoked_by {
        writeln!(
            out,
            "through   {} by {}, access key {}",
            Plain(&by.service),
            Plain(&by.arn),
            Plain(&by.access_key_id)
        )?;
    }
    if let Some(source) = record.invoked_by.as_ref().and_then(|by| by.source_arn.as_deref()) {
        writeln!(out, "behalf of {}", Plain(source))?;
    }
    let (service, operation) = (Plain(&record.service), Plain(&record.operation));
    writeln!(out, "what      {service} {operation} in {}", Plain(&record.region))?;
    for resource in &record.resources {
        writeln!(out, "on        {}", Plain(resource))?;
    }
    writeln!(out, "decision  {}", Plain(&decision(&record.decision)))?;
    match &record.outcome {
        RecordedOutcome::Ok => writeln!(out, "answer    {}", record.http_status)?,
        RecordedOutcome::Fault { code, message } => {
            writeln!(out, "answer    {} {} {}", record.http_status, Plain(code), Plain(message))?;
        }
    }
    if let Some(detail) = &record.detail {
        writeln!(out, "detail    {}", Plain(detail))?;
    }
    let Some(trace) = &record.trace else { return Ok(()) };
    writeln!(out, "\nwhy")?;
    trace.lines().try_for_each(|line| writeln!(out, "  {}", Plain(line)))
}

/// A text without what would move a terminal's cursor: parts of a record were sent by clients.
pub(crate) struct Plain<'a>(pub(crate) &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| {
            if letter.is_control() { write!(f, "{}", letter.escape_default()) } else { write!(f, "{letter}") }
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use audit::{EventKind, Journal, Options, RecordedCaller, RecordedDecision};

    use super::*;

    fn denied(request_id: [u8; 16]) -> Record<'static> {
        let mut record = Record::new(EventKind::ApiCall, request_id, 1_795_551_300_000);
        record.request_id = Some(request_id);
        record.service = "kms".into();
        record.operation = "Encrypt\u{1b}[2J".into();
        record.region = "us-east-1".into();
        record.caller = Some(RecordedCaller {
            kind: "IAMUser".into(),
            arn: "arn:aws:iam::111122223333:user/ann".into(),
            unique_id: "AIDAANN".into(),
            access_key_id: Some("AKIAANN".into()),
        });
        record.decision = RecordedDecision::Denied { layer: "identity-policy".into(), statement: None };
        record.outcome =
            RecordedOutcome::Fault { code: "AccessDeniedException".into(), message: "no".into() };
        record.http_status = 400;
        record.source = Some("192.0.2.1".into());
        record.trace = Some("kms:Encrypt on *\ndenied: identity-policy would have had to allow it\n".into());
        record
    }

    /// A data directory with a journal of these records.
    pub(crate) fn journal_of(records: &mut [Record<'_>]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let disk = FsDisk::open(&DataDir::new(directory.path()).journal()).unwrap();
        let (journal, _) = Journal::open(Arc::new(disk), Options::new([7; 16])).unwrap();
        for record in records {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            journal.hand_over(&bytes).unwrap();
        }
        journal.close().unwrap();
        directory
    }

    #[test]
    fn a_denial_is_told_with_its_reasons() {
        let directory = journal_of(&mut [denied([1; 16]), denied([2; 16]), denied([3; 16])]);
        let mut out = Vec::new();
        let id = "02020202-0202-0202-0202-020202020202";
        assert!(explain(directory.path(), id, &mut out).unwrap());
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "record 2 of 2026-11-24T20:15:00Z\n\
             who       arn:aws:iam::111122223333:user/ann (IAMUser), by access key AKIAANN, from 192.0.2.1\n\
             what      kms Encrypt\\u{1b}[2J in us-east-1\n\
             decision  denied by identity-policy\n\
             answer    400 AccessDeniedException no\n\
             \n\
             why\n\
             \x20 kms:Encrypt on *\n\
             \x20 denied: identity-policy would have had to allow it\n"
        );
    }

    #[test]
    fn a_request_without_a_record_is_not_found() {
        let directory = journal_of(&mut [denied([1; 16])]);
        let mut out = Vec::new();
        assert!(!explain(directory.path(), "02020202-0202-0202-0202-020202020202", &mut out).unwrap());
        assert!(out.is_empty());
    }
}

//! The records of a journal: each in its turn, as JSON lines for `keywright journal`, and whether their chain holds.

use std::{
    io::{self, Write},
    path::Path,
};

use audit::{ChainVerdict, EventKind, FsDisk, Milestone, Record, RecordedDecision, RecordedOutcome, Value};
use serde::Serialize;
use server::DataDir;
use trail::{EventId, ShownMembers};

/// Walks the journal of a data directory and hands every record, as a line of JSON, to `out`.
///
/// # Errors
/// The first break of the chain, with its place; what the system says of reading and writing.
pub(crate) fn show(data_dir: &Path, out: &mut dyn Write) -> io::Result<ChainVerdict> {
    each(data_dir, &mut |sequence, record| line(sequence, record, out))
}

/// Walks the journal of a data directory, and hands every record with its number to `visit`, until `visit` fails. The
/// server may run meanwhile.
///
/// # Errors
/// What `visit` answers; the first break of the chain, with its place, or the first record that does not decode; what the
/// system says of reading.
pub(crate) fn each(
    data_dir: &Path,
    visit: &mut dyn FnMut(u64, &Record<'_>) -> io::Result<()>,
) -> io::Result<ChainVerdict> {
    let journal = DataDir::new(data_dir).journal();
    if !journal.exists() {
        let told =
            format!("there is no journal in {}: nothing was served from there yet", data_dir.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, told));
    }
    let disk = FsDisk::reader(&journal);
    let mut visited = Ok(());
    let verdict = audit::verify(&disk, &mut |sequence, payload| {
        if visited.is_ok() {
            let record = Record::decode(payload)
                .map_err(|_| io::Error::other(format!("record {sequence} does not decode")));
            visited = record.and_then(|record| visit(sequence, &record));
        }
    });
    visited?;
    verdict.map_err(|error| io::Error::other(error.to_string()))
}

/// What a check of the chain found.
pub(crate) struct CheckedJournal {
    pub(crate) verdict: ChainVerdict,
    /// The last record that tells of a removal: its number, its time, and where what was removed ended.
    removal: Option<(u64, model::Timestamp, String)>,
}

/// Checks the chain.
///
/// # Errors
/// As [`show`].
pub(crate) fn verify(data_dir: &Path) -> io::Result<CheckedJournal> {
    let mut removal = None;
    let verdict = each(data_dir, &mut |sequence, record| {
        if record.kind == EventKind::ServiceEvent && record.operation == "RemoveSegments" {
            let end = record.parameters.iter().find(|(name, _)| name == "end");
            let Some((_, Value::Text(end))) = end else { return Ok(()) };
            removal = Some((sequence, model::Timestamp::from_millis(record.time_ms), end.to_string()));
        }
        Ok(())
    })?;
    Ok(CheckedJournal { verdict, removal })
}

impl CheckedJournal {
    /// What is to be said of records before the first one that is there; `None` if all are.
    pub(crate) fn beginning(&self) -> Option<String> {
        let beginning = self.verdict.beginning()?;
        let said = match &self.removal {
            Some((sequence, time, end)) if *end == beginning.to_string() => {
                format!("the server removed them, as record {sequence} of {} says", time.to_iso8601())
            }
            _ => "no record says that the server removed them".to_owned(),
        };
        Some(format!("records 1 to {} are not there: {said}; they end in {beginning}", beginning.sequence))
    }
}

/// Checks that the journal goes on from an end that it once had: that it was neither cut nor put back since, nor written
/// anew.
///
/// # Errors
/// What became of the journal, and what the system says of reading.
pub(crate) fn goes_on_from(data_dir: &Path, end: Milestone) -> io::Result<()> {
    let disk = FsDisk::reader(&DataDir::new(data_dir).journal());
    let found = audit::milestone(&disk, end.sequence).map_err(|error| io::Error::other(error.to_string()))?;
    let told = match found {
        Some(found) if found == end => return Ok(()),
        Some(found) => format!("the journal does not go on from {end}: it was written anew, and has {found}"),
        None => format!("the journal does not go on from {end}: it has no record {}", end.sequence),
    };
    Err(io::Error::other(told))
}

/// A record as it is shown to the operator: with all that no event of CloudTrail has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    sequence: u64,
    event_id: String,
    event_time: String,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    event_source: &'a str,
    event_name: &'a str,
    aws_region: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    decision: String,
    http_status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    resources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_parameters: Option<ShownMembers<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<ShownMembers<'a>>,
    #[serde(rename = "sourceIPAddress", skip_serializing_if = "Option::is_none")]
    source_ip_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by_access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
}

/// A record as `keywright journal show` shows it, with the end of the line.
///
/// # Errors
/// What the system says of writing.
pub(crate) fn line(sequence: u64, record: &Record<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (error_code, error_message) = match &record.outcome {
        RecordedOutcome::Ok => (None, None),
        RecordedOutcome::Fault { code, message } => {
            (Some(&**code), Some(&**message).filter(|text| !text.is_empty()))
        }
    };
    let invoked_by = record.invoked_by.as_ref();
    let shown = Shown {
        sequence,
        event_id: EventId(record.event_id).to_string(),
        event_time: model::Timestamp::from_millis(record.time_ms).to_iso8601(),
        event_type: match record.kind {
            EventKind::ApiCall => "AwsApiCall",
            EventKind::ServiceEvent => "AwsServiceEvent",
        },
        request_id: record.request_id.map(|id| EventId(id).to_string()),
        event_source: &record.service,
        event_name: &record.operation,
        aws_region: &record.region,
        read_only: record.read_only,
        account: record.account.as_deref(),
        arn: record.caller.as_ref().map(|caller| caller.arn.as_ref()),
        access_key_id: record.caller.as_ref().and_then(|caller| caller.access_key_id.as_deref()),
        decision: decision(&record.decision),
        http_status: record.http_status,
        error_code,
        error_message,
        resources: record.resources.iter().map(|arn| &**arn).collect(),
        request_parameters: (!record.parameters.is_empty()).then(|| ShownMembers::of(&record.parameters)),
        additional_event_data: match &record.additional {
            Some(Value::Members(members)) => Some(ShownMembers::of(members)),
            _ => None,
        },
        source_ip_address: record.source.as_deref(),
        user_agent: record.user_agent.as_deref(),
        invoked_by: invoked_by.map(|by| &*by.service),
        invoked_by_arn: invoked_by.map(|by| &*by.arn),
        invoked_by_access_key_id: invoked_by.map(|by| &*by.access_key_id),
        source_arn: invoked_by.and_then(|by| by.source_arn.as_deref()),
        source_account: invoked_by.and_then(|by| by.source_account.as_deref()),
        detail: record.detail.as_deref(),
        trace: record.trace.as_deref(),
    };
    serde_json::to_writer(&mut *out, &shown)?;
    out.write_all(b"\n")
}

/// What was decided, in words.
pub(crate) fn decision(decision: &RecordedDecision<'_>) -> String {
    let by = |word: &str, layer: &str, statement: Option<&str>| match statement {
        Some(statement) => format!("{word} by {layer}: {statement}"),
        None => format!("{word} by {layer}"),
    };
    match decision {
        RecordedDecision::None => "none".to_owned(),
        RecordedDecision::Allowed { layer, statement } => by("allowed", layer, statement.as_deref()),
        RecordedDecision::Denied { layer, statement } => by("denied", layer, statement.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use audit::{Disk, Journal, Options, Upkeep};

    use super::*;

    fn record(end: Option<String>) -> Vec<u8> {
        let kind = if end.is_some() { EventKind::ServiceEvent } else { EventKind::ApiCall };
        let mut record = Record::new(kind, [7; 16], 1_700_000_000_000);
        record.operation = if end.is_some() { "RemoveSegments" } else { "Encrypt" }.into();
        record.parameters = end.into_iter().map(|end| ("end".into(), end.into())).collect();
        record.detail = Some("x".repeat(500).into());
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_not_there_any_more_is_said_with_who_removed_it() {
        let folder = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(FsDisk::open(&DataDir::new(folder.path()).journal()).unwrap());
        let options = Options { segment_bytes_max: 1000, ..Options::new([1; 16]) };
        let write = |payload: &[u8]| {
            let (journal, _) = Journal::open(Arc::clone(&disk), options).unwrap();
            drop(journal.append(payload));
            journal.close().unwrap();
        };
        let beginning = || verify(folder.path()).unwrap().beginning();
        let upkeep = Upkeep::new(Arc::clone(&disk));
        let oldest = || upkeep.outdated(i64::MAX, &|| Ok(())).unwrap().unwrap();
        (0..4).for_each(|_| write(&record(None)));
        assert_eq!(beginning(), None);
        let first = oldest();
        write(&record(Some(first.end.to_string())));
        upkeep.remove(&first).unwrap();
        let said = format!(
            "records 1 to 1 are not there: the server removed them, as record 5 of 2023-11-14T22:13:20Z says; they end in {}",
            first.end
        );
        assert_eq!(beginning(), Some(said));
        assert!(goes_on_from(folder.path(), first.end).is_ok());
        // Somebody else moved the next one away.
        upkeep.remove(&oldest()).unwrap();
        let beginning = beginning().unwrap();
        assert!(beginning.starts_with("records 1 to 2 are not there: no record says"), "{beginning}");
        assert!(goes_on_from(folder.path(), first.end).is_err());
    }
}

//! The end of a call: its record is on the way, and the answer waits for it.

use std::time::Duration;

use audit::{Appended, Refused};
use bytes::Bytes;

use crate::{Dialect, Fault, Observer, ids::Ids, notes::AfterSuccess};

/// A call that is done, with what is still needed of it: a call that waits for its record keeps neither its request nor
/// the record in memory, however many wait.
pub(crate) struct Ending {
    pub(crate) ids: Ids,
    pub(crate) request_id: String,
    pub(crate) dialect: Dialect,
    pub(crate) service: &'static str,
    /// The operation's name from the table.
    pub(crate) known: &'static str,
    /// What the client asked for; kept of a call that failed, for the log.
    pub(crate) asked: Option<String>,
    pub(crate) result: Result<Bytes, Fault>,
    /// Whether the log tells of it if it failed.
    pub(crate) is_told: bool,
    /// The record, if the answer has to wait for it.
    pub(crate) record: Option<Appended>,
    pub(crate) after_success: Vec<AfterSuccess>,
}

impl Ending {
    /// Waits until the record is where it has to be, and does what was to be done then. No answer without a record.
    pub(crate) async fn recorded(&mut self) {
        if let Some(record) = &mut self.record
            && let Err(refused) = record.await
        {
            self.result = Err(unrecorded(refused));
        }
        if self.result.is_ok() {
            self.after_success.drain(..).for_each(|then| then(self.ids));
        }
    }

    /// Logs a failure, and counts the call, which took so long.
    pub(crate) fn report(&self, observer: &dyn Observer, took: Duration) {
        let Self { request_id, service, known, .. } = self;
        let fault = self.result.as_ref().err();
        if let Some(fault) = fault
            && self.is_told
        {
            let operation = self.asked.as_deref().unwrap_or(known);
            let (code, detail) = (fault.kind.json, fault.detail.as_deref());
            if fault.kind.json_status >= 500 {
                tracing::error!(request_id, service, operation, code, detail, "call failed");
            } else {
                tracing::info!(request_id, service, operation, code, detail, "call refused");
            }
        }
        let service = if service.is_empty() { "unknown" } else { service };
        observer.answered(service, known, fault.map(|fault| fault.kind.json), took);
    }
}

/// What becomes of a call once its record is closed.
pub(crate) struct Closed {
    pub(crate) result: Result<Bytes, Fault>,
    /// The record, if the answer has to wait for it.
    pub(crate) record: Option<Appended>,
    /// The call has a record of its own, and is told of in the log if it failed.
    pub(crate) is_told: bool,
}

impl Closed {
    /// Of a call with a record of its own.
    pub(crate) fn told(result: Result<Bytes, Fault>, record: Option<Appended>) -> Self {
        Self { result, record, is_told: true }
    }
}

/// The fault of a call whose record the journal does not take.
pub(crate) fn unrecorded(refused: Refused) -> Fault {
    Fault::internal(format!("the call could not be recorded: {refused}"))
}

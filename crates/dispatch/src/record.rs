//! The record of a call while the call runs.
//!
//! It is opened before anything is looked at and closed exactly once: by the answer, by the change it is
//! committed with, or, when the call is abandoned half-way, by being dropped.

use std::{borrow::Cow, mem, sync::Arc};

use audit::{Decision, EventKind, Journal, Outcome, Record, Tls, Value};
use model::Timestamp;
use store::Batch;

use crate::{Caller, ConnectionInfo, Credential, Fault, Origin, ServiceEvent, forward::Acting, head::Head};

/// What an operation notes for the record. Only what stands here is recorded: nothing is copied from the
/// request unseen.
#[derive(Default)]
pub struct Notes {
    /// Who calls, where no credential says it.
    caller: Option<Arc<Caller>>,
    decision: Option<Decision<'static>>,
    trace: Option<String>,
    resources: Vec<Cow<'static, str>>,
    parameters: Vec<(Cow<'static, str>, Value<'static>)>,
    response: Vec<(Cow<'static, str>, Value<'static>)>,
    additional: Option<Value<'static>>,
    events: Vec<ServiceEvent>,
    after_success: Vec<AfterSuccess>,
    first: Option<Box<First>>,
}

/// What a call needs to be there.
pub(crate) struct First {
    pub(crate) event: ServiceEvent,
    pub(crate) change: Batch,
}

/// What is done once a call has succeeded and is recorded.
pub type AfterSuccess = Box<dyn FnOnce(Ids) + Send + Sync>;

impl Notes {
    /// The call was allowed, by this layer and statement.
    pub fn allowed(&mut self, layer: impl Into<Cow<'static, str>>, statement: Option<String>) {
        // A denial stands: an operation that asks twice is only as allowed as its worst answer.
        if !matches!(self.decision, Some(Decision::Denied { .. })) {
            self.decision =
                Some(Decision::Allowed { layer: layer.into(), statement: statement.map(Cow::Owned) });
        }
    }

    /// The call was denied, by this layer and statement.
    pub fn denied(&mut self, layer: impl Into<Cow<'static, str>>, statement: Option<String>) {
        self.decision = Some(Decision::Denied { layer: layer.into(), statement: statement.map(Cow::Owned) });
    }

    /// Why the call was denied, for the operator. The caller learns no more than AWS tells.
    pub fn traced(&mut self, trace: String) {
        self.trace = Some(trace);
    }

    /// It is established who makes a call that no access key signs.
    pub(crate) fn identified(&mut self, caller: Arc<Caller>) {
        self.caller = Some(caller);
    }

    /// The operation needs no permission.
    pub fn needs_no_permission(&mut self) {
        self.allowed("none-needed", None);
    }

    /// The call concerns this key or alias, by its ARN.
    pub fn resource(&mut self, arn: impl Into<Cow<'static, str>>) {
        let arn = arn.into();
        if !self.resources.contains(&arn) {
            self.resources.push(arn);
        }
    }

    /// A request parameter that may be shown.
    pub fn parameter(&mut self, name: &'static str, value: impl Into<Value<'static>>) {
        self.parameters.push((Cow::Borrowed(name), value.into()));
    }

    /// A part of the answer that may be shown.
    pub fn answered(&mut self, name: &'static str, value: impl Into<Value<'static>>) {
        self.response.push((Cow::Borrowed(name), value.into()));
    }

    /// What else is known of the call, beside its parameters and its answer.
    pub fn additional(&mut self, name: &'static str, value: Value<'static>) {
        self.additional = Some(Value::map([(name, value)]));
    }

    /// The change of the call makes this happen as well: it is recorded as an event of its own, if the change
    /// is committed.
    pub fn event(&mut self, event: ServiceEvent) {
        self.events.push(event);
    }

    /// What was noted with [`Notes::event`].
    #[must_use]
    pub fn events(&self) -> &[ServiceEvent] {
        &self.events
    }

    /// This has to be there before the call can be answered: whatever this attempt answers, the change is committed
    /// with its event, and the call is begun again. If another change got in between, the next attempt sees it.
    pub fn first(&mut self, event: ServiceEvent, change: Batch) {
        self.first = Some(Box::new(First { event, change }));
    }

    /// What was noted with [`Notes::first`].
    pub(crate) fn take_first(&mut self) -> Option<Box<First>> {
        self.first.take()
    }

    /// Whether no decision was noted yet.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.decision.is_none()
    }

    /// Whether a decision was noted and is no denial.
    pub(crate) fn is_allowed(&self) -> bool {
        matches!(self.decision, Some(Decision::Allowed { .. }))
    }

    /// Something to do if and when the call succeeds, without waiting. Of an attempt that is made again, it is
    /// forgotten with all else that the attempt noted.
    pub fn after_success(&mut self, then: AfterSuccess) {
        self.after_success.push(then);
    }

    /// What was noted with [`Notes::after_success`].
    #[must_use]
    pub fn take_after_success(&mut self) -> Vec<AfterSuccess> {
        mem::take(&mut self.after_success)
    }

    /// Forgets what one attempt noted, before the next.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Ids of a call: random UUIDs (RFC 9562, version 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The id of its record.
    pub event: [u8; 16],
    /// The id that the client sees.
    pub request: [u8; 16],
}

impl Ids {
    pub(crate) fn from_random(random: [[u8; 16]; 2]) -> Self {
        let [event, request] =
            random.map(|bytes| uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes());
        Self { event, request }
    }

    /// The id of the record, as AWS's trail shows it.
    #[must_use]
    pub fn event_id(self) -> String {
        uuid(self.event)
    }

    /// The request id as clients see it.
    #[must_use]
    pub fn request_id(self) -> String {
        uuid(self.request)
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = uuid::Uuid::encode_buffer();
    uuid::Uuid::from_bytes(bytes).hyphenated().encode_lower(&mut text).to_owned()
}

/// A record that is not closed yet.
pub(crate) struct OpenRecord<'a> {
    journal: &'a Journal,
    head: &'a Head<'a>,
    connection: &'a ConnectionInfo,
    host: &'a str,
    ids: Ids,
    time: Timestamp,
    pub(crate) service: &'static str,
    pub(crate) operation: &'a str,
    /// The operation's name from the table, once it has been looked up.
    pub(crate) known: &'static str,
    pub(crate) region: Cow<'a, str>,
    pub(crate) read_only: bool,
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// Whose call it is, when a service has signed it for somebody.
    pub(crate) acting: Option<Arc<Acting>>,
    pub(crate) notes: Notes,
    closed: bool,
}

impl<'a> OpenRecord<'a> {
    pub(crate) fn open(
        journal: &'a Journal,
        head: &'a Head<'a>,
        connection: &'a ConnectionInfo,
        ids: Ids,
        time: Timestamp,
    ) -> Self {
        Self {
            journal,
            head,
            connection,
            host: head.host(),
            ids,
            time,
            service: "",
            operation: "",
            known: "unknown",
            region: Cow::Borrowed(""),
            read_only: true,
            credential: None,
            acting: None,
            notes: Notes::default(),
            closed: false,
        }
    }

    pub(crate) fn ids(&self) -> Ids {
        self.ids
    }

    pub(crate) fn time(&self) -> Timestamp {
        self.time
    }

    pub(crate) fn head(&self) -> &'a Head<'a> {
        self.head
    }

    pub(crate) fn host(&self) -> &'a str {
        self.host
    }

    /// Where the call came from.
    pub(crate) fn origin(&self) -> Origin<'a> {
        Origin {
            address: self.connection.peer().ip(),
            user_agent: self.head.user_agent.unwrap_or_default(),
            secure: self.connection.tls().is_some(),
            via: None,
        }
    }

    /// The fault of a call whose client did not wait for the answer.
    pub(crate) fn abandoned() -> Fault {
        Fault::internal("the client went away before the call was answered")
    }

    /// Marks the record as closed: what becomes of it is the taker's responsibility.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Takes the responsibility back, after a commit that did not happen.
    pub(crate) fn reopen(&mut self) {
        self.closed = false;
    }

    /// Gives the record another id, for an ending that may not be the only one: a change whose commit was not
    /// answered may have been made, and then its record with the first id waits in the outbox.
    pub(crate) fn renumber(&mut self, event: [u8; 16]) {
        self.ids.event = event;
    }

    /// The record's bytes for an ending.
    pub(crate) fn encode(&self, fault: Option<&Fault>, status: u16) -> Vec<u8> {
        let acting = self.acting.as_deref();
        let signer = self.credential.as_ref().map(|credential| credential.caller());
        let caller = acting.map(Acting::caller).or(signer).or(self.notes.caller.as_deref());
        let mut record = Record::new(EventKind::ApiCall, self.ids.event, self.time.as_millis());
        record.request_id = Some(self.ids.request);
        record.service = self.service.into();
        record.operation = self.operation.into();
        record.region = Cow::Borrowed(&*self.region);
        record.read_only = self.read_only;
        record.account = caller.map(|caller| match caller.principal.account() {
            Some(account) => account.into(),
            None => caller.account.as_str().into(),
        });
        record.caller = caller.map(|caller| audit::Caller {
            kind: caller.kind().into(),
            arn: caller.arn.as_str().into(),
            unique_id: caller.unique_id.as_str().into(),
            access_key_id: Some(caller.access_key_id.as_str()).filter(|id| !id.is_empty()).map(Into::into),
        });
        record.decision = self.notes.decision.as_ref().map_or(Decision::None, Decision::borrowed);
        record.outcome = fault.map_or(Outcome::Ok, |fault| Outcome::Fault {
            code: fault.kind.json.into(),
            message: fault.message.as_deref().unwrap_or_default().into(),
        });
        record.http_status = status;
        record.resources = self.notes.resources.iter().map(|arn| Cow::Borrowed(&**arn)).collect();
        record.parameters = borrowed(&self.notes.parameters);
        if fault.is_none() {
            record.response = borrowed(&self.notes.response);
        }
        record.source = Some(self.connection.address().into());
        record.user_agent = self.head.user_agent.map(Into::into);
        record.tls = self
            .connection
            .tls()
            .map(|tls| Tls { version: tls.version.into(), cipher: tls.cipher.as_str().into() });
        record.host = Some(self.host().into());
        record.detail = fault.and_then(|fault| fault.detail.as_deref()).map(Into::into);
        record.trace = self.notes.trace.as_deref().map(Into::into);
        record.invoked_by = acting.map(|acting| acting.via.recorded());
        record.additional.clone_from(&self.notes.additional);
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        record.encode(&mut bytes);
        bytes
    }
}

fn borrowed<'n>(members: &'n [(Cow<'static, str>, Value<'static>)]) -> Vec<(Cow<'n, str>, Value<'n>)> {
    members.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.borrowed())).collect()
}

/// Room for most records.
const RECORD_BYTES: usize = 1024;

impl Drop for OpenRecord<'_> {
    /// The call was abandoned: the client hung up before there was an answer.
    fn drop(&mut self) {
        if !self.closed {
            // Nobody is left to be refused, so a full queue changes nothing.
            let _ = self.journal.hand_over(&self.encode(Some(&Self::abandoned()), 0));
        }
    }
}

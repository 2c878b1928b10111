//! What an operation notes for the record of its call.

use std::{mem, sync::Arc};

use audit::{RecordedDecision, RecordedText, Value};
use model::shown::Structure;
use store::Batch;

use crate::{
    Caller, Facts, Ids, ServiceEvent,
    shown::{Noted, shown},
};

/// What is noted of a call for its record. Of request and answer the line notes what the operation's facts name; the operation
/// itself notes under these names what the members alone do not tell. Under other names nothing gets into a record.
#[derive(Default)]
pub struct Notes {
    /// Who calls, where no credential says it.
    pub(crate) caller: Option<Arc<Caller>>,
    pub(crate) decision: Option<RecordedDecision<'static>>,
    pub(crate) trace: Option<String>,
    pub(crate) resources: Vec<RecordedText<'static>>,
    pub(crate) parameters: Noted,
    pub(crate) response: Noted,
    pub(crate) additional: Noted,
    pub(crate) events: Vec<ServiceEvent>,
    pub(crate) after_success: Vec<AfterSuccess>,
    pub(crate) first: Option<Box<First>>,
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
    pub fn allowed(&mut self, layer: impl Into<RecordedText<'static>>, statement: Option<String>) {
        // A denial stands: an operation that asks twice is only as allowed as its worst answer.
        if !matches!(self.decision, Some(RecordedDecision::Denied { .. })) {
            self.decision = Some(RecordedDecision::Allowed {
                layer: layer.into(),
                statement: statement.map(RecordedText::from),
            });
        }
    }

    /// The call was denied, by this layer and statement.
    pub fn denied(&mut self, layer: impl Into<RecordedText<'static>>, statement: Option<String>) {
        self.decision = Some(RecordedDecision::Denied {
            layer: layer.into(),
            statement: statement.map(RecordedText::from),
        });
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
    pub fn resource(&mut self, arn: impl Into<RecordedText<'static>>) {
        let arn = arn.into();
        if !self.resources.contains(&arn) {
            self.resources.push(arn);
        }
    }

    /// Notes of a request what the operation's facts name.
    pub(crate) fn requested(&mut self, facts: &Facts, input: &dyn Structure) {
        self.parameters = shown(input, facts.shows.request);
    }

    /// Notes of an answer what the operation's facts name, beside what the operation noted.
    pub(crate) fn responded(&mut self, facts: &Facts, output: &dyn Structure) {
        self.response.extend(shown(output, facts.shows.response));
    }

    /// A request parameter that may be shown, in the place of what the request has under this name: a default, or what
    /// only the operation can judge.
    pub fn parameter(&mut self, name: &'static str, value: impl Into<Value<'static>>) {
        let value = value.into();
        match self.parameters.iter_mut().find(|(noted, _)| noted == name) {
            Some((_, noted)) => *noted = value,
            None => self.parameters.push((name.into(), value)),
        }
    }

    /// A part of the answer that may be shown.
    pub fn answered(&mut self, name: &'static str, value: impl Into<Value<'static>>) {
        self.response.push((name.into(), value.into()));
    }

    /// What else is known of the call, beside its parameters and its answer.
    pub fn additional(&mut self, name: &'static str, value: impl Into<Value<'static>>) {
        self.additional.push((name.into(), value.into()));
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
        matches!(self.decision, Some(RecordedDecision::Allowed { .. }))
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

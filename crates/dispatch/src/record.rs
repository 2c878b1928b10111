//! The record of a call while the call runs.
//!
//! It is opened before anything is looked at and closed exactly once: by the answer, by the change it is
//! committed with, or, when the call is abandoned half-way, by being dropped.

use std::{borrow::Cow, sync::Arc};

use audit::{
    EventKind, Record, RecordedDecision, RecordedIssuer, RecordedOutcome, RecordedSession, RecordedText,
    RecordedTls, Value,
};
use model::Timestamp;
use policy::Principal;

use crate::{
    Backstage, Caller, ConnectionInfo, Credential, Facts, Fault, Ids, Notes, Origin, Shows,
    forward::Acting,
    head::Head,
    shown::{self, Noted},
};

/// A record that is not closed yet.
pub(crate) struct OpenRecord<'a> {
    backstage: &'a Backstage,
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
    /// The access key that a signature names, whether it holds or not.
    pub(crate) claimed: Option<&'a str>,
    pub(crate) read_only: bool,
    /// What may be shown of the call, once the operation has been looked up.
    pub(crate) shows: Shows,
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// Whose call it is, when a service has signed it for somebody.
    pub(crate) acting: Option<Arc<Acting>>,
    pub(crate) notes: Notes,
    /// The server refuses the call for a reason of its own, whoever makes it.
    pub(crate) is_turned_away: bool,
    closed: bool,
}

impl<'a> OpenRecord<'a> {
    pub(crate) fn open(
        backstage: &'a Backstage,
        head: &'a Head<'a>,
        connection: &'a ConnectionInfo,
        ids: Ids,
        time: Timestamp,
    ) -> Self {
        Self {
            backstage,
            head,
            connection,
            host: head.host(),
            ids,
            time,
            service: "",
            operation: "",
            known: "unknown",
            region: Cow::Borrowed(""),
            claimed: None,
            read_only: true,
            shows: Shows::NOTHING,
            credential: None,
            acting: None,
            notes: Notes::default(),
            is_turned_away: false,
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

    /// The call is of this operation.
    pub(crate) fn is_of(&mut self, facts: &Facts) {
        (self.known, self.read_only, self.shows) = (facts.name, facts.read_only, facts.shows);
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

    /// Whether something that was sent proves who called.
    pub(crate) fn is_of_known(&self) -> bool {
        self.credential.is_some() || self.notes.caller.is_some()
    }

    /// Whether a call is refused because nothing that was sent proves who called.
    pub(crate) fn is_of_stranger(&self) -> bool {
        !self.is_of_known() && !self.is_turned_away
    }

    /// Closes the record of a stranger who was refused. Whether the refusal has a record of its own.
    pub(crate) fn close_of_stranger(&mut self, fault: &Fault, status: u16) -> bool {
        self.close();
        let (strangers, address, kind) =
            (&self.backstage.strangers, self.connection.peer().ip(), fault.kind.json);
        let admitted = strangers.admits(address, kind);
        if admitted {
            strangers.record(address, kind, &self.encode(Some(fault), status));
        }
        admitted
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
        record.region = (&*self.region).into();
        record.read_only = self.read_only;
        record.account = caller.map(|caller| match caller.principal.account() {
            Some(account) => account.into(),
            None => caller.account.as_str().into(),
        });
        record.caller = caller.map(|caller| audit::RecordedCaller {
            kind: caller.kind().into(),
            arn: caller.arn.as_str().into(),
            unique_id: caller.unique_id.as_str().into(),
            access_key_id: Some(caller.access_key_id.as_str()).filter(|id| !id.is_empty()).map(Into::into),
        });
        record.decision =
            self.notes.decision.as_ref().map_or(RecordedDecision::None, RecordedDecision::borrowed);
        record.outcome = fault.map_or(RecordedOutcome::Ok, |fault| RecordedOutcome::Fault {
            code: fault.kind.json.into(),
            message: fault.message.as_deref().unwrap_or_default().into(),
        });
        record.http_status = status;
        record.resources = self.notes.resources.iter().map(RecordedText::borrowed).collect();
        record.parameters = self.named(&self.notes.parameters, self.shows.request);
        if fault.is_none() {
            record.response = self.named(&self.notes.response, self.shows.response);
        }
        record.source = Some(self.connection.address().into());
        record.user_agent = self.head.user_agent.map(Into::into);
        record.tls = self
            .connection
            .tls()
            .map(|tls| RecordedTls { version: tls.version.into(), cipher: tls.cipher.as_str().into() });
        record.host = Some(self.host().into());
        record.detail = fault.and_then(|fault| fault.detail.as_deref()).map(Into::into);
        record.trace = self.notes.trace.as_deref().map(Into::into);
        record.invoked_by = acting.map(|acting| acting.via.recorded());
        if !self.notes.additional.is_empty() {
            record.additional =
                Some(Value::Members(self.named(&self.notes.additional, self.shows.additional)));
        }
        record.session = caller.and_then(session);
        if fault.is_some() && self.is_of_stranger() {
            self.shorten(&mut record);
        }
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        record.encode(&mut bytes);
        bytes
    }

    /// What was noted under names that the operation's facts have. Under another name nothing is recorded, and tests fail.
    fn named<'n>(&self, noted: &'n Noted, names: &[&'static str]) -> Vec<(RecordedText<'n>, Value<'n>)> {
        let is_named = |name: &str| {
            let is_named = shown::names(names, name);
            debug_assert!(is_named, "the facts of {} do not name {name}", self.known);
            is_named
        };
        let noted = noted.iter().filter(|(name, _)| is_named(name));
        noted.map(|(name, value)| (name.borrowed(), value.borrowed())).collect()
    }

    /// Leaves of a stranger's record what tells who tried what. All of it is the stranger's own choice.
    fn shorten<'r>(&'r self, record: &mut Record<'r>) {
        record.operation = beginning(self.operation).into();
        record.region = beginning(&self.region).to_owned().into();
        record.user_agent = self.head.user_agent.map(|text| beginning(text).into());
        record.host = Some(beginning(self.host).into());
        record.parameters.clear();
        record.tls = None;
        if let RecordedOutcome::Fault { message, .. } = &mut record.outcome {
            *message = beginning(message).to_owned().into();
        }
        record.detail = record.detail.as_deref().map(|text| beginning(text).to_owned().into());
        record.additional = self.claimed.map(|id| Value::map([("claimedAccessKeyId", beginning(id))]));
    }
}

/// What is recorded of a caller's temporary credentials.
fn session(caller: &Caller) -> Option<RecordedSession<'_>> {
    let session = caller.session.as_ref()?;
    let issuer = match &caller.principal {
        Principal::Session { role_arn, role_id, .. } => Some((role_arn, role_id)),
        Principal::FederatedUser { user: Some(user), .. } => Some((&user.arn, &user.unique_id)),
        _ => None,
    };
    Some(RecordedSession {
        issued_ms: session.issued.as_millis(),
        second_factor: session.second_factor.is_some(),
        issuer: issuer.map(|(arn, id)| RecordedIssuer { arn: arn.into(), unique_id: id.into() }),
        provider: session.federated_provider.as_deref().map(Into::into),
        source_identity: session.source_identity.as_deref().map(Into::into),
    })
}

/// Most bytes of a text in a stranger's record.
const STRANGERS_TEXT_BYTES_MAX: usize = 128;

/// The beginning of a text, to the end of a character.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(STRANGERS_TEXT_BYTES_MAX)).unwrap_or_default()
}

/// Room for most records.
const RECORD_BYTES: usize = 1024;

impl Drop for OpenRecord<'_> {
    /// The call was abandoned: the client hung up before there was an answer.
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let abandoned = Self::abandoned();
        if self.is_of_stranger() {
            self.close_of_stranger(&abandoned, 0);
        } else {
            // Nobody is left to be refused, so a full queue changes nothing.
            let _ = self.backstage.journal.hand_over(&self.encode(Some(&abandoned), 0));
        }
    }
}

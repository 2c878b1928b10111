//! What is recorded of a call, and its bytes.
//!
//! A record is compact: a CBOR array (RFC 8949) in the order of the field numbers; absent fields are null, or left
//! out at the end. Later it is rendered as a CloudTrail event (AWS CloudTrail user guide, "CloudTrail record
//! contents"). A record holds names and decisions, never key material, plaintext, ciphertext or tokens: whoever
//! fills `parameters` and `response` takes them from an allow-list.

use std::borrow::Cow;
use std::fmt;

use crate::chain::PAYLOAD_BYTES_MAX;
use crate::value::{Value, decode_members, encode_members};

/// The version written into records. Readers take any version whose fields they understand.
pub const RECORD_VERSION: u8 = 1;

/// Longest user agent and fault message, in bytes, as CloudTrail's: 1 KiB.
const MESSAGE_BYTES_MAX: usize = 1024;
/// Longest operator's message, in bytes.
const DETAIL_BYTES_MAX: usize = 4096;
/// Longest account of a denial, in bytes.
const TRACE_BYTES_MAX: usize = 8192;
/// Longest ARN, unique id or statement, in bytes; an ARN has at most 2,048.
const TEXT_BYTES_MAX: usize = 2048;
/// Longest of any other text, such as operation, service and account, in bytes. Some of them come from the network.
const NAME_BYTES_MAX: usize = 256;
/// Most resources of a record. KMS names two at most.
const RESOURCES_MAX: usize = 8;

type Text<'a> = Cow<'a, str>;
type Members<'a> = Vec<(Text<'a>, Value<'a>)>;

/// One call, or one thing that Keywright did by itself.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct Record<'a> {
    /// [`RECORD_VERSION`].
    #[n(0)]
    pub version: u8,
    /// What kind of event this is.
    #[n(1)]
    pub kind: EventKind,
    /// Unique to this record; a retry of the same record keeps it.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub event_id: [u8; 16],
    /// When the call arrived, or the service event happened, in milliseconds since 1970, UTC.
    #[n(3)]
    pub time_ms: i64,
    /// The request id in the answer; absent for most service events.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub request_id: Option<[u8; 16]>,
    /// The service that was called, such as `kms`.
    #[n(5)]
    pub service: Text<'a>,
    /// The operation; if there is none of that name, the client's name for it.
    #[n(6)]
    pub operation: Text<'a>,
    /// The Region of the request.
    #[n(7)]
    pub region: Text<'a>,
    /// The caller's account, as far as known; for a service event, the account concerned.
    #[n(8)]
    pub account: Option<Text<'a>>,
    /// Whether the operation can change anything.
    #[n(9)]
    pub read_only: bool,
    /// Who called; absent if the caller could not be established.
    #[n(10)]
    pub caller: Option<RecordedCaller<'a>>,
    /// What was decided.
    #[n(11)]
    pub decision: RecordedDecision<'a>,
    /// How it ended.
    #[n(12)]
    pub outcome: RecordedOutcome<'a>,
    /// The HTTP status of the answer; 0 for a service event.
    #[n(13)]
    pub http_status: u16,
    /// ARNs of the keys and aliases concerned.
    #[n(14)]
    pub resources: Vec<Text<'a>>,
    /// What the caller asked, as far as it may be shown.
    #[cbor(n(15), encode_with = "encode_members", decode_with = "decode_members")]
    pub parameters: Members<'a>,
    /// What was answered, as far as it may be shown.
    #[cbor(n(16), encode_with = "encode_members", decode_with = "decode_members")]
    pub response: Members<'a>,
    /// `parameters` or `response` were left out, because the record would have become too long.
    #[n(17)]
    pub omitted: bool,
    /// Address of the client, or the name of the service that acts.
    #[n(18)]
    pub source: Option<Text<'a>>,
    /// The client's `User-Agent`, at most 1 KiB.
    #[n(19)]
    pub user_agent: Option<Text<'a>>,
    /// The connection's security.
    #[n(20)]
    pub tls: Option<RecordedTls<'a>>,
    /// The `Host` that the client asked for.
    #[n(21)]
    pub host: Option<Text<'a>>,
    /// What the operator should know and the caller does not learn, at most 4 KiB.
    #[n(22)]
    pub detail: Option<Text<'a>>,
    /// Why the call was denied, layer by layer, for the operator; at most 8 KiB.
    #[n(23)]
    pub trace: Option<Text<'a>>,
    /// The service that called for the caller, or as itself.
    #[n(24)]
    pub invoked_by: Option<InvokedBy<'a>>,
    /// What else is known of the call, such as its attested recipient: [`Value::Members`].
    #[n(25)]
    pub additional: Option<Value<'a>>,
    /// The session behind temporary credentials.
    #[n(26)]
    pub session: Option<RecordedSession<'a>>,
}

/// What kind of event a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
#[cbor(index_only)]
pub enum EventKind {
    /// A call over the API.
    #[n(0)]
    ApiCall,
    /// Something Keywright did by itself, such as deleting a key that was due.
    #[n(1)]
    ServiceEvent,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedCaller<'a> {
    /// CloudTrail's `userIdentity.type`, such as `IAMUser`.
    #[n(0)]
    pub kind: Text<'a>,
    /// The ARN.
    #[n(1)]
    pub arn: Text<'a>,
    /// The unique id, such as `AIDA…`, or `AROA…:session`.
    #[n(2)]
    pub unique_id: Text<'a>,
    /// The access key that signed.
    #[n(3)]
    pub access_key_id: Option<Text<'a>>,
}

/// The session of a caller with temporary credentials.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedSession<'a> {
    /// When the credentials were issued, in milliseconds since 1970, UTC.
    #[n(0)]
    pub issued_ms: i64,
    /// Whether the principal proved a second factor.
    #[n(1)]
    pub second_factor: bool,
    /// The role that the session is of, or the user who asked for a federated user.
    #[n(2)]
    pub issuer: Option<RecordedIssuer<'a>>,
    /// The identity provider that vouched for the principal.
    #[n(3)]
    pub provider: Option<Text<'a>>,
    /// Who is behind the session, as it was said when the first role was assumed.
    #[n(4)]
    pub source_identity: Option<Text<'a>>,
}

/// The role or user that a session is of.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedIssuer<'a> {
    /// The ARN.
    #[n(0)]
    pub arn: Text<'a>,
    /// The unique id, `AROA…` or `AIDA…`.
    #[n(1)]
    pub unique_id: Text<'a>,
}

/// A service that called for somebody, and the identity behind the service.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct InvokedBy<'a> {
    /// The service, such as `s3.amazonaws.com`.
    #[n(0)]
    pub service: Text<'a>,
    /// ARN of the identity that signed as the service.
    #[n(1)]
    pub arn: Text<'a>,
    /// The access key that signed.
    #[n(2)]
    pub access_key_id: Text<'a>,
    /// The resource on whose behalf the service called as itself.
    #[n(3)]
    pub source_arn: Option<Text<'a>>,
    /// That resource's account.
    #[n(4)]
    pub source_account: Option<Text<'a>>,
}

/// What was decided about a call, and by what.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum RecordedDecision<'a> {
    /// The call ended before there was anything to decide, or needs no permission.
    #[n(0)]
    None,
    /// Allowed.
    #[n(1)]
    Allowed {
        /// Which kind of policy allowed it, such as `key-policy` or `grant`.
        #[n(0)]
        layer: Text<'a>,
        /// Which statement or grant.
        #[n(1)]
        statement: Option<Text<'a>>,
    },
    /// Denied.
    #[n(2)]
    Denied {
        /// Which kind of policy denied it or would have had to allow it.
        #[n(0)]
        layer: Text<'a>,
        /// The denying statement; absent if nothing allowed the call.
        #[n(1)]
        statement: Option<Text<'a>>,
    },
}

impl RecordedDecision<'_> {
    /// The same decision, its texts shared.
    #[must_use]
    pub fn borrowed(&self) -> RecordedDecision<'_> {
        match self {
            Self::None => RecordedDecision::None,
            Self::Allowed { layer, statement } => RecordedDecision::Allowed {
                layer: Cow::Borrowed(layer),
                statement: statement.as_deref().map(Cow::Borrowed),
            },
            Self::Denied { layer, statement } => RecordedDecision::Denied {
                layer: Cow::Borrowed(layer),
                statement: statement.as_deref().map(Cow::Borrowed),
            },
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub enum RecordedOutcome<'a> {
    /// With its result.
    #[n(0)]
    Ok,
    /// With a fault.
    #[n(1)]
    Fault {
        /// The error code, such as `AccessDeniedException`.
        #[n(0)]
        code: Text<'a>,
        /// What the caller was told, at most 1 KiB.
        #[n(1)]
        message: Text<'a>,
    },
}

/// The security of a connection.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedTls<'a> {
    /// Such as `TLSv1.3`.
    #[n(0)]
    pub version: Text<'a>,
    /// The cipher suite.
    #[n(1)]
    pub cipher: Text<'a>,
}

/// The bytes are no record that this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARecord;

impl<'a> Record<'a> {
    /// A record with the fields that every event has; the rest is absent, and to be filled in.
    #[must_use]
    pub fn new(kind: EventKind, event_id: [u8; 16], time_ms: i64) -> Self {
        Self {
            version: RECORD_VERSION,
            kind,
            event_id,
            time_ms,
            request_id: None,
            service: Cow::Borrowed(""),
            operation: Cow::Borrowed(""),
            region: Cow::Borrowed(""),
            account: None,
            read_only: false,
            caller: None,
            decision: RecordedDecision::None,
            outcome: RecordedOutcome::Ok,
            http_status: 0,
            resources: Vec::new(),
            parameters: Vec::new(),
            response: Vec::new(),
            omitted: false,
            source: None,
            user_agent: None,
            tls: None,
            host: None,
            detail: None,
            trace: None,
            invoked_by: None,
            additional: None,
            session: None,
        }
    }

    /// Appends the record's bytes to `buffer`, at most [`PAYLOAD_BYTES_MAX`] of them, and cannot fail. It cuts long
    /// texts at a character and drops surplus resources. If that is not enough, it sets `omitted`, empties `response`,
    /// and then writes of the longest parameters, one after the other, only how long they are. The record changes
    /// accordingly.
    pub fn encode(&mut self, buffer: &mut Vec<u8>) {
        self.limit();
        let start = buffer.len();
        self.encode_into(buffer);
        while buffer.len() - start > PAYLOAD_BYTES_MAX && self.leave_out() {
            buffer.truncate(start);
            self.encode_into(buffer);
        }
    }

    /// Reads a payload. It ignores fields that a later version may have added.
    ///
    /// # Errors
    /// [`NotARecord`] if it is none.
    pub fn decode(bytes: &[u8]) -> Result<Record<'static>, NotARecord> {
        minicbor::decode(bytes).map_err(|_| NotARecord)
    }

    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let written = minicbor::encode(self, buffer);
        debug_assert!(written.is_ok(), "a Vec takes everything, and no field's codec fails by itself");
    }

    /// Leaves out what can best be spared. Whether there was something.
    fn leave_out(&mut self) -> bool {
        self.omitted = true;
        if !self.response.is_empty() {
            self.response.clear();
            return true;
        }
        // Nobody hides what else a request says behind one long parameter.
        let longest = self.parameters.iter_mut().max_by_key(|(_, value)| value.text_bytes());
        match longest {
            Some((_, value)) if value.text_bytes() > NAME_BYTES_MAX => {
                *value = Value::from(format!("{} bytes", value.text_bytes()));
                true
            }
            Some(_) => {
                self.parameters.clear();
                true
            }
            None => false,
        }
    }

    fn limit(&mut self) {
        for name in [&mut self.service, &mut self.operation, &mut self.region] {
            cut(name, NAME_BYTES_MAX);
        }
        for name in [&mut self.account, &mut self.source, &mut self.host] {
            cut_option(name, NAME_BYTES_MAX);
        }
        cut_option(&mut self.user_agent, MESSAGE_BYTES_MAX);
        cut_option(&mut self.detail, DETAIL_BYTES_MAX);
        cut_option(&mut self.trace, TRACE_BYTES_MAX);
        if let Some(RecordedCaller { kind, arn, unique_id, access_key_id }) = &mut self.caller {
            for text in [kind, arn, unique_id] {
                cut(text, TEXT_BYTES_MAX);
            }
            cut_option(access_key_id, NAME_BYTES_MAX);
        }
        if let Some(InvokedBy { service, arn, access_key_id, source_arn, source_account }) =
            &mut self.invoked_by
        {
            cut(service, NAME_BYTES_MAX);
            cut(arn, TEXT_BYTES_MAX);
            cut(access_key_id, NAME_BYTES_MAX);
            cut_option(source_arn, TEXT_BYTES_MAX);
            cut_option(source_account, NAME_BYTES_MAX);
        }
        if let Some(RecordedSession { issuer, provider, source_identity, .. }) = &mut self.session {
            if let Some(RecordedIssuer { arn, unique_id }) = issuer {
                cut(arn, TEXT_BYTES_MAX);
                cut(unique_id, NAME_BYTES_MAX);
            }
            cut_option(provider, TEXT_BYTES_MAX);
            cut_option(source_identity, NAME_BYTES_MAX);
        }
        match &mut self.decision {
            RecordedDecision::None => {}
            RecordedDecision::Allowed { layer, statement }
            | RecordedDecision::Denied { layer, statement } => {
                cut(layer, NAME_BYTES_MAX);
                cut_option(statement, TEXT_BYTES_MAX);
            }
        }
        if let RecordedOutcome::Fault { code, message } = &mut self.outcome {
            cut(code, NAME_BYTES_MAX);
            cut(message, MESSAGE_BYTES_MAX);
        }
        if let Some(RecordedTls { version, cipher }) = &mut self.tls {
            cut(version, NAME_BYTES_MAX);
            cut(cipher, NAME_BYTES_MAX);
        }
        self.resources.truncate(RESOURCES_MAX);
        self.resources.iter_mut().for_each(|resource| cut(resource, TEXT_BYTES_MAX));
    }
}

impl fmt::Display for NotARecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an audit record of a known form")
    }
}

impl std::error::Error for NotARecord {}

/// When the event of a record was, in milliseconds since 1970, UTC; `None` if the bytes do not tell. Reads no more than that.
pub(crate) fn time_of(payload: &[u8]) -> Option<i64> {
    let mut fields = minicbor::Decoder::new(payload);
    fields.array().ok().flatten()?;
    // Version, kind, event id.
    for _ in 0..3 {
        fields.skip().ok()?;
    }
    fields.i64().ok()
}

/// Shortens a text to at most `bytes_max` bytes, at the end of a character.
fn cut(text: &mut Text<'_>, bytes_max: usize) {
    if text.len() > bytes_max {
        let end = text.floor_char_boundary(bytes_max);
        match text {
            Cow::Borrowed(borrowed) => *borrowed = borrowed.get(..end).unwrap_or_default(),
            Cow::Owned(owned) => owned.truncate(end),
        }
    }
}

fn cut_option(text: &mut Option<Text<'_>>, bytes_max: usize) {
    if let Some(text) = text {
        cut(text, bytes_max);
    }
}

#[cfg(test)]
mod tests;

//! What is recorded of a call, and its bytes.
//!
//! A record is compact: a CBOR array (RFC 8949) in the order of the field numbers; absent fields are null, or left
//! out at the end. Later it is rendered as a CloudTrail event (AWS CloudTrail user guide, "CloudTrail record
//! contents"). A record holds names and decisions, never key material, plaintext, ciphertext or tokens: whoever
//! fills `parameters` and `response` takes them from an allow-list.

use std::fmt;

use crate::chain::PAYLOAD_BYTES_MAX;
use crate::text::RecordedText;
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

type Members<'a> = Vec<(RecordedText<'a>, Value<'a>)>;

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
    #[b(5)]
    pub service: RecordedText<'a>,
    /// The operation; if there is none of that name, the client's name for it.
    #[b(6)]
    pub operation: RecordedText<'a>,
    /// The Region of the request.
    #[b(7)]
    pub region: RecordedText<'a>,
    /// The caller's account, as far as known; for a service event, the account concerned.
    #[b(8)]
    pub account: Option<RecordedText<'a>>,
    /// Whether the operation can change anything.
    #[n(9)]
    pub read_only: bool,
    /// Who called; absent if the caller could not be established.
    #[b(10)]
    pub caller: Option<RecordedCaller<'a>>,
    /// What was decided.
    #[b(11)]
    pub decision: RecordedDecision<'a>,
    /// How it ended.
    #[b(12)]
    pub outcome: RecordedOutcome<'a>,
    /// The HTTP status of the answer; 0 for a service event.
    #[n(13)]
    pub http_status: u16,
    /// ARNs of the keys and aliases concerned.
    #[b(14)]
    pub resources: Vec<RecordedText<'a>>,
    /// What the caller asked, as far as it may be shown.
    #[cbor(b(15), encode_with = "encode_members", decode_with = "decode_members")]
    pub parameters: Members<'a>,
    /// What was answered, as far as it may be shown.
    #[cbor(b(16), encode_with = "encode_members", decode_with = "decode_members")]
    pub response: Members<'a>,
    /// `parameters` or `response` were left out, because the record would have become too long.
    #[n(17)]
    pub omitted: bool,
    /// Address of the client, or the name of the service that acts.
    #[b(18)]
    pub source: Option<RecordedText<'a>>,
    /// The client's `User-Agent`, at most 1 KiB.
    #[b(19)]
    pub user_agent: Option<RecordedText<'a>>,
    /// The connection's security.
    #[b(20)]
    pub tls: Option<RecordedTls<'a>>,
    /// The `Host` that the client asked for.
    #[b(21)]
    pub host: Option<RecordedText<'a>>,
    /// What the operator should know and the caller does not learn, at most 4 KiB.
    #[b(22)]
    pub detail: Option<RecordedText<'a>>,
    /// Why the call was denied, layer by layer, for the operator; at most 8 KiB.
    #[b(23)]
    pub trace: Option<RecordedText<'a>>,
    /// The service that called for the caller, or as itself.
    #[b(24)]
    pub invoked_by: Option<InvokedBy<'a>>,
    /// What else is known of the call, such as its attested recipient: [`Value::Members`].
    #[b(25)]
    pub additional: Option<Value<'a>>,
    /// The session behind temporary credentials.
    #[b(26)]
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
    #[b(0)]
    pub kind: RecordedText<'a>,
    /// The ARN.
    #[b(1)]
    pub arn: RecordedText<'a>,
    /// The unique id, such as `AIDA…`, or `AROA…:session`.
    #[b(2)]
    pub unique_id: RecordedText<'a>,
    /// The access key that signed.
    #[b(3)]
    pub access_key_id: Option<RecordedText<'a>>,
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
    #[b(2)]
    pub issuer: Option<RecordedIssuer<'a>>,
    /// The identity provider that vouched for the principal.
    #[b(3)]
    pub provider: Option<RecordedText<'a>>,
    /// Who is behind the session, as it was said when the first role was assumed.
    #[b(4)]
    pub source_identity: Option<RecordedText<'a>>,
}

/// The role or user that a session is of.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedIssuer<'a> {
    /// The ARN.
    #[b(0)]
    pub arn: RecordedText<'a>,
    /// The unique id, `AROA…` or `AIDA…`.
    #[b(1)]
    pub unique_id: RecordedText<'a>,
}

/// A service that called for somebody, and the identity behind the service.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct InvokedBy<'a> {
    /// The service, such as `s3.amazonaws.com`.
    #[b(0)]
    pub service: RecordedText<'a>,
    /// ARN of the identity that signed as the service.
    #[b(1)]
    pub arn: RecordedText<'a>,
    /// The access key that signed.
    #[b(2)]
    pub access_key_id: RecordedText<'a>,
    /// The resource on whose behalf the service called as itself.
    #[b(3)]
    pub source_arn: Option<RecordedText<'a>>,
    /// That resource's account.
    #[b(4)]
    pub source_account: Option<RecordedText<'a>>,
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
        #[b(0)]
        layer: RecordedText<'a>,
        /// Which statement or grant.
        #[b(1)]
        statement: Option<RecordedText<'a>>,
    },
    /// Denied.
    #[n(2)]
    Denied {
        /// Which kind of policy denied it or would have had to allow it.
        #[b(0)]
        layer: RecordedText<'a>,
        /// The denying statement; absent if nothing allowed the call.
        #[b(1)]
        statement: Option<RecordedText<'a>>,
    },
}

impl RecordedDecision<'_> {
    /// The same decision, its texts shared.
    #[must_use]
    pub fn borrowed(&self) -> RecordedDecision<'_> {
        match self {
            Self::None => RecordedDecision::None,
            Self::Allowed { layer, statement } => RecordedDecision::Allowed {
                layer: layer.borrowed(),
                statement: statement.as_ref().map(RecordedText::borrowed),
            },
            Self::Denied { layer, statement } => RecordedDecision::Denied {
                layer: layer.borrowed(),
                statement: statement.as_ref().map(RecordedText::borrowed),
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
        #[b(0)]
        code: RecordedText<'a>,
        /// What the caller was told, at most 1 KiB.
        #[b(1)]
        message: RecordedText<'a>,
    },
}

/// The security of a connection.
#[derive(Debug, Clone, PartialEq, Eq, minicbor::Encode, minicbor::Decode)]
pub struct RecordedTls<'a> {
    /// Such as `TLSv1.3`.
    #[b(0)]
    pub version: RecordedText<'a>,
    /// The cipher suite.
    #[b(1)]
    pub cipher: RecordedText<'a>,
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
            service: RecordedText::default(),
            operation: RecordedText::default(),
            region: RecordedText::default(),
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
    pub fn decode(bytes: &'a [u8]) -> Result<Self, NotARecord> {
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
            name.cut(NAME_BYTES_MAX);
        }
        for name in [&mut self.account, &mut self.source, &mut self.host] {
            cut_option(name, NAME_BYTES_MAX);
        }
        cut_option(&mut self.user_agent, MESSAGE_BYTES_MAX);
        cut_option(&mut self.detail, DETAIL_BYTES_MAX);
        cut_option(&mut self.trace, TRACE_BYTES_MAX);
        if let Some(RecordedCaller { kind, arn, unique_id, access_key_id }) = &mut self.caller {
            for text in [kind, arn, unique_id] {
                text.cut(TEXT_BYTES_MAX);
            }
            cut_option(access_key_id, NAME_BYTES_MAX);
        }
        if let Some(InvokedBy { service, arn, access_key_id, source_arn, source_account }) =
            &mut self.invoked_by
        {
            service.cut(NAME_BYTES_MAX);
            arn.cut(TEXT_BYTES_MAX);
            access_key_id.cut(NAME_BYTES_MAX);
            cut_option(source_arn, TEXT_BYTES_MAX);
            cut_option(source_account, NAME_BYTES_MAX);
        }
        if let Some(RecordedSession { issuer, provider, source_identity, .. }) = &mut self.session {
            if let Some(RecordedIssuer { arn, unique_id }) = issuer {
                arn.cut(TEXT_BYTES_MAX);
                unique_id.cut(NAME_BYTES_MAX);
            }
            cut_option(provider, TEXT_BYTES_MAX);
            cut_option(source_identity, NAME_BYTES_MAX);
        }
        match &mut self.decision {
            RecordedDecision::None => {}
            RecordedDecision::Allowed { layer, statement }
            | RecordedDecision::Denied { layer, statement } => {
                layer.cut(NAME_BYTES_MAX);
                cut_option(statement, TEXT_BYTES_MAX);
            }
        }
        if let RecordedOutcome::Fault { code, message } = &mut self.outcome {
            code.cut(NAME_BYTES_MAX);
            message.cut(MESSAGE_BYTES_MAX);
        }
        if let Some(RecordedTls { version, cipher }) = &mut self.tls {
            version.cut(NAME_BYTES_MAX);
            cipher.cut(NAME_BYTES_MAX);
        }
        self.resources.truncate(RESOURCES_MAX);
        self.resources.iter_mut().for_each(|resource| resource.cut(TEXT_BYTES_MAX));
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

fn cut_option(text: &mut Option<RecordedText<'_>>, bytes_max: usize) {
    if let Some(text) = text {
        text.cut(bytes_max);
    }
}

#[cfg(test)]
mod tests;

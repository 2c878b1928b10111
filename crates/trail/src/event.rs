//! One record as one account is shown it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use std::fmt;

use audit::{EventKind, Record, RecordedOutcome, RecordedTls, Value};
use model::{Timestamp, arn::KeyId, cloudtrail::LookupAttributeKey};
use serde::{Serialize, Serializer};

use crate::{EventResource, ShownMembers, UserIdentity, identity::INTERNAL};

/// The version of CloudTrail's event format that is written.
const EVENT_VERSION: &str = "1.11";

/// The id of an event, or of what two accounts' events share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// What one account is shown of a record. Serialised, it is an entry of `Records` in a file that CloudTrail delivers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event<'r> {
    event_version: &'static str,
    /// Who called.
    pub user_identity: UserIdentity<'r>,
    #[serde(serialize_with = "second")]
    event_time: i64,
    event_source: String,
    event_name: &'r str,
    aws_region: &'r str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<&'r str>,
    user_agent: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'r str>,
    request_parameters: ShownMembers<'r>,
    response_elements: ShownMembers<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<ShownMembers<'r>>,
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    request_id: Option<EventId>,
    #[serde(rename = "eventID")]
    event_id: EventId,
    read_only: bool,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<EventResource<'r>>>,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'r str,
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_event_details: Option<ShownMembers<'r>>,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<EventTls<'r>>,
    /// What may be looked up beyond what is shown.
    #[serde(skip)]
    named: Vec<EventResource<'r>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventTls<'r> {
    tls_version: &'r str,
    cipher_suite: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_provided_host_header: Option<&'r str>,
}

/// The events of a record: the first is for the caller's account, each other for an account that owns something the call
/// was about. What belongs to no account, such as a stranger's call, is one event for the account without a name.
#[must_use]
pub fn events<'r>(record: &'r Record<'r>) -> Vec<Event<'r>> {
    let named: Vec<_> = record.resources.iter().map(|arn| EventResource::of(arn)).collect();
    let first = record.account.as_deref().unwrap_or_default();
    let mut accounts = vec![first];
    for resource in &named {
        let is_account = resource.account.len() == 12;
        if record.caller.is_some() && is_account && !accounts.contains(&resource.account) {
            accounts.push(resource.account);
        }
    }
    let is_shared = accounts.len() > 1;
    accounts.into_iter().map(|account| Event::of(record, account, first, is_shared, &named)).collect()
}

impl<'r> Event<'r> {
    fn of(
        record: &'r Record<'r>,
        account: &'r str,
        first: &str,
        is_shared: bool,
        named: &[EventResource<'r>],
    ) -> Self {
        let is_call = record.kind == EventKind::ApiCall;
        // Of what the service does by itself, this alone has the form of a call between Regions.
        let is_copying = record.service == "kms" && record.operation == "SynchronizeMultiRegionKey";
        let is_first = account == first;
        let (error_code, error_message) = fault(record);
        let by = record.invoked_by.as_ref().map(|by| &*by.service).or((!is_call).then_some(INTERNAL));
        let id = EventId(record.event_id);
        Self {
            event_version: EVENT_VERSION,
            user_identity: if is_first {
                UserIdentity::of(record)
            } else {
                UserIdentity::of_another_account(record)
            },
            event_time: record.time_ms,
            event_source: format!("{}.amazonaws.com", record.service),
            event_name: &record.operation,
            aws_region: &record.region,
            source_ip_address: by.or(record.source.as_deref()),
            user_agent: by.or(record.user_agent.as_deref()),
            error_code,
            error_message,
            request_parameters: if is_call {
                ShownMembers::of(&record.parameters)
            } else {
                ShownMembers::NOTHING
            },
            response_elements: response(record, named, error_code.is_some()),
            additional_event_data: match &record.additional {
                Some(Value::Members(members)) => Some(ShownMembers::of(members)),
                _ => None,
            },
            request_id: record.request_id.map(EventId),
            event_id: if is_first { id } else { id.of_copy(account) },
            read_only: record.read_only,
            resources: matches!(&*record.service, "kms" | "sts").then(|| named.to_vec()),
            event_type: if is_call || is_copying { "AwsApiCall" } else { "AwsServiceEvent" },
            management_event: true,
            recipient_account_id: account,
            shared_event_id: is_shared.then(|| id.shared()),
            service_event_details: (!is_call && !is_copying).then(|| ShownMembers::of(&record.parameters)),
            event_category: "Management",
            tls_details: record.tls.as_ref().map(|RecordedTls { version, cipher }| EventTls {
                tls_version: version,
                cipher_suite: cipher,
                client_provided_host_header: record.host.as_deref(),
            }),
            named: named.to_vec(),
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> EventId {
        self.event_id
    }

    /// The account that is shown it.
    #[must_use]
    pub fn account(&self) -> &'r str {
        self.recipient_account_id
    }

    /// The Region that it happened in.
    #[must_use]
    pub fn region(&self) -> &'r str {
        self.aws_region
    }

    /// When, in milliseconds since 1970, UTC.
    #[must_use]
    pub fn time_ms(&self) -> i64 {
        self.event_time
    }

    /// When, in ISO 8601, as it is shown.
    #[must_use]
    pub fn time(&self) -> String {
        Timestamp::from_millis(self.event_time).to_iso8601()
    }

    /// Whether it was denied, or failed in another way.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error_code.is_some()
    }

    /// The operation.
    #[must_use]
    pub fn name(&self) -> &'r str {
        self.event_name
    }

    /// The service, such as `kms.amazonaws.com`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.event_source
    }

    /// `true` or `false`: whether the operation can change nothing.
    #[must_use]
    pub fn read_only(&self) -> &'static str {
        if self.read_only { "true" } else { "false" }
    }

    /// What it is about, whether it is shown in the event or not.
    #[must_use]
    pub fn named(&self) -> &[EventResource<'r>] {
        &self.named
    }

    /// Every value by which the event is found, but for its id: of each attribute what it has.
    pub fn attributes(&self, each: &mut dyn FnMut(LookupAttributeKey, &str)) {
        use LookupAttributeKey as Attribute;

        each(Attribute::EventName, self.event_name);
        each(Attribute::ReadOnly, self.read_only());
        each(Attribute::EventSource, &self.event_source);
        if let Some(name) = self.user_identity.username() {
            each(Attribute::Username, name);
        }
        if let Some(id) = self.user_identity.access_key_id {
            each(Attribute::AccessKeyId, id);
        }
        for (at, resource) in self.named.iter().enumerate() {
            each(Attribute::ResourceName, resource.arn);
            if !resource.is_of_kms() && resource.name() != resource.arn {
                each(Attribute::ResourceName, resource.name());
            }
            let is_new = self.named.iter().take(at).all(|other| other.kind != resource.kind);
            if is_new && !resource.kind.is_empty() {
                each(Attribute::ResourceType, resource.kind);
            }
        }
    }

    /// The event as JSON.
    ///
    /// # Errors
    /// Never in fact: every part of an event can be written.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl EventId {
    /// From its text, as in events; `None` for any other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let id = KeyId::parse(text).ok()?;
        (id == KeyId::from_bytes(id.bytes(), false)).then(|| Self(id.bytes()))
    }

    /// Whether a record has an event of this id.
    #[must_use]
    pub fn is_of(self, record: &Record<'_>) -> bool {
        // An account's number changes the last bytes alone: few records are looked at more closely.
        let ours = |id: [u8; 16]| id.first_chunk::<8>().copied();
        ours(self.0) == ours(record.event_id) && events(record).iter().any(|event| event.event_id == self)
    }

    /// The id of what another account is shown: told apart by the account's number.
    fn of_copy(self, account: &str) -> Self {
        self.with(account.parse().unwrap_or_default())
    }

    /// What the ids of all accounts' events of one record have in common: no account has so high a number.
    fn shared(self) -> Self {
        self.with(0xff_ffff_ffff)
    }

    fn with(self, number: u64) -> Self {
        Self((u128::from_be_bytes(self.0) ^ u128::from(number)).to_be_bytes())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&KeyId::from_bytes(self.0, false), f)
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Error code and message. CloudTrail has a name of its own for denials by policies.
fn fault<'r>(record: &'r Record<'r>) -> (Option<&'r str>, Option<&'r str>) {
    let RecordedOutcome::Fault { code, message } = &record.outcome else { return (None, None) };
    let code = if code == "AccessDeniedException" { "AccessDenied" } else { &**code };
    (Some(code), Some(&**message).filter(|message| !message.is_empty()))
}

/// What was answered. A change of a KMS key is answered with the key's ARN, where the operation does not say more itself.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>
fn response<'r>(record: &'r Record<'r>, named: &[EventResource<'r>], is_fault: bool) -> ShownMembers<'r> {
    if is_fault || record.kind == EventKind::ServiceEvent {
        return ShownMembers::NOTHING;
    }
    let says_more = record.response.iter().any(|(name, _)| name == "keyId" || name.ends_with("eyMetadata"));
    let key = named.iter().find(|resource| resource.is_key());
    let changes_key = record.service == "kms" && !record.read_only && !says_more;
    let first = key.filter(|_| changes_key).map(|key| ("keyId", key.arn));
    ShownMembers { first, members: &record.response }
}

fn second<S: Serializer>(millis: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Timestamp::from_millis(*millis).to_iso8601())
}

#[cfg(test)]
mod tests;

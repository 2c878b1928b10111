//! Records that tests draw at random, each with what is true of it.

use audit::{
    EventKind, InvokedBy, Record, RecordedCaller, RecordedDecision, RecordedIssuer, RecordedOutcome,
    RecordedSession, Value,
};

use crate::{EventResource, WantedKey};

/// Keys that calls are about.
pub(crate) const KEYS: [&str; 3] = [
    "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000",
    "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-4111-8111-111111111111",
    "arn:aws:kms:us-east-1:111122223333:key/22222222-2222-4222-8222-222222222222",
];
/// Those who call: kind, ARN of the caller, ARN of the role or user behind it.
pub(crate) const CALLERS: [(&str, &str, &str); 5] = [
    ("IAMUser", "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/alice"),
    ("IAMUser", "arn:aws:iam::111122223333:user/staff/bob", "arn:aws:iam::111122223333:user/staff/bob"),
    ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/App/1", "arn:aws:iam::111122223333:role/x/App"),
    ("AssumedRole", "arn:aws:sts::111122223333:assumed-role/App/2", "arn:aws:iam::111122223333:role/x/App"),
    ("FederatedUser", "arn:aws:sts::111122223333:federated-user/ann", "arn:aws:iam::111122223333:user/alice"),
];
/// Operations on one key.
pub(crate) const OPERATIONS: [&str; 5] =
    ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GetPublicKey"];

/// Numbers that look random and are the same every time (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % count as u64).unwrap()
    }
}

/// How a drawn call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Answered,
    Denied,
    /// Denied without policies having been asked.
    Unasked,
    /// Refused after it was allowed.
    Failed,
    /// Answered by a grant.
    Granted,
}

/// A record, and what is true of it.
pub(crate) struct DrawnCall {
    pub(crate) record: Record<'static>,
    pub(crate) key: usize,
    pub(crate) principal: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) end: Drawn,
    pub(crate) via: Option<&'static str>,
    pub(crate) address: String,
    pub(crate) context: Vec<(String, String)>,
}

/// An empty record of a call at a time.
pub(crate) fn call(operation: &'static str, at: i64) -> Record<'static> {
    Record {
        service: "kms".into(),
        operation: operation.into(),
        region: "us-east-1".into(),
        account: Some("111122223333".into()),
        decision: RecordedDecision::Allowed { layer: "identity-policy".into(), statement: None },
        http_status: 200,
        ..Record::new(EventKind::ApiCall, u128::try_from(at).unwrap().to_be_bytes(), at)
    }
}

/// The same by one of [`CALLERS`].
pub(crate) fn call_by(caller: usize, operation: &'static str, at: i64) -> Record<'static> {
    let (kind, arn, behind) = CALLERS[caller];
    let issuer = RecordedIssuer { arn: behind.into(), unique_id: "AROA".into() };
    let session = RecordedSession {
        issued_ms: 0,
        second_factor: false,
        issuer: Some(issuer),
        provider: None,
        source_identity: None,
    };
    Record {
        caller: Some(RecordedCaller {
            kind: kind.into(),
            arn: arn.into(),
            unique_id: "AIDA".into(),
            access_key_id: None,
        }),
        session: (kind != "IAMUser").then_some(session),
        ..call(operation, at)
    }
}

/// A call that is refused.
pub(crate) fn refused(record: Record<'static>, code: &'static str) -> Record<'static> {
    let outcome = RecordedOutcome::Fault { code: code.into(), message: "".into() };
    Record { outcome, http_status: 400, response: Vec::new(), ..record }
}

/// A call that policies deny.
pub(crate) fn denied(record: Record<'static>, trace: Option<String>) -> Record<'static> {
    let decision = RecordedDecision::Denied { layer: "identity-policy".into(), statement: None };
    let trace = trace.map(Into::into);
    refused(Record { decision, trace, resources: Vec::new(), ..record }, "AccessDeniedException")
}

/// Draws a call on one of the keys.
pub(crate) fn draw(dice: &mut Dice, at: i64) -> DrawnCall {
    let (key, caller) = (dice.below(KEYS.len()), dice.below(CALLERS.len()));
    let operation = OPERATIONS[dice.below(OPERATIONS.len())];
    let context: Vec<(String, String)> = ["tenant", "document"]
        .into_iter()
        .take(dice.below(3))
        .map(|name| (name.to_owned(), dice.below(9).to_string()))
        .collect();
    let via = (dice.below(3) == 0).then_some("s3.amazonaws.com");
    let address = format!("192.0.2.{}", dice.below(6));
    let named = if dice.below(2) == 0 { KEYS[key] } else { EventResource::of(KEYS[key]).name() };
    let mut record = call_by(caller, operation, at);
    record.resources = vec![KEYS[key].into()];
    record.parameters = vec![("keyId".into(), named.into())];
    if !context.is_empty() {
        record.parameters.push(("encryptionContext".into(), Value::map(context.clone())));
    }
    record.source = Some(address.clone().into());
    record.invoked_by = via.map(|service| InvokedBy {
        service: service.into(),
        arn: "arn:aws:iam::111122223333:user/gateway".into(),
        access_key_id: "AKIA".into(),
        source_arn: None,
        source_account: None,
    });
    let ends =
        [Drawn::Answered, Drawn::Answered, Drawn::Denied, Drawn::Unasked, Drawn::Failed, Drawn::Granted];
    let end = ends[dice.below(ends.len())];
    let record = match end {
        Drawn::Answered => record,
        Drawn::Denied => {
            // An alias tells nothing of the key; the trace does.
            record.parameters[0].1 = "alias/any".into();
            denied(record, Some(format!("kms:{operation} on {}\nkey policy: silent\n", KEYS[key])))
        }
        Drawn::Unasked => denied(record, None),
        Drawn::Failed => refused(record, "DisabledException"),
        Drawn::Granted => {
            record.decision = RecordedDecision::Allowed { layer: "grant".into(), statement: None };
            record
        }
    };
    DrawnCall { record, key, principal: CALLERS[caller].2, operation, end, via, address, context }
}

/// So many calls, one each second.
pub(crate) fn draw_all(seed: u64, count: i64) -> Vec<DrawnCall> {
    let mut dice = Dice::new(seed);
    (1..=count).map(|at| draw(&mut dice, at * 1_000)).collect()
}

/// One of [`KEYS`], by its ARN or its id.
pub(crate) fn wanted(key: usize, by_arn: bool) -> WantedKey {
    let arn = KEYS[key];
    WantedKey::parse(if by_arn { arn } else { EventResource::of(arn).name() }).unwrap()
}

//! What a record says of one call: who made it, through whom, and how it ended.

use std::borrow::Cow;

use audit::{EventKind, InvokedBy, Record, RecordedDecision, RecordedOutcome, Value};
use model::{
    AwsService,
    arn::{Partition, Region},
};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    /// With its result.
    Succeeded,
    /// It was not allowed.
    Denied,
    /// It was refused for another reason, such as a wrong parameter or the state of a key.
    Failed,
}

impl CallOutcome {
    /// How the call of a record ended.
    pub(crate) fn of(record: &Record<'_>) -> Self {
        match (&record.outcome, &record.decision) {
            (RecordedOutcome::Ok, _) => Self::Succeeded,
            (RecordedOutcome::Fault { .. }, RecordedDecision::Denied { .. }) => Self::Denied,
            (RecordedOutcome::Fault { .. }, _) => Self::Failed,
        }
    }
}

/// Who is behind a call, by ARN: of a role's session the role, of a federated user the user who asked for it, else the
/// caller. `None` for what nobody called, and for who proved nothing.
pub(crate) fn principal<'r>(record: &'r Record<'_>) -> Option<Cow<'r, str>> {
    let caller = record.caller.as_ref().filter(|_| record.kind == EventKind::ApiCall)?;
    let issuer = record.session.as_ref().and_then(|session| session.issuer.as_ref());
    Some(match issuer {
        Some(issuer) => Cow::Borrowed(&*issuer.arn),
        None => role_of(&caller.arn).map_or(Cow::Borrowed(&*caller.arn), Cow::Owned),
    })
}

/// The role of a session's ARN, for records from before they told the role. The role's path is not in there: `/`.
fn role_of(session: &str) -> Option<String> {
    let partition = Partition::of_arn(session)?;
    let (account, resource) = partition.of_sts(session)?;
    let (role, _) = resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(partition.iam_arn(account, format_args!("role/{role}")))
}

/// The service that called for its user, such as `s3.amazonaws.com`; `None` for what came directly, and for a service
/// that called as itself.
pub(crate) fn via<'r>(record: &'r Record<'_>) -> Option<&'r InvokedBy<'r>> {
    let is_service = record.caller.as_ref().is_some_and(|caller| caller.kind == "AWSService");
    record.invoked_by.as_ref().filter(|_| !is_service)
}

/// The same as policies are asked about it, by `kms:ViaService`: such as `s3.eu-west-1.amazonaws.com`.
pub(crate) fn via_service(record: &Record<'_>) -> Option<String> {
    let (name, _) = via(record)?.service.split_once('.')?;
    Some(AwsService::parse(name)?.in_region(&Region::parse(&record.region).ok()?))
}

/// The action that was denied, and the resource: the first line of what a denial's record tells the operator. A denial
/// that asked no policy has none.
pub(crate) fn denied_permission<'r>(record: &'r Record<'_>) -> Option<(&'r str, &'r str)> {
    let denied = matches!(record.decision, RecordedDecision::Denied { .. });
    record.trace.as_deref().filter(|_| denied)?.lines().next()?.split_once(" on ")
}

/// A parameter that is a text.
pub(crate) fn text<'r>(record: &'r Record<'_>, name: &str) -> Option<&'r str> {
    match parameter(record, name)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// A parameter.
pub(crate) fn parameter<'r>(record: &'r Record<'_>, name: &str) -> Option<&'r Value<'r>> {
    record.parameters.iter().find(|(noted, _)| noted == name).map(|(_, value)| value)
}

/// The keys among the resources of a record, in the order in which they were asked for.
pub(crate) fn keys<'r>(record: &'r Record<'_>) -> impl DoubleEndedIterator<Item = &'r str> {
    record.resources.iter().map(|arn| &**arn).filter(|arn| arn.contains(":key/"))
}

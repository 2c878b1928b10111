//! Who used a key, and how.

use std::collections::{BTreeMap, BTreeSet};

use audit::{EventKind, Record, Value};
use model::Timestamp;
use serde::Serialize;

use crate::{
    DistinctCount, Occurrences, WantedKey,
    call::{self, CallOutcome, keys, principal, via},
    count::values,
};

/// The most keys of encryption contexts that are told of a principal.
const CONTEXT_KEYS_MAX: usize = 100;

/// Counts who used a key, record by record.
pub struct UsageCounter {
    key: WantedKey,
    since: Option<Timestamp>,
    counted: KeyUsage,
}

/// Who used a key, and how, as far as the records tell.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyUsage {
    /// The ARNs by which records name the key: several for the id of a multi-Region key.
    pub keys: BTreeSet<String>,
    /// All records that were looked at, whatever they are of: how far back the counting reaches.
    pub records: Occurrences,
    /// Who called, by ARN.
    #[serde(serialize_with = "values")]
    pub principals: BTreeMap<String, PrincipalUsage>,
    /// What the service did with the key by itself, such as rotating it.
    pub events: BTreeMap<String, Occurrences>,
}

/// What one principal did with a key.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalUsage {
    /// The user's or the role's ARN; of the root user the account's; the name of a service that called as itself.
    pub principal: String,
    /// All its calls.
    pub calls: Occurrences,
    /// Its calls by operation.
    #[serde(serialize_with = "values")]
    pub operations: BTreeMap<String, OperationUsage>,
    /// Calls that a service made for the principal, by service.
    pub via: BTreeMap<String, Occurrences>,
    /// How many addresses the calls came from; services' addresses are not the principal's.
    pub addresses: DistinctCount,
    /// The keys of the encryption contexts, and how many values each had.
    pub context_keys: BTreeMap<String, DistinctCount>,
    /// Whether there were more keys of encryption contexts than are told.
    pub has_more_context_keys: bool,
}

/// How the calls of one operation ended.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationUsage {
    /// The operation, such as `Decrypt`.
    pub operation: String,
    /// How often and when.
    pub calls: Occurrences,
    /// How many were answered with their result.
    pub succeeded: u64,
    /// How many were not allowed.
    pub denied: u64,
    /// How many were refused for another reason, or were dry runs.
    pub failed: u64,
}

impl UsageCounter {
    /// Counts what was done with a key, from a time on if there is one.
    #[must_use]
    pub fn new(key: WantedKey, since: Option<Timestamp>) -> Self {
        Self { key, since, counted: KeyUsage::default() }
    }

    /// Takes a record in.
    pub fn add(&mut self, record: &Record<'_>) {
        self.counted.records.add(record);
        let is_early = self.since.is_some_and(|since| record.time_ms < since.as_millis());
        if is_early || !self.key.is_concerned(record) {
            return;
        }
        self.counted.keys.extend(keys(record).filter(|arn| self.key.is(arn)).map(str::to_owned));
        if record.kind == EventKind::ServiceEvent {
            self.counted.events.entry(record.operation.to_string()).or_default().add(record);
        }
        if let Some(arn) = principal(record) {
            let usage = self.counted.principals.entry(arn.to_string()).or_default();
            usage.principal = arn.into_owned();
            usage.add(record, &self.key);
        }
    }

    /// What was counted.
    #[must_use]
    pub fn finish(self) -> KeyUsage {
        self.counted
    }
}

impl PrincipalUsage {
    fn add(&mut self, record: &Record<'_>, key: &WantedKey) {
        self.calls.add(record);
        self.operations.entry(record.operation.to_string()).or_default().add(record);
        match (via(record), &record.source) {
            (Some(by), _) => self.via.entry(by.service.to_string()).or_default().add(record),
            (None, Some(address)) => self.addresses.add(address),
            (None, None) => {}
        }
        for (name, value) in contexts(record, key) {
            if let Some(counted) = self.context_keys.get_mut(name) {
                counted.add(value);
            } else if self.context_keys.len() < CONTEXT_KEYS_MAX {
                self.context_keys.entry(name.to_owned()).or_default().add(value);
            } else {
                self.has_more_context_keys = true;
            }
        }
    }
}

impl OperationUsage {
    fn add(&mut self, record: &Record<'_>) {
        self.operation = record.operation.to_string();
        self.calls.add(record);
        let counter = match CallOutcome::of(record) {
            CallOutcome::Succeeded => &mut self.succeeded,
            CallOutcome::Denied => &mut self.denied,
            CallOutcome::Failed => &mut self.failed,
        };
        *counter += 1;
    }
}

/// The encryption context that a call sent for a key. A re-encryption sends two: one for the key that the ciphertext is
/// of, and one for the key that it goes to.
fn contexts<'r>(record: &'r Record<'_>, key: &WantedKey) -> Vec<(&'r str, &'r str)> {
    let denied = call::denied_permission(record).filter(|(_, resource)| key.is(resource));
    let is_denied = |action: &str| denied.is_some_and(|(denied, _)| denied == action);
    let is_whole = keys(record).count() > 1 || CallOutcome::of(record) == CallOutcome::Succeeded;
    let is_source = || {
        let is_first = keys(record).next().is_some_and(|arn| key.is(arn));
        is_first || key.is_named_by(record, "sourceKeyId") || is_denied("kms:ReEncryptFrom")
    };
    let is_target = || {
        let is_last = is_whole && keys(record).next_back().is_some_and(|arn| key.is(arn));
        is_last || key.is_named_by(record, "destinationKeyId") || is_denied("kms:ReEncryptTo")
    };
    let mut pairs = Vec::new();
    for (name, value) in &record.parameters {
        let is_of_key = match &**name {
            "encryptionContext" => true,
            "sourceEncryptionContext" => is_source(),
            "destinationEncryptionContext" => is_target(),
            _ => false,
        };
        if let (true, Value::Members(members)) = (is_of_key, value) {
            pairs.extend(members.iter().filter_map(|(name, value)| match value {
                Value::Text(text) => Some((&**name, &**text)),
                _ => None,
            }));
        }
    }
    pairs
}

#[cfg(test)]
mod tests;

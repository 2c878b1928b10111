//! What would break if a key were deleted, as far as the records tell.

use std::collections::{BTreeMap, BTreeSet};

use audit::{Record, Value};
use model::{Timestamp, kms::KeyLastUsageTrackingOperation};
use serde::Serialize;

use crate::{
    EventId, Occurrences, WantedKey,
    call::{CallOutcome, keys, principal, text, via},
    count::{iso8601, values},
};

/// Foresees the deletion of a key, record by record.
pub struct DeletionForecaster {
    key: WantedKey,
    forecast: DeletionForecast,
}

/// Whom and what the deletion of a key would concern. What happened before the first record is not known: an older grant or
/// alias may be there that is not told of.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionForecast {
    /// The ARNs by which records name the key: several for the id of a multi-Region key.
    pub keys: BTreeSet<String>,
    /// All records that were looked at, whatever they are of: how far back the forecast reaches.
    pub records: Occurrences,
    /// What became of a deletion already, by the key's ARN.
    pub deletions: BTreeMap<String, DeletionProgress>,
    /// Who used the key's material, by ARN.
    #[serde(serialize_with = "values")]
    pub uses: BTreeMap<String, MaterialUse>,
    /// Grants that were made, and neither retired nor revoked.
    #[serde(serialize_with = "values")]
    pub grants: BTreeMap<String, StandingGrant>,
    /// The ARNs of aliases that were last seen to be the key's.
    pub aliases: BTreeSet<String>,
    /// The ARNs of the other keys of a multi-Region key. There is none where an id names all of them.
    pub replicas: BTreeSet<String>,
}

/// How far the deletion of a key has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeletionProgress {
    /// It is to be deleted at this time.
    #[serde(serialize_with = "iso8601")]
    Due(Timestamp),
    /// It is to be deleted once its replicas are.
    WaitsForReplicas,
    /// It was deleted at this time.
    #[serde(serialize_with = "iso8601")]
    Done(Timestamp),
}

/// What one principal used a key's material for.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MaterialUse {
    /// The user's or the role's ARN; of the root user the account's; the name of a service that called as itself.
    pub principal: String,
    /// All its uses.
    pub calls: Occurrences,
    /// Its uses by operation.
    pub operations: BTreeMap<String, Occurrences>,
    /// Uses that a service made for the principal, by service.
    pub via: BTreeMap<String, Occurrences>,
}

/// A grant that still stands.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingGrant {
    /// Its id; `None` in records of earlier versions, which did not tell it. Whether it was retired or revoked is not known then.
    pub grant_id: Option<String>,
    /// The key that it is on.
    pub key: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who may use it: an ARN, or a service's name.
    pub grantee: String,
    /// Who may retire it.
    pub retiring: Option<String>,
    /// What it allows.
    pub operations: Vec<String>,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    #[serde(serialize_with = "iso8601")]
    pub made: Timestamp,
}

impl DeletionForecaster {
    /// Foresees the deletion of this key.
    #[must_use]
    pub fn new(key: WantedKey) -> Self {
        Self { key, forecast: DeletionForecast::default() }
    }

    /// Takes a record in.
    pub fn add(&mut self, record: &Record<'_>) {
        self.forecast.records.add(record);
        if CallOutcome::of(record) != CallOutcome::Succeeded || record.service != "kms" {
            return;
        }
        for arn in keys(record) {
            if self.key.is(arn) {
                self.forecast.keys.insert(arn.to_owned());
            } else if self.key.is_family(arn) {
                self.forecast.replicas.insert(arn.to_owned());
            }
        }
        self.alias(record);
        self.end(record);
        if self.key.is_among(record) {
            self.grant(record);
            self.use_of_material(record);
        }
    }

    /// What was foreseen.
    #[must_use]
    pub fn finish(self) -> DeletionForecast {
        self.forecast
    }

    /// Whose an alias is now: made or moved, or named by a caller and found to be a key's.
    fn alias(&mut self, record: &Record<'_>) {
        let named =
            |name: &str, arn: Option<&str>| Some((alias_arn(text(record, name)?, arn?)?, arn?.to_owned()));
        let recorded = record.resources.iter().find(|arn| arn.contains(":alias/")).map(ToString::to_string);
        let found = match &*record.operation {
            // The key that an alias goes to is noted last.
            "CreateAlias" | "UpdateAlias" => recorded.zip(keys(record).next_back().map(str::to_owned)),
            "DeleteAlias" => {
                if let Some(alias) = recorded {
                    self.forecast.aliases.remove(&alias);
                }
                None
            }
            "ReEncrypt" => {
                let source = named("sourceKeyId", keys(record).next());
                self.shown(source);
                named("destinationKeyId", keys(record).next_back())
            }
            _ => named("keyId", keys(record).next()),
        };
        self.shown(found);
    }

    fn shown(&mut self, found: Option<(String, String)>) {
        match found {
            Some((alias, key)) if self.key.is(&key) => drop(self.forecast.aliases.insert(alias)),
            Some((alias, _)) => drop(self.forecast.aliases.remove(&alias)),
            None => {}
        }
    }

    fn end(&mut self, record: &Record<'_>) {
        let Some(arn) = keys(record).next() else { return };
        let progress = match &*record.operation {
            "ScheduleKeyDeletion" => Some(match integer(&record.response, "deletionDate") {
                Some(due) => DeletionProgress::Due(Timestamp::from_millis(due)),
                None => DeletionProgress::WaitsForReplicas,
            }),
            "DeleteKey" => {
                self.forecast.replicas.remove(arn);
                Some(DeletionProgress::Done(Timestamp::from_millis(record.time_ms)))
            }
            "CancelKeyDeletion" => None,
            _ => return,
        };
        match progress.filter(|_| self.key.is(arn)) {
            Some(progress) => drop(self.forecast.deletions.insert(arn.to_owned(), progress)),
            None => drop(self.forecast.deletions.remove(arn)),
        }
    }

    fn grant(&mut self, record: &Record<'_>) {
        match &*record.operation {
            "CreateGrant" => {
                let grant = StandingGrant::of(record);
                let id = grant.grant_id.clone().unwrap_or_else(|| EventId(record.event_id).to_string());
                // A grant with a name is made once, however often it is asked for.
                self.forecast.grants.entry(id).or_insert(grant);
            }
            "RetireGrant" | "RevokeGrant" => {
                if let Some(id) = grant_id(record) {
                    self.forecast.grants.remove(id);
                }
            }
            _ => {}
        }
    }

    fn use_of_material(&mut self, record: &Record<'_>) {
        let Some(arn) = principal(record).filter(|_| uses_material(&record.operation)) else { return };
        let used = self.forecast.uses.entry(arn.to_string()).or_default();
        used.principal = arn.into_owned();
        used.calls.add(record);
        used.operations.entry(record.operation.to_string()).or_default().add(record);
        if let Some(by) = via(record) {
            used.via.entry(by.service.to_string()).or_default().add(record);
        }
    }
}

impl StandingGrant {
    fn of(record: &Record<'_>) -> Self {
        let either =
            |one: &str, other: &str| text(record, one).or_else(|| text(record, other)).map(str::to_owned);
        let operations = record.parameters.iter().find(|(name, _)| name == "operations");
        Self {
            grant_id: grant_id(record).map(str::to_owned),
            key: keys(record).next().unwrap_or_default().to_owned(),
            name: text(record, "name").map(str::to_owned),
            grantee: either("granteePrincipal", "granteeServicePrincipal").unwrap_or_default(),
            retiring: either("retiringPrincipal", "retiringServicePrincipal"),
            operations: match operations {
                Some((_, Value::List(values))) => {
                    values.iter().filter_map(written).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            },
            made_by: principal(record).unwrap_or_default().into_owned(),
            made: Timestamp::from_millis(record.time_ms),
        }
    }
}

/// Operations that end with the material. Whoever has a public key goes on using it without the service, and what comes of
/// that can no longer be decrypted.
fn uses_material(operation: &str) -> bool {
    operation == "GetPublicKey" || KeyLastUsageTrackingOperation::parse(operation).is_some()
}

/// The id of the grant that a call made or ended.
fn grant_id<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let additional = match &record.additional {
        Some(Value::Members(members)) => &**members,
        _ => &[],
    };
    let mut members = record.response.iter().chain(&record.parameters).chain(additional);
    members.find(|(name, _)| name == "grantId").and_then(|(_, value)| written(value))
}

/// The ARN of an alias that a caller named, by its name or its ARN, for a key of this ARN.
fn alias_arn(named: &str, key: &str) -> Option<String> {
    if named.starts_with("arn:") {
        return named.contains(":alias/").then(|| named.to_owned());
    }
    let (place, _) = key.split_once(":key/")?;
    named.starts_with("alias/").then(|| format!("{place}:{named}"))
}

fn integer(members: &[(audit::RecordedText<'_>, Value<'_>)], name: &str) -> Option<i64> {
    members.iter().find_map(|(noted, value)| match value {
        Value::Integer(integer) if noted == name => Some(*integer),
        _ => None,
    })
}

fn written<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

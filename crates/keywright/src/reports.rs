//! `keywright trail`: what the journal tells of a key or of a principal, counted up.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::Path,
};

use audit::Record;
use model::Timestamp;
use serde::Serialize;
use trail::{
    AttemptedAction, DeletionForecast, DeletionForecaster, DeletionProgress, DistinctCount, DraftedPolicy,
    KeyUsage, MaterialUse, Occurrences, PolicyDrafter, Policyholder, PrincipalUsage, StandingGrant,
    UsageCounter, WantedKey,
};

use crate::{explain::Plain, records};

/// Tells who used a key, and how, from a time on if there is one.
///
/// # Errors
/// As [`records::each`]; what the system says of writing.
pub(crate) fn usage(
    data_dir: &Path,
    (key, since): (&WantedKey, Option<Timestamp>),
    json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut counter = UsageCounter::new(key.clone(), since);
    let first = over(data_dir, &mut |record| counter.add(record))?;
    let counted = counter.finish();
    if json {
        return object(&counted, out);
    }
    writeln!(out, "key        {key}")?;
    writeln!(out, "journal    {}", reach(&counted.records, first))?;
    if let Some(since) = since {
        writeln!(out, "since      {}", since.to_iso8601())?;
    }
    tell_usage(&counted, out)
}

/// Writes the least policy for a user or role to `out`, and to `aside` what the policy leaves out. As JSON, all of it goes to
/// `out`. Answers whether there is a policy.
///
/// # Errors
/// As [`records::each`]; what the system says of writing.
pub(crate) fn policy(
    data_dir: &Path,
    (holder, since): (Policyholder, Option<Timestamp>),
    json: bool,
    (out, aside): (&mut dyn Write, &mut dyn Write),
) -> io::Result<bool> {
    let mut drafter = PolicyDrafter::new(holder, since);
    let first = over(data_dir, &mut |record| drafter.add(record))?;
    let drafted = drafter.finish();
    if json {
        object(&drafted, out)?;
        return Ok(true);
    }
    if let Some(policy) = &drafted.policy {
        object(policy, out)?;
    }
    writeln!(aside, "journal    {}", reach(&drafted.records, first))?;
    tell_apart(&drafted, aside)?;
    Ok(drafted.policy.is_some())
}

/// Tells what would break if a key were deleted.
///
/// # Errors
/// As [`records::each`]; what the system says of writing.
pub(crate) fn deletion(data_dir: &Path, key: &WantedKey, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut forecaster = DeletionForecaster::new(key.clone());
    let first = over(data_dir, &mut |record| forecaster.add(record))?;
    let forecast = forecaster.finish();
    if json {
        return object(&forecast, out);
    }
    writeln!(out, "key        {key}")?;
    writeln!(out, "journal    {}", reach(&forecast.records, first))?;
    tell_forecast(&forecast, out)
}

/// Hands every record to `add`. The number of the first one: above 1, older ones were moved away.
fn over(data_dir: &Path, add: &mut dyn FnMut(&Record<'_>)) -> io::Result<u64> {
    let verdict = records::each(data_dir, &mut |_, record| {
        add(record);
        Ok(())
    })?;
    Ok(verdict.first_sequence)
}

fn object(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

fn tell_usage(counted: &KeyUsage, out: &mut dyn Write) -> io::Result<()> {
    if counted.principals.is_empty() && counted.events.is_empty() {
        writeln!(out, "no record concerns the key")?;
    }
    for usage in counted.principals.values() {
        writeln!(out, "\n{}", Plain(&usage.principal))?;
        tell_principal(usage, out)?;
    }
    if !counted.events.is_empty() {
        writeln!(out, "\nby itself")?;
        tell_each(&counted.events, out)?;
    }
    Ok(())
}

fn tell_principal(usage: &PrincipalUsage, out: &mut dyn Write) -> io::Result<()> {
    for operation in usage.operations.values() {
        write!(out, "  {:<36} {}", Plain(&operation.operation).to_string(), often(&operation.calls))?;
        for (count, ending) in [(operation.denied, "denied"), (operation.failed, "failed")] {
            if count > 0 {
                write!(out, ", {count} {ending}")?;
            }
        }
        writeln!(out)?;
    }
    tell_via(&usage.via, out)?;
    if usage.addresses.get().0 > 0 {
        writeln!(out, "  from {}", several(&usage.addresses, "address", "addresses"))?;
    }
    for (name, values) in &usage.context_keys {
        writeln!(out, "  encryption context `{}`: {}", Plain(name), several(values, "value", "values"))?;
    }
    if usage.has_more_context_keys {
        writeln!(out, "  and more keys of encryption contexts")?;
    }
    Ok(())
}

fn tell_apart(drafted: &DraftedPolicy, aside: &mut dyn Write) -> io::Result<()> {
    writeln!(aside, "calls      {}", often(&drafted.calls))?;
    for remark in &drafted.remarks {
        writeln!(aside, "mind       {remark}")?;
    }
    for attempted in drafted.denied.values() {
        tell_attempt("denied", attempted, aside)?;
    }
    drafted.granted.values().try_for_each(|attempted| tell_attempt("by a grant", attempted, aside))
}

fn tell_attempt(title: &str, attempted: &AttemptedAction, aside: &mut dyn Write) -> io::Result<()> {
    let AttemptedAction { action, resource, calls } = attempted;
    let resource = resource.as_deref().unwrap_or("what the record does not tell");
    writeln!(aside, "{title:<10} {} on {}: {}", Plain(action), Plain(resource), often(calls))
}

fn tell_forecast(forecast: &DeletionForecast, out: &mut dyn Write) -> io::Result<()> {
    if forecast.keys.len() > 1 {
        tell_all("keys of this id", &forecast.keys, out)?;
        writeln!(out)?;
    }
    for (arn, progress) in &forecast.deletions {
        let told = match progress {
            DeletionProgress::Due(at) => format!("due at {}", at.to_iso8601()),
            DeletionProgress::WaitsForReplicas => "waits until the replicas are deleted".to_owned(),
            DeletionProgress::Done(at) => format!("done at {}", at.to_iso8601()),
        };
        writeln!(out, "deletion   {told}: {}", Plain(arn))?;
    }
    for MaterialUse { principal, operations, via, .. } in forecast.uses.values() {
        writeln!(out, "\nused by {}", Plain(principal))?;
        tell_each(operations, out)?;
        tell_via(via, out)?;
    }
    if forecast.uses.is_empty() {
        writeln!(out, "\nno record tells that it was used")?;
    }
    tell_all("aliases", &forecast.aliases, out)?;
    tell_all("other keys of the same multi-Region key", &forecast.replicas, out)?;
    for grant in forecast.grants.values() {
        tell_grant(grant, out)?;
    }
    Ok(())
}

fn tell_all(title: &str, arns: &BTreeSet<String>, out: &mut dyn Write) -> io::Result<()> {
    if !arns.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    arns.iter().try_for_each(|arn| writeln!(out, "  {}", Plain(arn)))
}

fn tell_grant(grant: &StandingGrant, out: &mut dyn Write) -> io::Result<()> {
    let StandingGrant { grant_id, grantee, operations, made_by, made, .. } = grant;
    let id = grant_id.as_deref().unwrap_or("of an id that the record does not tell");
    writeln!(out, "\ngrant {}", Plain(id))?;
    writeln!(out, "  to {}: {}", Plain(grantee), Plain(&operations.join(", ")))?;
    writeln!(out, "  made by {} at {}", Plain(made_by), made.to_iso8601())
}

fn tell_each(all: &BTreeMap<String, Occurrences>, out: &mut dyn Write) -> io::Result<()> {
    all.iter()
        .try_for_each(|(name, calls)| writeln!(out, "  {:<36} {}", Plain(name).to_string(), often(calls)))
}

fn tell_via(via: &BTreeMap<String, Occurrences>, out: &mut dyn Write) -> io::Result<()> {
    via.iter()
        .try_for_each(|(service, calls)| writeln!(out, "  through {}: {}", Plain(service), often(calls)))
}

fn several(count: &DistinctCount, one: &str, many: &str) -> String {
    let name = if count.get().0 == 1 { one } else { many };
    format!("{count} {name}")
}

/// How often, and when.
fn often(calls: &Occurrences) -> String {
    let Occurrences { times, first, last } = calls;
    match times {
        0 => "0".to_owned(),
        1 => format!("1 at {}", last.to_iso8601()),
        _ => format!("{times} from {} to {}", first.to_iso8601(), last.to_iso8601()),
    }
}

/// How far back the journal goes.
fn reach(records: &Occurrences, first: u64) -> String {
    let moved = if first > 1 {
        format!("; {} older ones were moved away", first.saturating_sub(1))
    } else {
        String::new()
    };
    let records = often(records);
    format!("records: {records}{moved}")
}

#[cfg(test)]
mod tests;

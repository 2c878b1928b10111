//! The condition keys of a simulated request.

use std::{collections::BTreeMap, net::IpAddr};

use base64_simd::STANDARD;
use dispatch::{Cx, Fault};
use model::{
    Timestamp,
    iam::{ContextEntry, ContextKeyTypeEnum as Type},
};
use policy::{ConditionKey, ConditionKeys, Principal, Values};

use crate::{entities::Tags, faults};

/// Condition keys by their full names: in small letters, but for the name of a tag or of a pair.
pub(crate) type Keys = BTreeMap<String, Vec<String>>;

/// Where the condition keys of one question come from; what is given goes before what would be there anyway.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) given: &'a Keys,
    pub(super) caller: &'a Keys,
    pub(super) resource: Option<&'a dyn ConditionKeys>,
}

impl ConditionKeys for Known<'_> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let resource = || self.resource.and_then(|keys| keys.lookup(key));
        self.given.lookup(key).or_else(resource).or_else(|| self.caller.lookup(key))
    }
}

/// The entries of a request, each of the type that it says.
pub(crate) fn given(entries: Option<Vec<ContextEntry>>) -> Result<Keys, Fault> {
    let mut keys = Keys::new();
    for entry in entries.unwrap_or_default() {
        let name = entry.context_key_name.ok_or_else(|| incomplete("ContextKeyName"))?;
        let kind = entry.context_key_type.ok_or_else(|| incomplete("ContextKeyType"))?;
        let values = entry.context_key_values.unwrap_or_default();
        if !is_list(kind) && values.len() != 1 {
            let text = format!("The context key {name} is of type {} and takes one value.", kind.as_str());
            return Err(faults::invalid(text));
        }
        if let Some(wrong) = values.iter().find(|value| !fits(kind, value)) {
            let text =
                format!("The value {wrong} of the context key {name} is not of type {}.", kind.as_str());
            return Err(faults::invalid(text));
        }
        if keys.insert(ConditionKey::parse(&name).full_name(), values).is_some() {
            return Err(faults::invalid(format!("The context key {name} is given twice.")));
        }
    }
    Ok(keys)
}

/// What every request of a caller has, as far as it is known before there is one.
pub(crate) fn of_caller(cx: &Cx<'_>, principal: &Principal, tags: &Tags) -> Keys {
    let one = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
    let mut keys = Keys::from([
        one("aws:currenttime", &cx.now.to_iso8601()),
        one("aws:epochtime", &cx.now.as_seconds().to_string()),
        one("aws:principalisawsservice", "false"),
        one("aws:viaawsservice", "false"),
    ]);
    if let Some(account) = principal.account() {
        keys.extend([one("aws:principalaccount", account), one("kms:calleraccount", account)]);
    }
    match principal {
        Principal::User { arn, unique_id, .. } if !unique_id.is_empty() => {
            let name = arn.rsplit('/').next().unwrap_or_default();
            keys.extend([
                one("aws:principalarn", arn),
                one("aws:principaltype", "User"),
                one("aws:userid", unique_id),
                one("aws:username", name),
            ]);
        }
        Principal::Session { role_arn, .. } => {
            keys.extend([one("aws:principalarn", role_arn), one("aws:principaltype", "AssumedRole")]);
        }
        _ => {}
    }
    keys.extend(tags.iter().map(|(name, value)| one(&format!("aws:principaltag/{name}"), value)));
    keys
}

/// The encryption context that the entries describe, for the constraints of grants.
pub(super) fn encryption_context(given: &Keys) -> BTreeMap<String, String> {
    let pair = |(name, values): (&String, &Vec<String>)| {
        Some((name.strip_prefix("kms:encryptioncontext:")?.to_owned(), values.first()?.clone()))
    };
    given.iter().filter_map(pair).collect()
}

fn incomplete(member: &str) -> Fault {
    faults::invalid(format!("A context entry has no {member}."))
}

fn is_list(kind: Type) -> bool {
    kind.as_str().ends_with("List")
}

fn fits(kind: Type, value: &str) -> bool {
    match kind {
        Type::String | Type::StringList => true,
        Type::Numeric | Type::NumericList => value.parse::<f64>().is_ok_and(f64::is_finite),
        Type::Boolean | Type::BooleanList => {
            value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")
        }
        Type::Ip | Type::IpList => {
            let (address, length) = value.split_once('/').map_or((value, None), |(a, n)| (a, Some(n)));
            address.parse::<IpAddr>().is_ok() && length.is_none_or(|length| length.parse::<u8>().is_ok())
        }
        Type::Binary | Type::BinaryList => STANDARD.check(value.as_bytes()).is_ok(),
        Type::Date | Type::DateList => {
            value.parse::<i64>().is_ok() || Timestamp::parse_iso8601(value).is_some()
        }
    }
}

//! The global condition keys, filled from the call.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeMap;

use model::Timestamp;
use policy::{ConditionKey, Principal, Values};

use crate::{Caller, Cx};

/// The value of a global condition key for this call; `None` where AWS leaves it absent.
#[must_use]
pub fn global<'a>(cx: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
    if key.variable().is_some() {
        return of_caller(cx.caller, cx.now, key);
    }
    Some(match key.name() {
        "aws:calledvia" => Values::many([cx.origin.for_user()?.name.as_str()]),
        "aws:calledviafirst" | "aws:calledvialast" => Values::one(cx.origin.for_user()?.name.as_str()),
        "aws:currenttime" => Values::one(cx.now.to_iso8601()),
        "aws:epochtime" => Values::one(cx.now.as_seconds().to_string()),
        "aws:requestedregion" => Values::one(cx.region.as_str()),
        "aws:securetransport" => truth(cx.origin.secure),
        "aws:sourceaccount" => Values::one(cx.origin.via?.source_account?.to_string()),
        "aws:sourcearn" => Values::one(cx.origin.via?.source_arn.as_deref()?),
        // Through a service nobody sees where its user is.
        "aws:sourceip" if cx.origin.via.is_none() => Values::one(cx.origin.address.to_string()),
        "aws:useragent" if !cx.origin.user_agent.is_empty() => Values::one(cx.origin.user_agent),
        "aws:viaawsservice" => truth(cx.origin.for_user().is_some()),
        _ => return of_caller(cx.caller, cx.now, key),
    })
}

/// The value of a condition key that tells of a principal at this time; `None` where AWS leaves it absent.
#[must_use]
fn of_caller<'a>(caller: &'a Caller, now: Timestamp, key: &ConditionKey) -> Option<Values<'a>> {
    if let Some(name) = key.variable() {
        return if key.name() == "aws:principaltag" { tag(&caller.tags, name) } else { None };
    }
    let session = caller.session.as_ref();
    Some(match key.name() {
        "aws:federatedprovider" => Values::one(session?.federated_provider.as_deref()?),
        "aws:multifactorauthage" => {
            let age = now.as_seconds().saturating_sub(session?.second_factor?.as_seconds());
            Values::one(age.to_string())
        }
        // Long-term credentials know nothing of a second factor, so the key is absent with them.
        "aws:multifactorauthpresent" => truth(session?.second_factor.is_some()),
        "aws:principalaccount" => Values::one(caller.principal.account()?),
        "aws:principalarn" => Values::one(match &caller.principal {
            Principal::Session { role_arn, .. } => role_arn.as_str(),
            Principal::Service { .. } => return None,
            _ => caller.arn.as_str(),
        }),
        "aws:principalisawsservice" => truth(service(caller).is_some()),
        "aws:principalservicename" => Values::one(service(caller)?),
        "aws:principalservicenameslist" => Values::many([service(caller)?]),
        "aws:principaltype" => Values::one(match caller.kind() {
            "Root" => "Account",
            "IAMUser" => "User",
            "AWSService" => return None,
            kind => kind,
        }),
        "aws:sourceidentity" => Values::one(session?.source_identity.as_deref()?),
        "aws:tokenissuetime" => Values::one(session?.issued.to_iso8601()),
        "aws:userid" if service(caller).is_none() => Values::one(caller.unique_id.as_str()),
        "aws:username" => Values::one(caller.user_name.as_deref()?),
        name => return claimed(&session?.claims, name),
    })
}

/// Every condition key that tells of a principal at this time, with its values.
#[must_use]
pub fn all_of_caller(caller: &Caller, now: Timestamp) -> Vec<(String, Vec<String>)> {
    let tags = caller.tags.keys().map(|name| format!("aws:PrincipalTag/{name}"));
    let claims = caller.session.iter().flat_map(|session| session.claims.keys().cloned());
    let names = OF_CALLER.iter().map(|name| (*name).to_owned()).chain(tags).chain(claims);
    let told = names.filter_map(|name| {
        let values = of_caller(caller, now, &ConditionKey::parse(&name))?;
        Some((name, values.as_slice().iter().map(|value| value.clone().into_owned()).collect()))
    });
    told.collect()
}

/// The names that [`of_caller`] knows, but for tags and what identity providers say.
const OF_CALLER: &[&str] = &[
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalType",
    "aws:SourceIdentity",
    "aws:TokenIssueTime",
    "aws:userid",
    "aws:username",
];

/// The value of a condition key of an identity provider, such as `id.example.com:sub`.
#[must_use]
pub fn claimed<'a>(claims: &'a BTreeMap<String, Vec<String>>, name: &str) -> Option<Values<'a>> {
    match claims.get(name)?.as_slice() {
        [one] => Some(Values::one(one.as_str())),
        several => Some(Values::many(several.iter().map(String::as_str))),
    }
}

/// The service that calls as itself.
fn service(caller: &Caller) -> Option<&str> {
    match &caller.principal {
        Principal::Service { name } => Some(name),
        _ => None,
    }
}

/// The value of a `Bool` key.
#[must_use]
pub fn truth(value: bool) -> Values<'static> {
    Values::one(if value { "true" } else { "false" })
}

/// The value of one tag. Names of condition keys are compared without regard to case; of several tags that differ in
/// that only, it is either's.
#[must_use]
pub fn tag<'a>(tags: &'a BTreeMap<String, String>, name: &str) -> Option<Values<'a>> {
    Values::of(name, tags)
}

#[cfg(test)]
mod tests {
    use super::OF_CALLER;

    #[test]
    fn every_key_that_tells_of_a_caller_is_listed() {
        let code = include_str!("conditions.rs");
        let arms = code.split("fn of_caller").nth(1).unwrap().split("\n}\n").next().unwrap();
        let arm = |line: &'static str| line.strip_prefix("        \"")?.split('"').next();
        let mut known: Vec<String> = arms.lines().filter_map(arm).map(str::to_owned).collect();
        let mut listed: Vec<String> = OF_CALLER.iter().map(|name| name.to_ascii_lowercase()).collect();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(known, listed);
    }
}

//! What records show of each operation, by the lists in its facts: the lists are held against AWS's model, and the records
//! against the lists.

use std::collections::BTreeMap;

use audit::{Record, Value};
use dispatch::Facts;
use serde_json::{Value as Json, json};
use sim::{Stage, World};

use crate::shapes::{Model, called};

/// Members of requests that no record shows, besides bytes and what the model calls sensitive: what proves or permits
/// something, what is shown elsewhere, and the policies and values that a simulation tries.
const HIDDEN: [&str; 12] = [
    "contextEntries",
    "encodedMessage",
    "grantToken",
    "grantTokens",
    "orderedOrganizationPolicyInputList",
    "permissionsBoundaryPolicyInputList",
    "policyExclusionList",
    "policyInputList",
    "providedContexts",
    "recipient",
    "resourcePolicy",
    "tokenCode",
];

/// Operations of whose requests CloudTrail shows nothing.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-retire-grant.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-generaterandom.html>
const SILENT: [&str; 2] = ["GenerateRandom", "RetireGrant"];

/// Members of answers that examples do not have.
const NOT_IN_EXAMPLES: [&str; 4] = ["description", "packedPolicySize", "replicaTags", "sourceIdentity"];

/// Additional members that examples do not have: nobody is attested in them.
const NOT_ATTESTED: &str = "recipient";

#[test]
fn every_member_of_a_request_is_shown_or_hidden() {
    let mut broken = Vec::new();
    for (service, facts) in World::new().operations() {
        let model = Model::of(service);
        let may_be_shown: Vec<String> = model
            .members(facts.name, "input")
            .filter(|(member, shape)| !model.is_secret(shape) && !HIDDEN.contains(&&*called(member)))
            .map(|(member, _)| called(member))
            .filter(|_| !SILENT.contains(&facts.name))
            .collect();
        let shown = facts.shows.request;
        let missing = may_be_shown.iter().filter(|member| !shown.contains(&&***member));
        broken.extend(missing.map(|member| format!("{} does not show {member}", facts.name)));
        let unknown = shown.iter().filter(|member| !may_be_shown.iter().any(|known| known == *member));
        broken.extend(unknown.map(|member| format!("{} shows {member}", facts.name)));
        let answered: Vec<String> =
            model.members(facts.name, "output").map(|(member, _)| called(member)).collect();
        let unknown = facts.shows.response.iter().filter(|shown| {
            let member = shown.split('.').next().unwrap_or_default();
            // A change of a key is answered with the key.
            !answered.iter().any(|known| known == member) && member != "keyId"
        });
        broken.extend(unknown.map(|member| format!("{} answers {member}", facts.name)));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A member that is shown is in the record of whoever sends it, whatever becomes of the call.
#[test]
fn whatever_is_shown_of_a_request_is_recorded() {
    let mut broken = Vec::new();
    for (service, facts) in World::new().operations() {
        let stage = Stage::new();
        let model = Model::of(service);
        for (member, shape) in model.members(facts.name, "input") {
            let name = called(member);
            if !facts.shows.request.contains(&&*name) {
                continue;
            }
            let value = chosen(&stage, service, &name).unwrap_or_else(|| model.example(shape));
            let record = call(&stage, service, facts, member, &value);
            // Of strangers no parameters are recorded, and this is one until its token is believed.
            let is_known = record.caller.is_some();
            if is_known && !record.parameters.iter().any(|(noted, _)| *noted == name) {
                broken.push(format!("{} with {member} of {value}: {:?}", facts.name, record.outcome));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn whatever_is_shown_of_an_answer_is_recorded() {
    let mut broken = Vec::new();
    for (service, facts) in World::new().operations() {
        let stage = Stage::new();
        let answer = stage.world.send(stage.example_by(&stage.root, service, facts));
        let record = stage.record_of(&answer);
        let additional = match &record.additional {
            Some(Value::Members(members)) => members.clone(),
            _ => Vec::new(),
        };
        let shows = facts.shows;
        for (names, noted) in [(shows.response, &record.response), (shows.additional, &additional)] {
            let named = names.iter().filter(|name| !NOT_IN_EXAMPLES.contains(name) && **name != NOT_ATTESTED);
            let missing = named.filter(|name| !has(noted, name));
            broken.extend(missing.map(|name| format!("{} does not answer {name}: {answer:?}", facts.name)));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whether `a.b` is in the members.
fn has(members: &[(audit::RecordedText<'_>, Value<'_>)], path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    members.iter().any(|(noted, value)| match (rest, value) {
        _ if noted != name => false,
        (None, _) => true,
        (Some(rest), Value::Members(inner)) => has(inner, rest),
        _ => false,
    })
}

/// The record of an operation's example with another value for a member.
fn call(stage: &Stage, service: &str, facts: &Facts, member: &str, value: &Json) -> Record<'static> {
    let example = stage.fill(facts.example);
    let request = if ["iam", "sts"].contains(&service) {
        let mut fields = BTreeMap::new();
        for (name, text) in example.split('&').filter_map(|field| field.split_once('=')) {
            if name.split('.').next() != Some(member) {
                fields.insert(name.to_owned(), text.to_owned());
            }
        }
        let kept: Vec<_> = fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
        stage.world.written(service, facts.name, &(kept.join("&") + &sim::fields(&json!({ member: value }))))
    } else {
        let mut input: Json = serde_json::from_str(&example).unwrap();
        input.as_object_mut().unwrap().insert(member.to_owned(), value.clone());
        stage.world.request(service, facts.name, &input)
    };
    stage.record_of(&stage.world.send(stage.world.sign(request, &stage.root, service)))
}

/// Values in a form of their own, for members that have one.
fn chosen(stage: &Stage, service: &str, member: &str) -> Option<Json> {
    Some(match (service, member) {
        ("kms", "keyId" | "sourceKeyId" | "destinationKeyId" | "targetKeyId") => json!(stage.value("key")),
        ("kms", "aliasName") => json!("alias/any"),
        ("kms", "grantId" | "keyMaterialId") => json!("0".repeat(64)),
        ("kms", "constraints") => json!({ "EncryptionContextSubset": { "a": "b" } }),
        ("kms", "encryptionContext" | "sourceEncryptionContext" | "destinationEncryptionContext") => {
            json!({ "a": "b" })
        }
        ("kms", "granteePrincipal" | "retiringPrincipal") => json!(stage.value("root")),
        ("kms", "granteeServicePrincipal" | "retiringServicePrincipal") => json!("s3.amazonaws.com"),
        ("kms", "replicaRegion" | "primaryRegion") => json!("eu-west-1"),
        ("keywright", "date") => json!(stage.value("date")),
        ("tagging", "tags") => json!({ "a": "b" }),
        ("tagging", "resourceARNList") => json!([stage.value("key")]),
        ("tagging", "resourceTypeFilters") => json!(["kms:key"]),
        ("iam", "path" | "pathPrefix" | "newPath") => json!("/a/"),
        ("iam", "policyDocument" | "assumeRolePolicyDocument") => json!("{}"),
        ("iam", "url") => json!("https://id.example.com"),
        ("iam", "thumbprintList") => json!(["0".repeat(40)]),
        ("iam", "accessKeyId") => json!(stage.value("access-key")),
        ("iam", "versionId") => json!("v1"),
        _ => return None,
    })
}

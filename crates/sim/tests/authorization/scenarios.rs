//! Every scenario that a call can ask, asked; and why the others are not.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use audit::RecordedDecision;
use policy::Layer;
use sim::World;

use crate::{
    call,
    load::{HERE, Scenario, load},
    plan::Plan,
    realm::{Told, ask},
};

/// What no call can have, and why. Where it names a condition key, it is about those values that scenarios want and
/// calls do not have.
const UNASKED: &[(&str, &str)] = &[
    ("a namesake", "names of users differ in more than case"),
    ("a service", "services do not sign calls"),
    ("a third account", "the deployment has two, and a policy cannot name others"),
    ("a bucket", "there are none"),
    ("a web identity", "it only assumes roles"),
    ("an identity provider", "a policy cannot name one that is not there"),
    ("an operation", "no operation is named so, or it is one on custom key stores, which are not offered"),
    ("aws:currenttime", "there is always a time"),
    ("aws:epochtime", "there is always a time"),
    ("aws:multifactorauthage", "nobody proves a second factor"),
    ("aws:multifactorauthpresent", "nobody proves a second factor"),
    ("aws:numbers", "made up, to try an operator"),
    ("aws:principalaccount", "the caller's account is one of two"),
    ("aws:principalarn", "a caller always has one, and it is one of its account"),
    ("aws:principaltag/key", "a tag's value has no star"),
    ("aws:securetransport", "it is `true` or `false`, and always there"),
    ("aws:sourcearn", "no service calls for a resource of its own"),
    ("aws:sourcearns", "made up, to try an operator"),
    ("aws:sourceip", "it is an address, and always there"),
    ("aws:token", "made up, to try an operator"),
    ("aws:username", "a user always has a name"),
    ("kms:calleraccount", "it is the caller's account"),
    ("kms:encryptioncontext:tag", "a call that puts tags has no encryption context"),
    ("kms:grantisforawsresource", "no service makes grants"),
    ("kms:recipientattestation:imagesha384", "there is no enclave"),
    ("kms:rotationperiodindays", "it is a whole number"),
    ("kms:trailingdayswithoutkeyusage", "it is a whole number"),
    ("kms:validto", "it is a moment"),
    ("kms:viaservice", "nobody calls through a service"),
];

/// Where the record tells another layer than the scenario: policies that allow are not weighed against a grant, so
/// that whoever has both never pays for grants.
const TOLD_OTHERWISE: &[(&str, Layer, &str)] =
    &[("grants: a grant is told before the policies that allow as well", Layer::Resource, "Ann")];

macro_rules! files {
    ($($name:ident: $least:literal;)*) => {
        /// Where scenarios are.
        const FILES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                decided_as_written(stringify!($name), $least);
            }
        )*
    };
}

// Each with the least number of its scenarios that are asked.
files! {
    accounts: 24;
    bounds: 34;
    delegation: 34;
    denies: 41;
    elements: 42;
    grants: 28;
    naming: 275;
    operations: 747;
    operators: 362;
    practice: 44;
    unions: 0;
    variables: 63;
}

#[test]
fn what_is_not_asked_cannot_be() {
    let scenarios = scenarios();
    let names: BTreeSet<&str> = scenarios.iter().map(file).collect();
    assert_eq!(names, FILES.iter().copied().collect(), "every file is asked");
    let mut unasked: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for scenario in &scenarios {
        if let Err(what) = plan(scenario) {
            unasked.entry(what).or_default().push(&scenario.name);
        }
    }
    let reasons: BTreeSet<&str> = UNASKED.iter().map(|(what, _)| *what).collect();
    let found: BTreeSet<&str> = unasked.keys().map(String::as_str).collect();
    assert_eq!(found, reasons, "{unasked:#?}");
}

#[test]
fn every_operation_is_asked_in_every_layer() {
    let scenarios = scenarios();
    let layers = [Layer::Identity, Layer::Resource, Layer::Boundary, Layer::Session, Layer::Grant];
    let operations = World::new().operations();
    let mut missing = Vec::new();
    for (_, facts) in operations.iter().filter(|(service, _)| *service == "kms") {
        for layer in layers {
            let is = |scenario: &&Scenario| {
                scenario.operation.as_deref() == Some(facts.name) && scenario.about == Some(layer)
            };
            if !scenarios.iter().filter(is).any(|scenario| plan(scenario).is_ok()) {
                missing.push(format!("{} in {layer}", facts.name));
            }
        }
    }
    assert!(missing.is_empty(), "not asked: {missing:?}");
}

/// Asks the scenarios of a file.
#[track_caller]
fn decided_as_written(name: &str, least: usize) {
    let scenarios: Vec<Scenario> =
        scenarios().into_iter().filter(|scenario| file(scenario) == name).collect();
    let plans: Vec<Plan<'_>> = scenarios.iter().filter_map(|scenario| plan(scenario).ok()).collect();
    let wrong = |plan: &&Plan<'_>| {
        let asked = || compare(plan, &ask(plan));
        catch_unwind(AssertUnwindSafe(asked)).is_err()
    };
    let wrong: Vec<_> = plans.iter().filter(wrong).map(|plan| &plan.scenario.name).collect();
    assert!(wrong.is_empty(), "not as written, the reasons are above: {wrong:#?}");
    assert!(plans.len() >= least, "{} of {} were asked", plans.len(), scenarios.len());
}

fn scenarios() -> Vec<Scenario> {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/authorization"))
}

fn file(scenario: &Scenario) -> &str {
    scenario.name.split(": ").find(|part| FILES.contains(part)).unwrap_or_default()
}

/// The call of a scenario, if there is one.
fn plan(scenario: &Scenario) -> Result<Plan<'_>, String> {
    let plan = Plan::of(scenario)?;
    let is_offered = model::kms::OPERATION_NAMES.contains(&plan.operation.as_str())
        && !plan.operation.contains("CustomKeyStore");
    if is_offered { Ok(plan) } else { Err("an operation".to_owned()) }
}

/// What was decided, and by what, is what the scenario says.
#[track_caller]
fn compare(plan: &Plan<'_>, told: &Told) {
    let (scenario, expected) = (plan.scenario, &plan.scenario.expected);
    let Told { answer, record, caller, grant } = told;
    let otherwise = TOLD_OTHERWISE.iter().find(|(name, ..)| *name == scenario.name);
    let (told_by, by) = match (otherwise, expected.layer) {
        (Some((_, layer, by)), _) => (*layer, Some((*by).to_owned())),
        (None, Layer::Grant) => (Layer::Grant, grant.clone()),
        (None, layer) => (layer, expected.by.clone()),
    };
    if expected.allowed {
        assert_eq!(answer.code, None, "{}: {answer:?} {:?}", scenario.name, record.trace);
        let RecordedDecision::Allowed { layer, statement } = &record.decision else {
            panic!("{}: {:?}", scenario.name, record.decision);
        };
        if call::is_asked_last(plan) {
            let found = (layer.as_ref(), statement.as_deref());
            assert_eq!(found, (told_by.as_str(), by.as_deref()), "{}", scenario.name);
        }
        return;
    }
    assert_eq!((answer.status, answer.fault()), (400, "AccessDeniedException"), "{}", scenario.name);
    assert!(
        matches!(record.decision, RecordedDecision::Denied { .. }),
        "{}: {:?}",
        scenario.name,
        record.decision
    );
    let trace = record.trace.as_deref().unwrap_or_default();
    let mut lines = trace.lines();
    let asked = &plan.action();
    assert!(
        lines.next().unwrap_or_default().starts_with(&format!("{asked} on ")),
        "{}: {trace}",
        scenario.name
    );
    let reason = match &by {
        Some(by) => format!("denied by {}: `{by}`", expected.layer),
        None => format!("denied: {} would have had to allow it", expected.layer),
    };
    assert_eq!(lines.next(), Some(reason.as_str()), "{}: {trace}", scenario.name);
    let message = answer.message.as_deref().unwrap_or_default();
    let begin = format!("User: {caller} is not authorized to perform: {asked} on ");
    assert!(message.starts_with(&begin), "{}: {message}", scenario.name);
    let end = if scenario.principal.account() == Some(HERE) {
        scenario.expected.message.clone().unwrap_or_else(|| because(expected.layer, by.is_some(), asked))
    } else {
        // Of another account's key nothing more is told.
        "or a resource-based policy explicitly denies access".to_owned()
    };
    assert!(message.ends_with(&end), "{}: {message}", scenario.name);
}

/// How AWS ends the message of a denial.
fn because(layer: Layer, explicit: bool, action: &str) -> String {
    let (article, name) = match layer {
        Layer::Identity => ("an", "identity-based policy"),
        Layer::Resource | Layer::Grant => ("a", "resource-based policy"),
        Layer::Boundary => ("a", "permissions boundary"),
        Layer::Session => ("a", "session policy"),
        Layer::Limit => panic!("no scenario is that much work"),
    };
    if explicit {
        format!(" with an explicit deny in {article} {name}")
    } else {
        format!(" because no {name} allows the {action} action")
    }
}

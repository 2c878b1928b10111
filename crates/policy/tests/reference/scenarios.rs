//! The scenarios of `tests/authorization`, for both evaluators.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use model::kms::OPERATION_NAMES;
use policy::{Identity, Layer, Layers, Policy, PolicyKind, Question, decide};
use serde_json::Value;

use crate::{
    load::{BUCKET, HERE, KEY, Scenario, load},
    naive::{Case, Verdict, Way, evaluate},
};

const GRANT: &str = "grant-1";

#[test]
fn the_evaluator_decides_as_written() {
    for scenario in scenarios() {
        let parse = |value: &Value, kind| {
            let parsed = Policy::parse(&value.to_string(), kind);
            parsed.unwrap_or_else(|malformed| panic!("{}: {malformed}: {value}", scenario.name))
        };
        let identity = |value: &Value| parse(value, PolicyKind::IdentityPolicy);
        let all = |values: &Option<Vec<Value>>| {
            values.as_ref().map(|all| all.iter().map(identity).collect::<Vec<Policy>>())
        };
        let key_policy = scenario.key_policy.as_ref().map(|value| parse(value, PolicyKind::KeyPolicy));
        let (own, boundary, session) =
            (all(&scenario.identity), scenario.boundary.as_ref().map(identity), all(&scenario.session));
        let own: Option<Vec<&Policy>> = own.as_ref().map(|all| all.iter().collect());
        let session: Option<Vec<&Policy>> = session.as_ref().map(|all| all.iter().collect());
        let question = Question {
            principal: &scenario.principal,
            action: &scenario.action,
            resource: &scenario.resource,
            keys: &scenario.context,
        };
        let decision = decide(
            &question,
            &Layers {
                resource_policy: key_policy.as_ref(),
                resource_policy_decides: scenario.resource != BUCKET,
                resource_account: [KEY, BUCKET].contains(&&*scenario.resource).then_some(HERE),
                identity: own.as_deref().map_or(Identity::RootUser, Identity::Policies),
                boundary: boundary.as_ref(),
                session: session.as_deref(),
                grant: scenario.granted().then_some((GRANT, scenario.grant_to)),
            },
        );
        let verdict = Verdict {
            allowed: decision.is_allowed(),
            explicit: decision.is_explicit(),
            layer: decision.layer(),
            by: decision.statement().map(str::to_owned),
        };
        assert_eq!(verdict, expected(&scenario), "{}", scenario.name);
        if !verdict.allowed {
            let message = decision.because(&scenario.action);
            assert_eq!(message, words(&verdict, &scenario.action), "{}", scenario.name);
            assert_eq!(&message, scenario.expected.message.as_ref().unwrap_or(&message), "{}", scenario.name);
        }
    }
}

#[test]
fn the_naive_evaluator_decides_as_written() {
    for scenario in scenarios() {
        let verdict = evaluate(&Case {
            principal: &scenario.principal,
            action: &scenario.action,
            resource: &scenario.resource,
            context: &scenario.context,
            doubtful: &BTreeMap::new(),
            worlds: std::slice::from_ref(&scenario.context),
            key_policy: scenario.key_policy.as_ref(),
            key_policy_decides: scenario.resource != BUCKET,
            key_account: [KEY, BUCKET].contains(&&*scenario.resource).then_some(HERE),
            identity: scenario.identity.as_deref(),
            boundary: scenario.boundary.as_ref(),
            session: scenario.session.as_deref(),
            grant: scenario.granted().then_some((GRANT, Way::of(scenario.grant_to))),
        });
        assert_eq!(verdict, expected(&scenario), "{}", scenario.name);
    }
}

#[test]
fn every_operation_is_there_in_every_layer() {
    let scenarios = scenarios();
    let layers = [Layer::Identity, Layer::Resource, Layer::Boundary, Layer::Session, Layer::Grant];
    let mut missing = Vec::new();
    for operation in OPERATION_NAMES {
        for layer in layers {
            let found = scenarios.iter().any(|scenario| {
                scenario.operation.as_deref() == Some(operation) && scenario.about == Some(layer)
            });
            if !found {
                missing.push(format!("{operation} in {layer}"));
            }
        }
    }
    assert!(missing.is_empty(), "no scenario for {missing:?}");
    let known: BTreeSet<&str> = OPERATION_NAMES.iter().copied().collect();
    let strangers = scenarios.iter().filter_map(|scenario| scenario.operation.as_deref());
    assert_eq!(strangers.filter(|operation| !known.contains(operation)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn scenarios_have_names_of_their_own_and_are_many() {
    let mut names = BTreeMap::new();
    for scenario in scenarios() {
        *names.entry(scenario.name).or_insert(0) += 1;
    }
    let twice: Vec<_> = names.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(names.len() >= 1500, "{}", names.len());
}

fn scenarios() -> Vec<Scenario> {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/authorization"))
}

fn expected(scenario: &Scenario) -> Verdict {
    let expected = &scenario.expected;
    Verdict {
        allowed: expected.allowed,
        explicit: !expected.allowed && expected.by.is_some(),
        layer: expected.layer,
        by: expected.by.clone(),
    }
}

/// AWS's words for a denial.
fn words(verdict: &Verdict, action: &str) -> String {
    let (with_article, name) = match verdict.layer {
        Layer::Identity => ("an identity-based policy", "identity-based policy"),
        Layer::Resource => ("a resource-based policy", "resource-based policy"),
        Layer::Boundary => ("a permissions boundary", "permissions boundary"),
        Layer::Session => ("a session policy", "session policy"),
        Layer::Grant => panic!("grants do not deny"),
        Layer::Limit => panic!("no scenario is that much work"),
    };
    if verdict.explicit {
        format!(" with an explicit deny in {with_article}")
    } else {
        format!(" because no {name} allows the {action} action")
    }
}

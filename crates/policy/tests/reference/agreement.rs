//! Both evaluators say the same.

use policy::{Decision, Identity, Layers, Policy, PolicyKind, Principal, Question, decide};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::Value;

use crate::{
    generate::{Asked, HERE, Scene, scene},
    naive::{Case, Verdict, evaluate},
};

/// Eight times proptest's number of scenes, 256 unless `PROPTEST_CASES` says otherwise, with five questions
/// each: ten thousand.
fn many() -> ProptestConfig {
    let cases = ProptestConfig::default().cases.saturating_mul(8);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn the_evaluator_and_the_naive_one_agree(scene in scene()) {
        let parsed = Parsed::of(&scene);
        for asked in &scene.questions {
            let decision = parsed.decide(asked);
            let verdict = Verdict {
                allowed: decision.is_allowed(),
                explicit: decision.is_explicit_deny(),
                layer: decision.layer(),
                by: decision.statement().map(str::to_owned),
            };
            prop_assert_eq!(verdict, naively(&scene, asked), "{:?}", asked);
        }
    }
}

/// The generated questions are worth asking: no outcome is rare.
#[test]
fn every_outcome_is_common() {
    let mut runner = TestRunner::deterministic();
    let scenes = scene();
    let mut outcomes = std::collections::BTreeMap::new();
    for _ in 0..400 {
        let scene = scenes.new_tree(&mut runner).unwrap().current();
        for asked in &scene.questions {
            let verdict = naively(&scene, asked);
            *outcomes.entry((verdict.allowed, verdict.explicit, verdict.layer.as_str())).or_insert(0) += 1;
        }
    }
    for outcome in [
        (true, false, "grant"),
        (true, false, "identity-policy"),
        (true, false, "key-policy"),
        (false, true, "identity-policy"),
        (false, true, "key-policy"),
        (false, true, "permissions-boundary"),
        (false, true, "session-policy"),
        (false, false, "identity-policy"),
        (false, false, "key-policy"),
        (false, false, "permissions-boundary"),
        (false, false, "session-policy"),
    ] {
        assert!(outcomes.get(&outcome).is_some_and(|count| *count >= 8), "{outcome:?} in {outcomes:?}");
    }
}

/// The policies of a scene, read.
struct Parsed {
    key_policy: Option<Policy>,
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    session: Option<Vec<Policy>>,
    grant: bool,
}

impl Parsed {
    fn of(scene: &Scene) -> Self {
        let parse = |value: &Value, kind| {
            Policy::parse(&value.to_string(), kind).unwrap_or_else(|malformed| panic!("{malformed}: {value}"))
        };
        let identity = |value: &Value| parse(value, PolicyKind::IdentityPolicy);
        Self {
            key_policy: scene.key_policy.as_ref().map(|value| parse(value, PolicyKind::KeyPolicy)),
            identity: scene.identity.iter().map(identity).collect(),
            boundary: scene.boundary.as_ref().map(identity),
            session: scene.session.as_ref().map(|all| all.iter().map(identity).collect()),
            grant: scene.grant,
        }
    }

    fn decide(&self, asked: &Asked) -> Decision {
        let own: Vec<&Policy> = self.identity.iter().collect();
        let session: Option<Vec<&Policy>> = self.session.as_ref().map(|all| all.iter().collect());
        let Asked { principal, action, resource, context } = asked;
        let identity = if is_root(principal) { Identity::RootUser } else { Identity::Policies(&own) };
        decide(
            &Question { principal, action, resource, keys: context },
            &Layers {
                resource_policy: self.key_policy.as_ref(),
                resource_account: self.key_policy.as_ref().map(|_| HERE),
                identity,
                boundary: self.boundary.as_ref(),
                session: session.as_deref(),
                grant: self.grant.then_some("grant-1"),
            },
        )
    }
}

fn naively(scene: &Scene, asked: &Asked) -> Verdict {
    evaluate(&Case {
        principal: &asked.principal,
        action: asked.action,
        resource: asked.resource,
        context: &asked.context,
        key_policy: scene.key_policy.as_ref(),
        key_account: scene.key_policy.as_ref().map(|_| HERE),
        identity: (!is_root(&asked.principal)).then_some(&scene.identity),
        boundary: scene.boundary.as_ref(),
        session: scene.session.as_deref(),
        grant: scene.grant.then_some("grant-1"),
    })
}

fn is_root(principal: &Principal) -> bool {
    matches!(principal, Principal::Root { .. })
}

//! Both evaluators say the same, and the trace says why.

use policy::{
    ConditionKey, ConditionKeys, Decision, Identity, Layer, Layers, Naming, Policy, PolicyKind, Principal,
    Question, Trace, Values, decide, trace,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::Value;

use crate::{
    generate::{Asked, HERE, Scene, id_of, scene},
    naive::{Case, Context, Verdict, Way, evaluate, worlds},
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
    fn both_evaluators_and_the_trace_agree(scene in scene()) {
        let parsed = Parsed::of(&scene);
        let bound = parsed.key_policy.as_ref().map(|policy| policy.bind(&id_of));
        for asked in &scene.questions {
            let (decision, trace) = parsed.ask(asked, |question, layers| {
                (decide(question, layers), trace(question, layers))
            });
            prop_assert_eq!(&verdict(&decision), &naively(&scene, asked), "{:?}", asked);
            prop_assert_eq!(&trace.decision, &decision);
            // Names that stand for unique ids mean the same, as long as they are those of the same people.
            let by_ids = parsed.ask(asked, |question, layers| {
                decide(question, &Layers { resource_policy: bound.as_ref(), ..*layers })
            });
            prop_assert_eq!(&by_ids, &decision);
            prop_assert_eq!(combined(&trace, &asked.principal, scene.key_policy_decides), verdict(&decision), "{}", trace);
        }
    }
}

proptest! {
    #![proptest_config(many())]

    /// Whichever value of a doubtful key is the right one, nothing is allowed that is not allowed with it.
    #[test]
    fn doubt_is_no_permission(scene in scene()) {
        let parsed = Parsed::of(&scene);
        for asked in scene.questions.iter().filter(|asked| !asked.doubtful.is_empty()) {
            if !parsed.ask(asked, decide).is_allowed() {
                continue;
            }
            for world in worlds(&asked.context, &asked.doubtful) {
                let certain = Asked { context: world, doubtful: Context::new(), ..asked.clone() };
                prop_assert!(naively(&scene, &certain).allowed, "{:?}", certain);
            }
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

impl ConditionKeys for Asked {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let values = self.doubtful.get(&key.full_name().to_lowercase());
        let pairs = values.into_iter().flatten().map(|value| ("name", value.as_str()));
        Values::of("NAME", pairs).or_else(|| self.context.lookup(key))
    }
}

/// The policies of a scene, read.
struct Parsed {
    key_policy: Option<Policy>,
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    session: Option<Vec<Policy>>,
    grant: Option<Naming>,
    key_policy_decides: bool,
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
            key_policy_decides: scene.key_policy_decides,
        }
    }

    fn ask<T>(&self, asked: &Asked, then: impl FnOnce(&Question<'_>, &Layers<'_>) -> T) -> T {
        let own: Vec<&Policy> = self.identity.iter().collect();
        let session: Option<Vec<&Policy>> = self.session.as_ref().map(|all| all.iter().collect());
        let Asked { principal, action, resource, .. } = asked;
        then(
            &Question { principal, action, resource, keys: asked },
            &Layers {
                resource_policy: self.key_policy.as_ref(),
                resource_policy_decides: self.key_policy_decides,
                resource_account: self.key_policy.as_ref().map(|_| HERE),
                identity: if is_root(principal) { Identity::RootUser } else { Identity::Policies(&own) },
                boundary: self.boundary.as_ref(),
                session: session.as_deref(),
                grant: self.grant.map(|naming| ("grant-1", naming)),
            },
        )
    }
}

/// What the layers of a trace come to, taken together by whoever reads it.
fn combined(trace: &Trace, principal: &Principal, decides: bool) -> Verdict {
    let says = |layer| {
        let found = trace.layers.iter().find(|trace| trace.layer == layer);
        found.map(|trace| trace.verdict.clone())
    };
    let all = [Layer::Resource, Layer::Identity, Layer::Boundary, Layer::Session];
    for layer in all {
        if let Some(policy::Verdict::Denies { statement }) = says(layer) {
            return Verdict { allowed: false, explicit: true, layer, by: Some(statement) };
        }
    }
    let missing = |layer| Verdict { allowed: false, explicit: false, layer, by: None };
    let allowed = |layer, by| Verdict { allowed: true, explicit: false, layer, by: Some(by) };
    let bounds = [Layer::Boundary, Layer::Session];
    let bound = bounds.into_iter().find(|layer| says(*layer) == Some(policy::Verdict::Silent));
    let own = match says(Layer::Identity) {
        Some(policy::Verdict::Allows { by, .. }) => Some(by),
        _ => None,
    };
    let own_within = match (&own, bound) {
        (None, _) => missing(Layer::Identity),
        (Some(_), Some(bound)) => missing(bound),
        (Some(by), None) => allowed(Layer::Identity, by.clone()),
    };
    let granted = match says(Layer::Grant) {
        Some(policy::Verdict::Allows { by, naming }) => Some((by, naming.expect("grants name somebody"))),
        _ => None,
    };
    if let Some((by, naming)) = granted {
        let hindered = match (naming, bound) {
            (Naming::Directly, _) | (Naming::Bounded, None) => None,
            (Naming::Bounded, Some(bound)) => Some(missing(bound)),
            (Naming::Account, _) => Some(own_within).filter(|own| !own.allowed),
        };
        let Some(hindered) = hindered else { return allowed(Layer::Grant, by) };
        let without = trace.layers.iter().filter(|trace| trace.layer != Layer::Grant).cloned().collect();
        let otherwise =
            combined(&Trace { decision: trace.decision.clone(), layers: without }, principal, decides);
        return if otherwise.allowed { otherwise } else { hindered };
    }
    let (by, naming) = match says(Layer::Resource) {
        None => return own_within,
        Some(policy::Verdict::Allows { by, naming }) => (by, naming.expect("key policies name somebody")),
        Some(_) if !decides && principal.account().is_none_or(|account| account == HERE) => {
            return own_within;
        }
        Some(_) => return missing(if own.is_some() { Layer::Resource } else { Layer::Identity }),
    };
    let by_policy = allowed(Layer::Resource, by);
    match (principal.account(), naming, bound) {
        (Some(account), ..) if account != HERE => {
            if own_within.allowed {
                by_policy
            } else {
                own_within
            }
        }
        (_, Naming::Account, _) => own_within,
        (_, Naming::Bounded, Some(bound)) => missing(bound),
        _ => by_policy,
    }
}

fn verdict(decision: &Decision) -> Verdict {
    Verdict {
        allowed: decision.is_allowed(),
        explicit: decision.is_explicit(),
        layer: decision.layer(),
        by: decision.statement().map(str::to_owned),
    }
}

fn naively(scene: &Scene, asked: &Asked) -> Verdict {
    evaluate(&Case {
        principal: &asked.principal,
        action: asked.action,
        resource: asked.resource,
        context: &asked.context,
        doubtful: &asked.doubtful,
        worlds: &worlds(&asked.context, &asked.doubtful),
        key_policy: scene.key_policy.as_ref(),
        key_policy_decides: scene.key_policy_decides,
        key_account: scene.key_policy.as_ref().map(|_| HERE),
        identity: (!is_root(&asked.principal)).then_some(&scene.identity),
        boundary: scene.boundary.as_ref(),
        session: scene.session.as_deref(),
        grant: scene.grant.map(|naming| ("grant-1", Way::of(naming))),
    })
}

/// Whether it may do what its account may do, within its bounds.
fn is_root(principal: &Principal) -> bool {
    matches!(principal, Principal::Root { .. } | Principal::FederatedUser { user: None, .. })
}

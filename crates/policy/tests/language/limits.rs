//! Decisions that take too much work.

use std::collections::BTreeMap;

use policy::{
    Decision, Failure, Identity, Layer, Layers, Naming, Policy, PolicyKind, Principal, Question,
    StatementOutcome, decide, trace,
};

const ACCOUNT: &str = "111122223333";
const ALLOW: &str = r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#;

/// A statement that no decision can look at to its end: many patterns for a long value.
fn endless(effect: &str, principal: &str) -> String {
    let patterns: Vec<String> = (0..100).map(|number| format!("*{}{number}*", "a?".repeat(50))).collect();
    format!(
        r#"{{"Sid":"Endless","Effect":"{effect}",{principal}"Action":"kms:*","Resource":"*",
            "Condition":{{"StringLike":{{"kms:EncryptionContext:a":{patterns:?}}}}}}}"#
    )
}

fn parse(statements: &[&str], kind: PolicyKind) -> Policy {
    Policy::parse(&format!(r#"{{"Statement":[{}]}}"#, statements.join(",")), kind).unwrap()
}

fn ann() -> Principal {
    Principal::User {
        account: ACCOUNT.to_owned(),
        arn: format!("arn:aws:iam::{ACCOUNT}:user/ann"),
        unique_id: "AIDAANN".to_owned(),
    }
}

fn question<'a>(principal: &'a Principal, keys: &'a BTreeMap<String, Vec<String>>) -> Question<'a> {
    Question { principal, action: "kms:Encrypt", resource: "arn:aws:kms:us-east-1:111122223333:key/k", keys }
}

fn value(letters: usize) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([("kms:encryptioncontext:a".to_owned(), vec!["a".repeat(letters)])])
}

#[track_caller]
fn denied_beyond_limit(decision: &Decision) {
    assert!(!decision.is_allowed());
    assert_eq!((decision.layer(), decision.statement()), (Layer::Limit, None));
    assert_eq!(decision.layer().as_str(), "decision-limit");
    assert!(decision.is_explicit(), "nothing else may allow it");
    assert_eq!(decision.because("kms:Encrypt"), " because its policies take too much work to evaluate");
}

/// Everything allows, a grant too, and one layer has a denial that cannot be read to its end.
#[test]
fn in_every_layer_a_denial_that_takes_too_much_work_stands() {
    let everybody = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
    let open_key = parse(&[everybody], PolicyKind::KeyPolicy);
    let hostile_key = parse(&[everybody, &endless("Deny", r#""Principal":"*","#)], PolicyKind::KeyPolicy);
    let open = parse(&[ALLOW], PolicyKind::IdentityPolicy);
    let hostile = parse(&[ALLOW, &endless("Deny", "")], PolicyKind::IdentityPolicy);
    let ann = ann();
    let decided = |place: &str, keys: &BTreeMap<String, Vec<String>>| {
        let at = |this| if place == this { &hostile } else { &open };
        decide(
            &question(&ann, keys),
            &Layers {
                resource_policy: Some(if place == "key" { &hostile_key } else { &open_key }),
                resource_policy_decides: true,
                resource_account: Some(ACCOUNT),
                identity: Identity::Policies(&[at("identity")]),
                boundary: Some(at("boundary")),
                session: Some(&[at("session")]),
                grant: Some(("grant-1", Naming::Directly)),
            },
        )
    };
    for place in ["key", "identity", "boundary", "session"] {
        denied_beyond_limit(&decided(place, &value(100_000)));
        assert!(decided(place, &value(1_000)).is_allowed(), "{place}: ordinary values are decided on");
    }
    assert!(decided("nowhere", &value(100_000)).is_allowed());
}

#[test]
fn an_allow_behind_one_that_takes_too_much_work_allows_nothing() {
    let ann = ann();
    let keys = value(100_000);
    for statements in [[&*endless("Allow", ""), ALLOW], [ALLOW, &endless("Deny", "")]] {
        let policy = parse(&statements, PolicyKind::IdentityPolicy);
        denied_beyond_limit(&decide(&question(&ann, &keys), &alone(Identity::Policies(&[&policy]))));
    }
}

#[test]
fn the_root_user_is_no_exception() {
    let root = Principal::root(ACCOUNT);
    let keys = value(100_000);
    let own = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"}"#;
    let key_policy = parse(&[own, &endless("Deny", r#""Principal":"*","#)], PolicyKind::KeyPolicy);
    let layers = Layers {
        resource_policy: Some(&key_policy),
        resource_policy_decides: true,
        resource_account: Some(ACCOUNT),
        ..alone(Identity::RootUser)
    };
    denied_beyond_limit(&decide(&question(&root, &keys), &layers));
}

#[test]
fn a_trace_says_what_was_not_evaluated() {
    let policy = parse(&[&endless("Deny", ""), ALLOW], PolicyKind::IdentityPolicy);
    let (ann, keys) = (ann(), value(100_000));
    let trace = trace(&question(&ann, &keys), &alone(Identity::Policies(&[&policy])));
    denied_beyond_limit(&trace.decision);
    for statement in &trace.layers[0].statements {
        assert_eq!(statement.outcome, StatementOutcome::Fails(Failure::Limit));
    }
    assert_eq!(
        trace.to_string(),
        "denied: to evaluate the policies for this request takes too much work\n\
         identity-policy does not allow\n\
         \x20 2 not evaluated, as it takes too much work\n"
    );
}

/// A trace shows values, and does not copy a long one for each of many statements.
#[test]
fn a_trace_copies_no_more_than_a_decision_reads() {
    let wants = r#"{"Effect":"Deny","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:a":"b"}}}"#;
    let policy = parse(&[wants; 200], PolicyKind::IdentityPolicy);
    let (ann, keys) = (ann(), value(500_000));
    let trace = trace(&question(&ann, &keys), &alone(Identity::Policies(&[&policy])));
    let shown = |outcome: &StatementOutcome| match outcome {
        StatementOutcome::Fails(Failure::Condition { asked: Some(asked), .. }) => asked[0].len(),
        _ => 0,
    };
    let copied: usize = trace.layers[0].statements.iter().map(|traced| shown(&traced.outcome)).sum();
    assert!((500_000..5_000_000).contains(&copied), "{copied}");
}

fn alone(identity: Identity<'_>) -> Layers<'_> {
    Layers {
        resource_policy: None,
        resource_policy_decides: true,
        resource_account: None,
        identity,
        boundary: None,
        session: None,
        grant: None,
    }
}

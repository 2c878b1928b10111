//! Who decides what.

use std::collections::BTreeMap;

use policy::{Decision, Identity, Layer, Layers, Policy, PolicyKind, Principal, Question, decide};

const HERE: &str = "111122223333";
const THERE: &str = "444455556666";
const ALLOW_ALL: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const ALLOW_NOTHING: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

fn user(account: &str, name: &str) -> Principal {
    Principal::User {
        account: account.to_owned(),
        arn: format!("arn:aws:iam::{account}:user/{name}"),
        unique_id: format!("AIDA{}", name.to_uppercase()),
    }
}

fn session(account: &str, role: &str, name: &str) -> Principal {
    Principal::Session {
        account: account.to_owned(),
        role_arn: format!("arn:aws:iam::{account}:role/{role}"),
        role_id: format!("AROA{}", role.to_uppercase()),
        session_arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
    }
}

/// A key's policy, and what its caller has.
struct Case<'a> {
    key_policy: &'a str,
    identity: Option<&'a str>,
    boundary: Option<&'a str>,
    session: Option<&'a str>,
}

impl Case<'_> {
    fn decide(&self, principal: &Principal) -> Decision {
        let identity = |text: &str| Policy::parse(text, PolicyKind::IdentityPolicy).unwrap();
        let key_policy = Policy::parse(self.key_policy, PolicyKind::KeyPolicy).unwrap();
        let own: Vec<Policy> = self.identity.into_iter().map(identity).collect();
        let own: Vec<&Policy> = own.iter().collect();
        let boundary = self.boundary.map(identity);
        let session = self.session.map(identity);
        let session: Option<Vec<&Policy>> = session.as_ref().map(|policy| vec![policy]);
        let keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let question = Question {
            principal,
            action: "kms:Encrypt",
            resource: "arn:aws:kms:us-east-1:111122223333:key/k",
            keys: &keys,
        };
        decide(
            &question,
            &Layers {
                resource_policy: Some(&key_policy),
                resource_policy_decides: true,
                resource_account: Some(HERE),
                identity: Identity::Policies(&own),
                boundary: boundary.as_ref(),
                session: session.as_deref(),
                grant: None,
            },
        )
    }
}

fn statement(effect: &str, element: &str, aws: &[&str]) -> String {
    format!(
        r#"{{"Sid":"{effect}","Effect":"{effect}","{element}":{{"AWS":{aws:?}}},"Action":"kms:*","Resource":"*"}}"#
    )
}

fn policy(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

#[test]
fn not_principal_with_deny_spares_only_those_listed_with_all_they_go_by() {
    let root = format!("arn:aws:iam::{HERE}:root");
    let bob = format!("arn:aws:iam::{HERE}:user/bob");
    let role = format!("arn:aws:iam::{HERE}:role/app");
    let one = format!("arn:aws:sts::{HERE}:assumed-role/app/one");
    let denied = |listed: &[&str], boundary, principal: &Principal| {
        let text =
            policy(&[statement("Allow", "Principal", &["*"]), statement("Deny", "NotPrincipal", listed)]);
        let case = Case { key_policy: &text, identity: None, boundary, session: None };
        !case.decide(principal).is_allowed()
    };
    let (alice, bob_himself) = (user(HERE, "alice"), user(HERE, "bob"));
    // The account is listed because the exception needs it, not as an exception for all in it.
    assert!(denied(&[&root, &bob], None, &alice));
    assert!(!denied(&[&root, &bob], None, &bob_himself));
    assert!(denied(&[&bob], None, &bob_himself));
    assert!(denied(&[&root], None, &bob_himself));
    assert!(!denied(&[&root], None, &Principal::root(HERE)));
    assert!(denied(&[&bob], None, &Principal::root(HERE)));
    let (first, second) = (session(HERE, "app", "one"), session(HERE, "app", "two"));
    assert!(!denied(&[&root, &role, &one], None, &first));
    assert!(denied(&[&root, &role, &one], None, &second));
    assert!(denied(&[&role, &one], None, &first));
    assert!(denied(&[&root, &one], None, &first));
    assert!(!denied(&["*"], None, &second));
    // AWS documents that a permissions boundary undoes the exception.
    assert!(denied(&[&root, &bob], Some(ALLOW_ALL), &bob_himself));
}

#[test]
fn a_service_that_a_key_policy_names_needs_nothing_else() {
    let service = Principal::Service { name: "logs.us-east-1.amazonaws.com".to_owned() };
    let named = r#"{"Statement":{"Sid":"S","Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},
        "Action":"kms:*","Resource":"*"}}"#;
    let case = Case { key_policy: named, identity: None, boundary: None, session: None };
    let decision = case.decide(&service);
    assert!(decision.is_allowed());
    assert_eq!((decision.layer(), decision.statement()), (Layer::Resource, Some("S")));
    let other = Principal::Service { name: "ec2.amazonaws.com".to_owned() };
    assert!(!case.decide(&other).is_allowed());
}

#[test]
fn bounds_limit_what_a_role_is_given_and_not_what_a_user_or_session_is_given() {
    let given = |aws: &str, principal: &Principal, boundary, session| {
        let text = policy(&[statement("Allow", "Principal", &[aws])]);
        let decision = Case { key_policy: &text, identity: None, boundary, session }.decide(principal);
        (decision.is_allowed(), decision.layer())
    };
    let (bob, app) = (user(HERE, "bob"), session(HERE, "app", "one"));
    let bob_arn = format!("arn:aws:iam::{HERE}:user/bob");
    let role_arn = format!("arn:aws:iam::{HERE}:role/app");
    let session_arn = format!("arn:aws:sts::{HERE}:assumed-role/app/one");
    let nothing = Some(ALLOW_NOTHING);
    assert_eq!(given(&bob_arn, &bob, nothing, nothing), (true, Layer::Resource));
    assert_eq!(given(&session_arn, &app, nothing, nothing), (true, Layer::Resource));
    assert_eq!(given("*", &app, nothing, nothing), (true, Layer::Resource));
    assert_eq!(given(&role_arn, &app, None, None), (true, Layer::Resource));
    assert_eq!(given(&role_arn, &app, nothing, None), (false, Layer::Boundary));
    assert_eq!(given(&role_arn, &app, Some(ALLOW_ALL), nothing), (false, Layer::Session));
    assert_eq!(given("AROAAPP", &app, nothing, None), (false, Layer::Boundary));
    assert_eq!(given("AIDABOB", &bob, nothing, None), (true, Layer::Resource));
}

#[test]
fn the_first_layer_that_is_missing_is_named() {
    let silent = policy(&[statement("Allow", "Principal", &[THERE])]);
    let delegating = policy(&[statement("Allow", "Principal", &[HERE])]);
    let bob = user(HERE, "bob");
    for (key_policy, identity, boundary, session, layer) in [
        (&silent, None, None, None, Layer::Identity),
        (&silent, Some(ALLOW_ALL), None, None, Layer::Resource),
        (&silent, Some(ALLOW_ALL), Some(ALLOW_NOTHING), None, Layer::Resource),
        (&silent, Some(ALLOW_NOTHING), Some(ALLOW_NOTHING), None, Layer::Identity),
        (&delegating, None, Some(ALLOW_NOTHING), None, Layer::Identity),
        (&delegating, Some(ALLOW_ALL), Some(ALLOW_NOTHING), Some(ALLOW_NOTHING), Layer::Boundary),
        (&delegating, Some(ALLOW_ALL), Some(ALLOW_ALL), Some(ALLOW_NOTHING), Layer::Session),
    ] {
        let decision = Case { key_policy, identity, boundary, session }.decide(&bob);
        assert!(!decision.is_allowed());
        assert_eq!((decision.layer(), decision.statement()), (layer, None), "{key_policy} {identity:?}");
    }
}

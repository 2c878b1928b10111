//! What administrators are told.

use std::collections::BTreeMap;

use policy::{
    Failure, Identity, Layers, Naming, Policy, PolicyKind, Principal, Question, StatementOutcome, Trace,
    Verdict, trace,
};

const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Root","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},
    {"Sid":"Readers","Effect":"Allow","Principal":"*","Action":"kms:DescribeKey","Resource":"*"},
    {"Sid":"Bob\nonly","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},
     "Action":"kms:*","Resource":"*"},
    {"Sid":"Empty","Effect":"Allow","Principal":"*","Action":"kms:*"}]}"#;
const OWN: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"App","Effect":"Allow","Action":"kms:Encrypt","Resource":"*",
     "Condition":{"StringEquals":{"kms:EncryptionContext:app":["web","${aws:username}"]}}},
    {"Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws:kms:*:*:key/other"},
    {"Sid":"Reads","Effect":"Allow","Action":["kms:Get*","kms:List*"],"Resource":"*"}]}"#;

fn traced(own: &[&str], boundary: Option<&str>, keys: &[(&str, &str)]) -> Trace {
    let identity = |text: &&str| Policy::parse(text, PolicyKind::IdentityPolicy).unwrap();
    let key_policy = Policy::parse(KEY_POLICY, PolicyKind::KeyPolicy).unwrap();
    let own: Vec<Policy> = own.iter().map(identity).collect();
    let own: Vec<&Policy> = own.iter().collect();
    let boundary = boundary.as_ref().map(identity);
    let principal = Principal::User {
        account: "111122223333".to_owned(),
        arn: "arn:aws:iam::111122223333:user/ann".to_owned(),
        unique_id: "AIDAANN".to_owned(),
    };
    let keys: BTreeMap<String, Vec<String>> =
        keys.iter().map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()])).collect();
    trace(
        &Question {
            principal: &principal,
            action: "kms:Encrypt",
            resource: "arn:aws:kms:us-east-1:111122223333:key/k",
            keys: &keys,
        },
        &Layers {
            resource_policy: Some(&key_policy),
            resource_policy_decides: true,
            resource_account: Some("111122223333"),
            identity: Identity::Policies(&own),
            boundary: boundary.as_ref(),
            session: None,
            grant: None,
        },
    )
}

#[test]
fn the_first_thing_that_does_not_fit_is_told_of_each_statement() {
    let trace = traced(&[OWN], None, &[("kms:encryptioncontext:app", "db")]);
    assert_eq!(
        trace.to_string(),
        "denied: identity-policy would have had to allow it\n\
         key-policy lets the account's identity policies decide: `Root`\n\
         \x20 allow `Root`: matches\n\
         \x20 allow `Bob\\nonly`: Principal does not fit: `arn:aws:iam::111122223333:user/bob`\n\
         \x20 allow `Empty`: has no action or no resource, and so is about nothing\n\
         \x20 1 statement is about other actions\n\
         identity-policy does not allow\n\
         \x20 allow `App`: StringEquals kms:EncryptionContext:app wants `web`, `${aws:username}`, the request has `db`\n\
         \x20 allow `2`: Resource does not fit: `arn:aws:kms:*:*:key/other`\n\
         \x20 1 statement is about other actions\n"
    );
}

#[test]
fn absent_keys_and_missing_layers_are_told() {
    let trace = traced(&[], Some(OWN), &[]);
    let text = trace.to_string();
    assert!(text.contains("identity-policy does not allow: there is none\n"), "{text}");
    assert!(text.contains("permissions-boundary does not allow\n"), "{text}");
    assert!(text.contains("wants `web`, `${aws:username}`, the request has none\n"), "{text}");
}

#[test]
fn a_trace_is_also_for_programs() {
    let own = r#"{"Statement":{"Sid":"Own","Effect":"Deny","Action":"kms:*","Resource":"*"}}"#;
    let trace = traced(&[OWN, own], None, &[("kms:encryptioncontext:app", "web")]);
    let (key_policy, identity) = (&trace.layers[0], &trace.layers[1]);
    let named = Verdict::Allows { by: "Root".to_owned(), naming: Some(Naming::Account) };
    assert_eq!(key_policy.verdict, named);
    assert_eq!(identity.verdict, Verdict::Denies { statement: "Own".to_owned() });
    let places: Vec<_> = identity.statements.iter().map(|traced| (traced.policy, traced.place)).collect();
    assert_eq!(places, [(0, 0), (0, 1), (0, 2), (1, 0)]);
    assert_eq!(identity.statements[0].outcome, StatementOutcome::Matches(None));
    assert!(matches!(identity.statements[2].outcome, StatementOutcome::Fails(Failure::Action(_))));
    assert_eq!(trace.decision.statement(), Some("Own"));
}

#[test]
fn a_long_policy_makes_no_endless_text() {
    let statement = format!(
        r#"{{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{{"StringEquals":{{"aws:userid":["{}"]}}}}}}"#,
        "x".repeat(500)
    );
    let many = format!(r#"{{"Statement":[{}]}}"#, vec![statement; 100].join(","));
    let text = traced(&[&many], None, &[]).to_string();
    assert!(text.contains("and 84 more that do not fit"), "{text}");
    assert!(text.len() < 5000, "{}", text.len());
}

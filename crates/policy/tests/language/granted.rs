//! Which services a policy allows anything of.

use policy::{Policy, PolicyKind};

#[track_caller]
fn allows(statements: &str, expected: [bool; 3]) {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let policy = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
    assert_eq!(["kms", "iam", "s3"].map(|service| policy.allows_something_of(service)), expected, "{text}");
}

#[test]
fn a_service_is_allowed_by_any_of_its_actions() {
    let allow = |actions: &str| format!(r#"{{"Effect":"Allow","Action":{actions},"Resource":"*"}}"#);
    allows(&allow(r#""*""#), [true; 3]);
    allows(&allow(r#"["KMS:Decrypt","kmsx:Encrypt"]"#), [true, false, false]);
    allows(&[allow(r#""kms:*""#), allow(r#""iam:Get*""#)].join(","), [true, true, false]);
    allows(r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#, [false; 3]);
}

#[test]
fn all_but_some_actions_are_all_services_but_those_left_out_as_a_whole() {
    let but = |actions: &str| format!(r#"{{"Effect":"Allow","NotAction":{actions},"Resource":"*"}}"#);
    allows(&but(r#"["kms:*","iam:Get*"]"#), [false, true, true]);
    allows(&but(r#""*""#), [false; 3]);
}

//! Names that differ in case only, where the names of condition keys do not: no name goes before another.

use std::collections::BTreeMap;

use policy::{
    ConditionKey, ConditionKeys, Identity, Layers, Policy, PolicyKind, Principal, Question, Values, decide,
};

/// An encryption context, or tags; the variable `${aws:PrincipalTag/…}` stands for them too.
struct Pairs<'a>(&'a [(&'a str, &'a str)]);

impl ConditionKeys for Pairs<'_> {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        Values::of(key.variable()?, self.0.iter().copied())
    }
}

const STAGE: &str = "kms:EncryptionContext:stage";

fn decided(statements: &str, resource: &str, pairs: &[(&str, &str)]) -> bool {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
    let policy = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
    let principal = Principal::root("111122223333");
    let keys = Pairs(pairs);
    let question = Question { principal: &principal, action: "kms:Encrypt", resource, keys: &keys };
    let layers = Layers {
        resource_policy: None,
        resource_policy_decides: true,
        resource_account: None,
        identity: Identity::Policies(&[&policy]),
        boundary: None,
        session: None,
        grant: None,
    };
    decide(&question, &layers).is_allowed()
}

fn statement(effect: &str, element: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Action":"kms:Encrypt",{element}}}"#)
}

/// Whether an allow that this is a part of allows, and whether a denial denies.
fn holds(element: &str, resource: &str, pairs: &[(&str, &str)]) -> (bool, bool) {
    let all = statement("Allow", r#""Resource":"*""#);
    let deny = statement("Deny", element);
    (
        decided(&statement("Allow", element), resource, pairs),
        !decided(&format!("{deny},{all}"), resource, pairs),
    )
}

const ALWAYS: (bool, bool) = (true, true);
const NEVER: (bool, bool) = (false, false);
/// It may be so: enough to deny, and not to allow.
const PERHAPS: (bool, bool) = (false, true);

#[track_caller]
fn check(operator: &str, value: &str, pairs: &[(&str, &str)], expected: (bool, bool)) {
    let element = format!(r#""Resource":"*","Condition":{{"{operator}":{{"{STAGE}":{value}}}}}"#);
    assert_eq!(holds(&element, "*", pairs), expected, "{operator} {value} {pairs:?}");
}

#[test]
fn a_denial_holds_for_any_of_them_and_an_allow_for_all() {
    let prod = r#""prod""#;
    for pairs in [
        [("Stage", "test"), ("stage", "prod")],
        [("stage", "test"), ("Stage", "prod")],
        [("STAGE", "a"), ("stage", "prod")],
        [("stagE", "prod"), ("stage", "test")],
    ] {
        check("StringEquals", prod, &pairs, PERHAPS);
        check("StringNotEquals", prod, &pairs, PERHAPS);
        check("StringLike", r#""pr*""#, &pairs, PERHAPS);
        check("StringNotLike", r#""pr*""#, &pairs, PERHAPS);
        check("StringEqualsIfExists", prod, &pairs, PERHAPS);
        check("ForAnyValue:StringEquals", prod, &pairs, PERHAPS);
        check("ForAllValues:StringEquals", prod, &pairs, PERHAPS);
        check("ForAnyValue:StringNotEquals", prod, &pairs, PERHAPS);
        check("StringEquals", r#"["a","prod","test"]"#, &pairs, ALWAYS);
        check("StringNotEquals", r#"["a","prod","test"]"#, &pairs, NEVER);
        check("StringEquals", r#""other""#, &pairs, NEVER);
        check("StringNotEquals", r#""other""#, &pairs, ALWAYS);
        check("Null", r#""true""#, &pairs, NEVER);
        check("Null", r#""false""#, &pairs, ALWAYS);
    }
}

#[test]
fn names_with_the_same_value_leave_no_doubt() {
    check("StringEquals", r#""prod""#, &[("Stage", "prod"), ("stage", "prod")], ALWAYS);
    check("StringNotEquals", r#""prod""#, &[("Stage", "prod"), ("stage", "prod")], NEVER);
    check("StringEquals", r#""prod""#, &[("Stages", "test"), ("stage", "prod")], ALWAYS);
    check("StringEquals", r#""prod""#, &[("Stages", "prod")], NEVER);
}

#[test]
fn letters_beyond_ascii_have_cases_too() {
    let element = r#""Resource":"*","Condition":{"StringEquals":{"kms:EncryptionContext:Größe":"prod"}}"#;
    for (name, expected) in [("größe", ALWAYS), ("GRÖßE", ALWAYS), ("GRÖSSE", NEVER), ("grosse", NEVER)]
    {
        assert_eq!(holds(element, "*", &[(name, "prod")]), expected, "{name}");
    }
    assert_eq!(holds(element, "*", &[("größe", "prod"), ("GrÖße", "test")]), PERHAPS);
    // The sign of Kelvin is a K.
    assert_eq!(Values::of("key", [("\u{212A}EY", "a")]), Some(Values::one("a")));
    assert_eq!(Values::of("\u{212A}EY", [("key", "a")]), Some(Values::one("a")));
}

#[test]
fn variables_stand_for_any_of_them_to_deny_and_for_all_to_allow() {
    let pairs = [("Team", "a"), ("team", "b"), ("Unit", "x"), ("unit", "y")];
    for (element, expected) in [
        (r#""Resource":"arn:aws:kms:::key/${aws:PrincipalTag/team}""#, PERHAPS),
        (r#""NotResource":"arn:aws:kms:::key/${aws:PrincipalTag/team}""#, PERHAPS),
        (r#""Resource":"arn:aws:kms:::key/${aws:PrincipalTag/unit}""#, NEVER),
        (r#""NotResource":"arn:aws:kms:::key/${aws:PrincipalTag/unit}""#, ALWAYS),
        (r#""Resource":"arn:aws:kms:::key/*${aws:PrincipalTag/none, 'a'}""#, ALWAYS),
    ] {
        assert_eq!(holds(element, "arn:aws:kms:::key/a", &pairs), expected, "{element}");
    }
    // All of one with all of the other.
    let both = r#""Resource":"arn:aws:kms:::key/${aws:PrincipalTag/team}-${aws:PrincipalTag/unit}""#;
    for (key, expected) in [("a-x", PERHAPS), ("b-x", PERHAPS), ("b-y", PERHAPS), ("x-a", NEVER)] {
        assert_eq!(holds(both, &format!("arn:aws:kms:::key/{key}"), &pairs), expected, "{key}");
    }
    for (operator, expected) in
        [("StringEquals", PERHAPS), ("StringNotEquals", PERHAPS), ("StringEqualsIgnoreCase", PERHAPS)]
    {
        let element = format!(
            r#""Resource":"*","Condition":{{"{operator}":{{"{STAGE}":"${{aws:PrincipalTag/team}}"}}}}"#
        );
        let pairs = [pairs.as_slice(), &[("stage", "a")]].concat();
        assert_eq!(holds(&element, "*", &pairs), expected, "{operator}");
    }
}

#[test]
fn keys_by_their_names_are_told_in_any_case() {
    let one = |value: &str| vec![value.to_owned()];
    let mut keys = BTreeMap::from([("aws:principaltag/Team".to_owned(), one("a"))]);
    let key = ConditionKey::parse("aws:PrincipalTag/tEAM");
    assert_eq!(keys.lookup(&key), Some(Values::one("a")));
    keys.insert("aws:principaltag/team".to_owned(), one("b"));
    assert_eq!(keys.lookup(&key), Some(Values::Either(vec!["a".into(), "b".into()])));
    assert_eq!(keys.lookup(&ConditionKey::parse("aws:PrincipalTag/teams")), None);
}

/// Twenty variables of many values each would be more ways than anybody can try.
#[test]
fn too_many_ways_are_a_denial() {
    let names: Vec<String> = (0..1024_u32)
        .map(|bits| (0..10).map(|bit| if bits >> bit & 1 == 1 { 'A' } else { 'a' }).collect())
        .collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (&**name, &**name)).collect();
    let text = "${aws:PrincipalTag/aaaaaaaaaa}".repeat(20);
    let element = format!(r#""Resource":"arn:aws:kms:::key/{text}*""#);
    assert_eq!(holds(&element, "arn:aws:kms:::key/b", &pairs), (false, true));
}

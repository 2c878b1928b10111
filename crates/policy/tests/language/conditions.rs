//! When conditions hold.

use std::collections::BTreeMap;

use policy::{
    ConditionKey, ConditionKeys, Identity, Layers, Policy, PolicyKind, Principal, Question, Values, decide,
};

/// Keys by their names; a key with an empty list is there and has no values.
struct Keys(BTreeMap<&'static str, &'static [&'static str]>);

impl ConditionKeys for Keys {
    fn lookup(&self, key: &ConditionKey) -> Option<Values<'_>> {
        let values = self.0.get(key.full_name().as_str())?;
        Some(match values {
            [one] => Values::one(*one),
            many => Values::many(many.iter().copied()),
        })
    }
}

/// Whether an allow under a condition allows.
#[track_caller]
fn holds(version: &str, condition: &str, keys: &[(&'static str, &'static [&'static str])]) -> bool {
    let text = format!(
        r#"{{"Version":"{version}","Statement":
        {{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{{{condition}}}}}}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::IdentityPolicy).unwrap();
    let principal = Principal::root("111122223333");
    let keys = Keys(keys.iter().copied().collect());
    let question = Question { principal: &principal, action: "kms:Encrypt", resource: "*", keys: &keys };
    let own = [&policy];
    decide(
        &question,
        &Layers {
            resource_policy: None,
            resource_policy_decides: true,
            resource_account: None,
            identity: Identity::Policies(&own),
            boundary: None,
            session: None,
            grant: None,
        },
    )
    .is_allowed()
}

#[track_caller]
fn check(condition: &str, keys: &[(&'static str, &'static [&'static str])], expected: bool) {
    assert_eq!(holds("2012-10-17", condition, keys), expected, "{condition} {keys:?}");
}

#[test]
fn a_key_without_values_is_absent_for_every_operator() {
    for (condition, expected) in [
        (r#""StringEquals":{"aws:a":"x"}"#, false),
        (r#""StringNotEquals":{"aws:a":"x"}"#, true),
        (r#""StringEqualsIfExists":{"aws:a":"x"}"#, true),
        (r#""NumericEqualsIfExists":{"aws:a":"1"}"#, true),
        (r#""ForAnyValue:StringEqualsIfExists":{"aws:a":"x"}"#, true),
        (r#""ForAnyValue:StringNotEquals":{"aws:a":"x"}"#, false),
        (r#""ForAllValues:StringEquals":{"aws:a":"x"}"#, true),
        (r#""Null":{"aws:a":"true"}"#, true),
        (r#""Null":{"aws:a":"false"}"#, false),
    ] {
        check(condition, &[], expected);
        check(condition, &[("aws:a", &[])], expected);
    }
}

#[test]
fn clients_of_a_socket_for_both_internets_are_known_by_their_ipv4_addresses() {
    check(r#""IpAddress":{"aws:sourceip":"192.0.2.0/24"}"#, &[("aws:sourceip", &["::ffff:192.0.2.7"])], true);
    check(
        r#""NotIpAddress":{"aws:sourceip":"192.0.2.0/24"}"#,
        &[("aws:sourceip", &["::ffff:192.0.2.7"])],
        false,
    );
    check(
        r#""IpAddress":{"aws:sourceip":"::ffff:192.0.2.0/120"}"#,
        &[("aws:sourceip", &["192.0.2.7"])],
        true,
    );
    check(r#""IpAddress":{"aws:sourceip":"0.0.0.0/0"}"#, &[("aws:sourceip", &["2001:db8::1"])], false);
    check(r#""IpAddress":{"aws:sourceip":"::/0"}"#, &[("aws:sourceip", &["2001:db8::1"])], true);
    check(r#""IpAddress":{"aws:sourceip":"::/0"}"#, &[("aws:sourceip", &["::ffff:192.0.2.7"])], false);
}

#[test]
fn what_a_variable_stands_for_is_no_pattern() {
    let user: (&'static str, &'static [&'static str]) = ("aws:username", &["*"]);
    for operator in ["ArnLike", "ArnEquals", "StringLike"] {
        let condition =
            format!(r#""{operator}":{{"aws:principalarn":"arn:aws:iam::1:user/${{aws:username}}"}}"#);
        check(&condition, &[user, ("aws:principalarn", &["arn:aws:iam::1:user/bob"])], false);
        check(&condition, &[user, ("aws:principalarn", &["arn:aws:iam::1:user/*"])], true);
        let escaped = format!(r#""{operator}":{{"aws:principalarn":"arn:aws:iam::1:user/${{*}}"}}"#);
        check(&escaped, &[("aws:principalarn", &["arn:aws:iam::1:user/bob"])], false);
    }
}

#[test]
fn version_2008_has_no_variables() {
    let condition = r#""StringEquals":{"aws:a":"${aws:username}"}"#;
    let user: (&'static str, &'static [&'static str]) = ("aws:username", &["bob"]);
    assert!(holds("2012-10-17", condition, &[user, ("aws:a", &["bob"])]));
    assert!(!holds("2008-10-17", condition, &[user, ("aws:a", &["bob"])]));
    assert!(holds("2008-10-17", condition, &[user, ("aws:a", &["${aws:username}"])]));
}

#[test]
fn a_variable_without_a_value_is_like_nothing() {
    let positive = r#""StringEquals":{"aws:a":"${aws:username}"}"#;
    let negative = r#""StringNotEquals":{"aws:a":"${aws:username}"}"#;
    let default = r#""StringEquals":{"aws:a":"${aws:username, 'nobody'}"}"#;
    check(positive, &[("aws:a", &["${aws:username}"])], false);
    check(positive, &[("aws:a", &[""])], false);
    check(negative, &[("aws:a", &["bob"])], true);
    check(default, &[("aws:a", &["nobody"])], true);
    // A key with several values has no value to fill in.
    check(positive, &[("aws:a", &["bob"]), ("aws:username", &["bob", "eve"])], false);
    check(default, &[("aws:a", &["nobody"]), ("aws:username", &["bob", "eve"])], false);
}

#[test]
fn ignoring_case_also_ignores_it_in_what_variables_stand_for() {
    let condition = r#""StringEqualsIgnoreCase":{"aws:a":"X-${aws:username, 'None'}"}"#;
    check(condition, &[("aws:a", &["x-BOB"]), ("aws:username", &["bob"])], true);
    check(condition, &[("aws:a", &["x-nOnE"])], true);
    check(r#""StringEqualsIgnoreCase":{"aws:a":"ΟΔΟΣ"}"#, &[("aws:a", &["οδοσ"])], true);
    check(r#""StringNotEqualsIgnoreCase":{"aws:a":"ΟΔΟΣ"}"#, &[("aws:a", &["οδοσ"])], false);
}

#[test]
fn dates_of_every_form_compare() {
    for (text, earlier, later) in [
        ("2026-11-24T20:15:00Z", "2026-11-24T20:14:59Z", "2026-11-24T20:15:01Z"),
        ("2026-11-24T20:15Z", "2026-11-24T20:14:59Z", "2026-11-24T21:15:01+01:00"),
        ("2026-11-24", "2026-11-23T23:59:59.9Z", "1795564800"),
        ("2026-11", "2026-10-31", "2026-11-01T00:00:01Z"),
    ] {
        let condition = format!(r#""DateLessThan":{{"aws:currenttime":"{text}"}}"#);
        check(&condition, &[("aws:currenttime", Box::leak(Box::new([earlier])))], true);
        check(&condition, &[("aws:currenttime", Box::leak(Box::new([later])))], false);
    }
}

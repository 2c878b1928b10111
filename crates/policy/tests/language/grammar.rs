//! What is no policy.

use policy::{Malformed, Policy, PolicyKind, Rule};

use PolicyKind::{IdentityPolicy, KeyPolicy, TrustPolicy};

/// A statement with these members more.
fn with(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{members}}}}}"#)
}

fn key_policy(members: &str) -> Result<Policy, Malformed> {
    Policy::parse(&with(&format!(r#""Principal":"*",{members}"#)), KeyPolicy)
}

fn identity_policy(members: &str) -> Result<Policy, Malformed> {
    Policy::parse(&with(members), IdentityPolicy)
}

const ALL: &str = r#""Action":"kms:*","Resource":"*""#;

#[track_caller]
fn breaks(parsed: Result<Policy, Malformed>, expected: Rule) {
    match parsed {
        Err(Malformed::Statement { number: 1, rule }) => assert_eq!(rule, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

#[test]
fn only_the_form_of_a_policy_is_taken() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
    let good = [
        format!(r#"{{"Statement":{statement}}}"#),
        format!(r#"{{"Statement":[{statement}]}}"#),
        format!(" \n{{\"Version\":\"2008-10-17\",\"Id\":\"x\",\"Statement\":[{statement},{statement}]}}\n"),
        r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["*","111122223333"]}}}"#.to_owned(),
    ];
    for text in good {
        assert!(Policy::parse(&text, KeyPolicy).is_ok(), "{text}");
    }
    let bad = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        statement.to_owned(),
        format!(r#"{{"statement":{statement}}}"#),
        format!(r#"{{"Statement":{statement}}} x"#),
        format!(r#"{{"Statement":{statement},"Statement":{statement}}}"#),
        format!(r#"{{"Statement":{statement},"Author":"me"}}"#),
        format!(r#"{{"Statement":[[{statement}]]}}"#),
        format!(r#"{{"Version":20121017,"Statement":{statement}}}"#),
        // Members by their place instead of their name.
        format!(r#"["2012-10-17","id",{statement}]"#),
        r#"{"Statement":[["sid","Allow","*",null,"kms:*",null,"*",null,null]]}"#.to_owned(),
        format!("{}{}", "[".repeat(200_000), "]".repeat(200_000)),
        format!(r#"{{"Statement":{}}}"#, "[".repeat(200)),
    ];
    for text in bad {
        let parsed = Policy::parse(&text, KeyPolicy);
        assert!(matches!(parsed, Err(Malformed::Json { .. })), "{text:.80}: {parsed:?}");
    }
}

#[test]
fn versions_are_the_two_that_exist() {
    for (version, fine) in [("2012-10-17", true), ("2008-10-17", true), ("2012-10-18", false), ("", false)] {
        let text = format!(r#"{{"Version":"{version}","Statement":{{"Effect":"Deny",{ALL}}}}}"#);
        let parsed = Policy::parse(&text, IdentityPolicy);
        assert_eq!(parsed.is_ok(), fine, "{version}");
        assert!(fine || parsed == Err(Malformed::Version));
    }
}

#[test]
fn a_policy_has_a_statement() {
    for kind in [KeyPolicy, IdentityPolicy, TrustPolicy] {
        assert_eq!(Policy::parse(r#"{"Statement":[]}"#, kind), Err(Malformed::NoStatement));
    }
}

#[test]
fn null_is_not_the_same_as_nothing() {
    for member in ["Sid", "Condition", "NotAction", "NotResource", "NotPrincipal"] {
        let parsed = key_policy(&format!(r#"{ALL},"{member}":null"#));
        assert!(matches!(parsed, Err(Malformed::Json { .. })), "{member}: {parsed:?}");
    }
    for member in ["Version", "Id"] {
        let text = format!(r#"{{"{member}":null,"Statement":{{"Effect":"Deny",{ALL}}}}}"#);
        assert!(matches!(Policy::parse(&text, IdentityPolicy), Err(Malformed::Json { .. })), "{member}");
    }
}

#[test]
fn members_of_wrong_types_are_refused() {
    for members in [
        r#""Action":1,"Resource":"*""#,
        r#""Action":["kms:*",true],"Resource":"*""#,
        r#""Action":[["kms:*"]],"Resource":"*""#,
        r#""Action":{"kms":"*"},"Resource":"*""#,
        r#""Action":"kms:*","Resource":{}"#,
        r#""Action":"kms:*","Resource":"*","Sid":1"#,
        r#""Action":"kms:*","Resource":"*","Condition":[]"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":"true"}"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:a":{"b":"c"}}}"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:a":null}}"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:a":[["true"]]}}"#,
        r#""Action":"kms:*","Resource":"*","Effect":"Deny""#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:a":"true"},"Bool":{"aws:a":"true"}}"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"Bool":{"aws:a":"true","aws:a":"true"}}"#,
    ] {
        assert!(matches!(identity_policy(members), Err(Malformed::Json { .. })), "{members}");
    }
}

#[test]
fn an_empty_list_says_nothing_and_is_no_list() {
    for members in [
        r#""Action":[],"Resource":"*""#,
        r#""NotAction":[],"Resource":"*""#,
        r#""Action":"kms:*","Resource":[]"#,
        r#""Action":"kms:*","NotResource":[]"#,
        r#""Action":"kms:*","Resource":"*","Condition":{"StringNotEquals":{"aws:userid":[]}}"#,
    ] {
        breaks(identity_policy(members), Rule::Empty);
        breaks(key_policy(members), Rule::Empty);
    }
    for principal in [r"{}", r#"{"AWS":[]}"#] {
        let text = with(&format!(r#""NotPrincipal":{principal},{ALL}"#));
        breaks(Policy::parse(&text, KeyPolicy), Rule::Empty);
    }
    assert!(identity_policy(&format!(r#"{ALL},"Condition":{{}}"#)).is_ok());
    assert!(identity_policy(&format!(r#"{ALL},"Condition":{{"Bool":{{}}}}"#)).is_ok());
}

#[test]
fn effects_and_elements() {
    let effect =
        |effect| Policy::parse(&format!(r#"{{"Statement":{{"Effect":"{effect}",{ALL}}}}}"#), IdentityPolicy);
    assert!(effect("Deny").is_ok());
    breaks(effect("allow"), Rule::Effect);
    breaks(identity_policy(r#""Resource":"*""#), Rule::Action);
    breaks(identity_policy(r#""Action":"kms:*""#), Rule::Resource);
    breaks(identity_policy(r#""Action":"kms:*","NotAction":"kms:*","Resource":"*""#), Rule::ActionTwice);
    breaks(identity_policy(r#""Action":"kms:*","Resource":"*","NotResource":"*""#), Rule::ResourceTwice);
    for action in ["kms", "", ":Encrypt", "kms:"] {
        breaks(identity_policy(&format!(r#""Action":"{action}","Resource":"*""#)), Rule::ActionForm);
    }
    // A key policy's statement without them is accepted, and about nothing.
    assert!(key_policy(r#""Sid":"with spaces, in a key policy""#).is_ok());
}

#[test]
fn sids_of_iam_policies_are_alphanumeric_and_unique() {
    let two = |one: &str, other: &str| {
        format!(
            r#"{{"Statement":[{{"Sid":"{one}","Effect":"Allow",{ALL}}},{{"Sid":"{other}","Effect":"Allow",{ALL}}}]}}"#
        )
    };
    assert!(Policy::parse(&two("a", "b"), IdentityPolicy).is_ok());
    assert!(Policy::parse(&two("", ""), IdentityPolicy).is_ok());
    breaks(Policy::parse(&two("a b", "b"), IdentityPolicy), Rule::SidForm);
    assert_eq!(
        Policy::parse(&two("a", "a"), IdentityPolicy),
        Err(Malformed::Statement { number: 2, rule: Rule::SidTwice })
    );
}

#[test]
fn principals_belong_to_policies_on_resources() {
    breaks(identity_policy(&format!(r#""Principal":"*",{ALL}"#)), Rule::NoPrincipal);
    breaks(Policy::parse(&with(ALL), KeyPolicy), Rule::Principal);
    breaks(Policy::parse(&with(r#""Action":"sts:AssumeRole""#), TrustPolicy), Rule::Principal);
    let trust = |members: &str| Policy::parse(&with(members), TrustPolicy);
    assert!(trust(r#""Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole""#).is_ok());
    breaks(trust(r#""NotPrincipal":"*","Action":"sts:AssumeRole""#), Rule::NoNotPrincipal);
    breaks(trust(r#""Principal":"*","Action":"sts:AssumeRole","Resource":"*""#), Rule::NoResource);
}

#[test]
fn a_principal_is_one_principal() {
    let account = "111122223333";
    for (principal, fine) in [
        ("*".to_owned(), true),
        (account.to_owned(), true),
        (format!("arn:aws:iam::{account}:root"), true),
        (format!("arn:aws-cn:iam::{account}:root"), true),
        (format!("arn:aws:iam::{account}:user/path/name"), true),
        (format!("arn:aws:iam::{account}:role/name"), true),
        (format!("arn:aws:sts::{account}:assumed-role/role/session"), true),
        (format!("arn:aws:sts::{account}:federated-user/name"), true),
        ("AIDAEXAMPLE".to_owned(), true),
        ("AROAEXAMPLE".to_owned(), true),
        ("11112222333".to_owned(), false),
        (format!("arn:aws:iam::{account}:user/*"), false),
        (format!("arn:aws:iam::{account}:user/nam?"), false),
        ("arn:aws:iam::*:root".to_owned(), false),
        (format!("arn:aws:iam::{account}:group/name"), false),
        (format!("arn:aws:iam::{account}:user/"), false),
        (format!("arn:aws:iam:us-east-1:{account}:root"), false),
        (format!("arn:aws:sts::{account}:assumed-role/role"), false),
        (format!("arn:aws:s3::{account}:user/x"), false),
        ("alice".to_owned(), false),
        (String::new(), false),
    ] {
        let text = with(&format!(r#""Principal":{{"AWS":"{principal}"}},{ALL}"#));
        let parsed = Policy::parse(&text, KeyPolicy);
        assert_eq!(parsed.is_ok(), fine, "{principal}: {parsed:?}");
        assert!(
            fine || parsed.unwrap_err().to_string()
                == "Policy contains a statement with one or more invalid principals."
        );
    }
    for principal in [r#""alice""#, r#"{"IAM":"*"}"#, r#"{"aws":"*"}"#] {
        breaks(
            Policy::parse(&with(&format!(r#""Principal":{principal},{ALL}"#)), KeyPolicy),
            Rule::PrincipalForm,
        );
    }
}

#[test]
fn resources_of_iam_policies_are_arns() {
    let resource = |text: &str| identity_policy(&format!(r#""Action":"kms:*","Resource":"{text}""#));
    for fine in
        ["*", "arn:aws:kms:us-east-1:111122223333:key/*", "arn:aws:kms:*", "arn:aws:kms:::${aws:userid}"]
    {
        assert!(resource(fine).is_ok(), "{fine}");
    }
    for bad in ["", "key/x", "kms:*", "1234abcd-12ab-34cd-56ef-1234567890ab"] {
        breaks(resource(bad), Rule::ResourceForm);
    }
    for bad in
        ["arn:aws:kms:us-east-1:${aws:userid}:key/x", "arn:aws:kms:::key/${aws:userid", "arn:aws:kms:::${}"]
    {
        breaks(resource(bad), Rule::Variable);
    }
}

#[test]
fn conditions_have_operators_keys_and_fitting_values() {
    let condition = |operator: &str, key: &str, value: &str| {
        identity_policy(&format!(r#"{ALL},"Condition":{{"{operator}":{{"{key}":{value}}}}}"#))
    };
    for operator in [
        "StringEqual",
        "stringequals",
        "Equals",
        "StringEqualsIfExistsIfExists",
        "IfExists",
        "",
        "ForAnyValue",
        "ForAnyValue:",
        "ForEach:StringEquals",
        "ForAnyValue:ForAllValues:StringEquals",
        "NumericLike",
        "DateLike",
        "NullIfExists",
        "ForAnyValue:Null",
        "BoolNot",
        "NotStringEquals",
        "BinaryNotEquals",
    ] {
        breaks(condition(operator, "aws:a", r#""true""#), Rule::Operator);
    }
    for key in ["", "username", "aws:", ":username"] {
        breaks(condition("StringEquals", key, r#""x""#), Rule::KeyForm);
    }
    for (operator, fine, bad) in [
        ("NumericLessThan", r#"[1,"2","-3.5"]"#, r#"[1,"two"]"#),
        ("DateLessThan", r#"["2026-11-24T20:15:00Z","2026-11-24","2026-11",1700000000]"#, r#""tomorrow""#),
        ("DateEquals", r#"["2026-11-24T20:15Z","2026-11-24T20:15:00.5+01:00"]"#, r#""2026-13-01""#),
        ("Bool", r#"[true,"False"]"#, r#""yes""#),
        ("BinaryEquals", r#""QmluYXJ5""#, r#""!""#),
        ("IpAddress", r#"["203.0.113.0/24","2001:db8::/32","203.0.113.1"]"#, r#""203.0.113.0/33""#),
        ("NotIpAddress", r#""0.0.0.0/0""#, r#""10.0.0""#),
        ("Null", r#""true""#, r#""absent""#),
        ("NumericEquals", r#""0""#, r#""${aws:userid}""#),
        ("StringLike", r#"["${aws:userid, 'x'}","${*}",1,true]"#, r#""${aws:userid, x}""#),
    ] {
        assert!(condition(operator, "aws:a", fine).is_ok(), "{operator} {fine}");
        let expected = if operator == "StringLike" { Rule::Variable } else { Rule::Value };
        breaks(condition(operator, "aws:a", bad), expected);
    }
}

#[test]
fn for_all_values_on_an_encryption_context_is_refused_in_key_policies_in_aws_words() {
    let condition = r#""Condition":{"ForAllValues:StringEquals":{"KMS:encryptioncontext:a":"b"}}"#;
    let refused = key_policy(&format!("{ALL},{condition}")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "OverlyPermissiveCondition:EncryptionContext: Using the ForAllValues set operator with a single-valued \
         condition key matches requests without the specified encryption context or with an unspecified encryption \
         context. To fix, remove ForAllValues."
    );
    // IAM does not look into the keys of KMS.
    assert!(identity_policy(&format!("{ALL},{condition}")).is_ok());
    let keys = r#""Condition":{"ForAllValues:StringEquals":{"kms:EncryptionContextKeys":"b"}}"#;
    assert!(key_policy(&format!("{ALL},{keys}")).is_ok());
}

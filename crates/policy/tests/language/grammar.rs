//! What is no policy.

use policy::{Malformed, Policy, PolicyKind, Rule};

use PolicyKind::{IdentityPolicy, KeyPolicy, TrustPolicy};

/// A statement with these members more.
pub(crate) fn with(members: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{members}}}}}"#)
}

pub(crate) fn key_policy(members: &str) -> Result<Policy, Malformed> {
    Policy::parse(&with(&format!(r#""Principal":"*",{members}"#)), KeyPolicy)
}

pub(crate) fn identity_policy(members: &str) -> Result<Policy, Malformed> {
    Policy::parse(&with(members), IdentityPolicy)
}

pub(crate) const ALL: &str = r#""Action":"kms:*","Resource":"*""#;

#[track_caller]
pub(crate) fn breaks(parsed: Result<Policy, Malformed>, expected: Rule) {
    assert_eq!(parsed.err(), Some(Malformed::Statement { number: 1, rule: expected }));
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
        assert!(
            matches!(parsed, Err(Malformed::Json { .. } | Malformed::Form { .. })),
            "{text:.80}: {parsed:?}"
        );
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
        assert!(matches!(parsed, Err(Malformed::Form { .. })), "{member}: {parsed:?}");
    }
    for member in ["Version", "Id"] {
        let text = format!(r#"{{"{member}":null,"Statement":{{"Effect":"Deny",{ALL}}}}}"#);
        assert!(matches!(Policy::parse(&text, IdentityPolicy), Err(Malformed::Form { .. })), "{member}");
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
        assert!(matches!(identity_policy(members), Err(Malformed::Form { .. })), "{members}");
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
        let text = with(&format!(r#""Principal":{principal},{ALL}"#));
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
    breaks(trust(r#""NotPrincipal":"*","Action":"sts:AssumeRole""#), Rule::NotPrincipalAllowed);
    let deny = r#"{"Statement":{"Effect":"Deny","NotPrincipal":"*","Action":"sts:AssumeRole"}}"#;
    breaks(Policy::parse(deny, TrustPolicy), Rule::NoNotPrincipal);
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
        (format!("arn:aws-us-gov:sts::{account}:federated-user/name"), true),
        (format!("arn:awss:iam::{account}:root"), false),
        (format!("arn:aws-:iam::{account}:user/name"), false),
        (format!("arn::iam::{account}:root"), false),
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
        let parsed = Policy::parse(&with(&format!(r#""Principal":{principal},{ALL}"#)), KeyPolicy);
        assert!(
            matches!(parsed, Err(Malformed::Statement { number: 1, rule: Rule::PrincipalForm { .. } })),
            "{principal}: {parsed:?}"
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
        breaks(resource(bad), Rule::ResourceForm { resource: bad.to_owned() });
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

/// AWS: "NotPrincipal must be used with "Effect":"Deny"."
#[test]
fn nobody_is_allowed_something_for_not_being_named() {
    let refused = |effect: &str| {
        let text = format!(
            r#"{{"Statement":{{"Effect":"{effect}","NotPrincipal":{{"AWS":"111122223333"}},{ALL}}}}}"#
        );
        Policy::parse(&text, KeyPolicy).err().map(|malformed| malformed.to_string())
    };
    assert_eq!(refused("Allow").as_deref(), Some("Allow with NotPrincipal is not allowed."));
    assert_eq!(refused("Deny"), None);
}

#[test]
fn key_policies_do_not_ask_what_the_key_is_called_or_tagged() {
    for (key, refused) in [
        ("aws:ResourceTag/env", true),
        ("AWS:resourcetag/Env", true),
        ("aws:ResourceTag", true),
        ("kms:ResourceTag/env", true),
        ("kms:ResourceAliases", true),
        ("KMS:RESOURCEALIASES", true),
        ("kms:RequestAlias", false),
        ("aws:RequestTag/env", false),
        ("aws:PrincipalTag/env", false),
        ("aws:ResourceAccount", false),
    ] {
        for operator in ["StringEquals", "ForAnyValue:StringLike", "Null"] {
            let condition = format!(r#""Condition":{{"{operator}":{{"{key}":"true"}}}}"#);
            let parsed = key_policy(&format!("{ALL},{condition}"));
            assert_eq!(parsed.is_err(), refused, "{operator} {key}: {parsed:?}");
            if let Err(malformed) = parsed {
                assert_eq!(
                    malformed.to_string(),
                    "These condition keys are not permitted in a key policy: aws:ResourceTag, kms:ResourceTag, \
                     kms:ResourceAliases"
                );
            }
            assert!(identity_policy(&format!("{ALL},{condition}")).is_ok(), "{operator} {key}");
        }
    }
}

/// AWS returns this error also for `aws:RequestTag/tag-key`.
#[test]
fn for_all_values_on_a_tag_of_a_request_is_refused_in_key_policies() {
    let of = |operator: &str, key: &str| format!(r#"{ALL},"Condition":{{"{operator}":{{"{key}":"b"}}}}"#);
    for operator in ["ForAllValues:StringEquals", "ForAllValues:StringNotLikeIfExists"] {
        let refused = key_policy(&of(operator, "AWS:requesttag/a")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key \
             matches requests without the specified tag or with an unspecified tag. To fix, remove ForAllValues."
        );
        assert!(identity_policy(&of(operator, "aws:RequestTag/a")).is_ok());
    }
    assert!(key_policy(&of("ForAnyValue:StringEquals", "aws:RequestTag/a")).is_ok());
    assert!(key_policy(&of("ForAllValues:StringEquals", "aws:TagKeys")).is_ok());
    assert!(key_policy(&of("ForAllValues:StringEquals", "aws:PrincipalTag/a")).is_ok());
}

#[test]
fn resources_are_of_a_partition_that_exists() {
    for (resource, shown) in [
        ("arn:awss:kms:*:*:key/*", r#"Partition "awss" is not valid for resource "arn:awss:kms:*:*:key/*"."#),
        ("arn::kms:*:*:key/*", r#"Partition "" is not valid for resource "arn::kms:*:*:key/*"."#),
        ("arn:*:kms:*:*:key/*", r#"Partition "*" is not valid for resource "arn:*:kms:*:*:key/*"."#),
        ("arn:aws*:kms:*", r#"Partition "aws*" is not valid for resource "arn:aws*:kms:*:*:*"."#),
        ("arn:kms", r#"Partition "kms" is not valid for resource "arn:kms:*:*:*:*"."#),
        ("arn:", r#"Partition "" is not valid for resource "arn::*:*:*:*"."#),
        ("arn:${P}:s3:::a", r#"Partition "${P}" is not valid for resource "arn:${P}:s3:::a"."#),
    ] {
        for element in ["Resource", "NotResource"] {
            let members = format!(r#""Action":"kms:*","{element}":["*","{resource}"]"#);
            for parsed in [identity_policy(&members), key_policy(&members)] {
                let malformed = parsed.expect_err(resource);
                assert_eq!(
                    (malformed.to_string().as_str(), malformed.words_of_iam().as_str()),
                    (shown, shown)
                );
            }
        }
    }
    for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b"] {
        let members = format!(r#""Action":"kms:*","Resource":"arn:{partition}:kms:*:*:key/*""#);
        assert!(identity_policy(&members).is_ok(), "{partition}");
    }
}

#[test]
fn messages_show_no_more_of_a_request_than_an_arn_has() {
    let long = "ä".repeat(10_000);
    for members in [
        format!(r#""Action":"kms:*","Resource":"arn:{long}""#),
        format!(r#""Action":"kms:*","Resource":"{long}""#),
    ] {
        let malformed = identity_policy(&members).unwrap_err();
        for message in [malformed.to_string(), malformed.words_of_iam()] {
            assert!(message.contains("ä…") && message.chars().count() < 5_000, "{message}");
        }
    }
}

//! What is asked of a policy when it is put, beyond its grammar.

use model::arn::Partition;
use policy::{Malformed, Policy, PolicyKind, check_partition};

use PolicyKind::{IdentityPolicy, TrustPolicy};

use crate::grammar::{ALL, with};

#[test]
fn what_is_written_now_is_of_the_deployments_partition() {
    let root = |partition: &str| format!(r#""{{"AWS":["*","arn:{partition}:iam::111122223333:root"]}}""#);
    let named = |element: &str, partition: &str| {
        with(&format!(r#""{element}":{},{ALL}"#, root(partition).trim_matches('"')))
    };
    let federated = with(
        r#""Principal":{"Federated":"arn:aws-cn:iam::111122223333:oidc-provider/a"},"Action":"sts:AssumeRoleWithWebIdentity""#,
    );
    let resource =
        |element: &str| with(&format!(r#""Action":"kms:*","{element}":["*","arn:aws-cn:kms:*:*:key/*"]"#));
    let no_principal = "Policy contains a statement with one or more invalid principals.";
    let partition = r#"Partition "aws-cn" is not valid for resource "arn:aws-cn:kms:*:*:key/*"."#;
    for (text, by_kms, by_iam) in [
        (
            named("Principal", "aws-cn"),
            no_principal,
            r#"Invalid principal in policy: "AWS":"arn:aws-cn:iam::111122223333:root""#,
        ),
        (
            named("NotPrincipal", "aws-cn"),
            no_principal,
            r#"Invalid principal in policy: "AWS":"arn:aws-cn:iam::111122223333:root""#,
        ),
        (
            federated,
            no_principal,
            r#"Invalid principal in policy: "Federated":"arn:aws-cn:iam::111122223333:oidc-provider/a""#,
        ),
        (resource("Resource"), partition, partition),
        (resource("NotResource"), partition, partition),
    ] {
        assert_eq!(check_partition(&text, "aws-cn"), Ok(()), "{text}");
        let malformed = check_partition(&text, "aws").expect_err(&text);
        assert_eq!((malformed.to_string().as_str(), malformed.words_of_iam().as_str()), (by_kms, by_iam));
    }
    assert!(check_partition(&named("Principal", "aws"), "aws").is_ok());
    assert!(
        check_partition(&with(&format!(r#""Principal":{{"AWS":"111122223333"}},{ALL}"#)), "aws-cn").is_ok()
    );
    assert!(matches!(check_partition("[]", "aws"), Err(Malformed::Form { .. })));
}

#[test]
fn managed_policies_are_of_the_newer_version() {
    for (version, fine) in
        [(r#""Version":"2012-10-17","#, true), (r#""Version":"2008-10-17","#, false), ("", false)]
    {
        let text = format!(r#"{{{version}"Statement":{{"Effect":"Deny",{ALL}}}}}"#);
        let checked = Policy::parse(&text, IdentityPolicy).unwrap().check_version();
        assert_eq!(checked.is_ok(), fine, "{version}");
        if let Err(malformed) = checked {
            assert_eq!(malformed.words_of_iam(), "Policy document must be version 2012-10-17 or greater.");
        }
    }
}

#[test]
fn trust_policies_are_about_assuming_the_role() {
    for (action, fine) in [
        (r#""sts:AssumeRole""#, true),
        (r#"["sts:assumerole","STS:TagSession","sts:SetSourceIdentity","sts:SetContext"]"#, true),
        (r#""sts:AssumeRoleWithWebIdentity""#, true),
        (r#""sts:AssumeRoleWithSAML""#, true),
        (r#""sts:AssumeRole*""#, true),
        (r#""sts:*""#, true),
        (r#""*""#, false),
        (r#""s*:AssumeRole""#, false),
        (r#""sts:TagSessions""#, false),
        (r#""sts:GetCallerIdentity""#, false),
        (r#""kms:*""#, false),
        (r#"["sts:AssumeRole","iam:PassRole"]"#, false),
    ] {
        for element in ["Action", "NotAction"] {
            let text = with(&format!(r#""Principal":"*","{element}":{action}"#));
            let parsed = Policy::parse(&text, TrustPolicy);
            assert_eq!(parsed.is_ok(), fine, "{element} {action}: {parsed:?}");
            if let Err(malformed) = parsed {
                assert_eq!(
                    malformed.words_of_iam(),
                    "AssumeRole policy may only specify STS AssumeRole actions."
                );
            }
        }
    }
}

#[test]
fn iam_says_what_is_no_json_and_what_is_no_policy() {
    let said = |text: &str| Policy::parse(text, IdentityPolicy).unwrap_err().words_of_iam();
    for text in ["", "no", "{", r#"{"Version":"2012-10-17",}"#, r#"{"Statement":[]} x"#] {
        assert_eq!(said(text), "This policy contains invalid Json", "{text}");
    }
    for text in [
        "null",
        "[]",
        "{}",
        r#"{"Version":"2012-10-17"}"#,
        r#"{"Version":"2013-10-17","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":[]}"#,
        r#"{"Version":"2012-10-17","Statement":["a"]}"#,
        r#"{"Version":"2012-10-17","Id":{},"Statement":[{}]}"#,
        &with(r#""Action":"kms:*","Resource":{"a":"b"}"#),
        &with(r#""Action":"kms:*","Resource":"*","Extra":"value""#),
        &with(r#""Action":"kms:*","Resource":"*","Resource":"*""#),
        &with(r#""Action":"kms:*","Resource":"*","Condition":{"a":"b"}"#),
        r#"{"Version":"2012-10-17","Statement":{"Action":"kms:*","Resource":"*"}}"#,
    ] {
        assert_eq!(said(text), "Syntax errors in policy.", "{text}");
    }
    assert_eq!(
        said(&with(r#""Action":"kms:*","Resource":"key""#)),
        r#"Resource key must be in ARN format or "*"."#
    );
    assert_eq!(said(&with(r#""Resource":"*""#)), "Policy statement must contain actions.");
}

#[test]
fn the_partitions_of_the_language_are_those_that_there_are() {
    for partition in Partition::ALL {
        let named = with(&format!(r#""Principal":{{"AWS":"arn:{partition}:iam::111122223333:root"}},{ALL}"#));
        assert!(Policy::parse(&named, PolicyKind::KeyPolicy).is_ok(), "{partition}");
        for other in Partition::ALL {
            assert_eq!(check_partition(&named, other.as_str()).is_ok(), other == partition);
        }
    }
}

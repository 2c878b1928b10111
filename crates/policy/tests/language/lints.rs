//! What authors are told.

use policy::{Finding, Level, Place, PolicyKind, Vocabulary, lint};

fn findings(text: &str, kind: PolicyKind) -> Vec<Finding> {
    let vocabulary = Vocabulary::new(&[
        ("kms", model::kms::OPERATION_NAMES),
        ("iam", model::iam::OPERATION_NAMES),
        ("sts", model::sts::OPERATION_NAMES),
    ]);
    lint(text, kind, &vocabulary)
}

/// A key policy of AWS's default statement and another, or an identity policy of the other.
fn of(statement: &str, kind: PolicyKind) -> Vec<Finding> {
    let root = match kind {
        PolicyKind::KeyPolicy => {
            r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},"#
        }
        _ => "",
    };
    findings(&format!(r#"{{"Version":"2012-10-17","Statement":[{root}{statement}]}}"#), kind)
}

#[track_caller]
fn told(statement: &str, kind: PolicyKind, level: Level, message: &str) {
    let found = of(statement, kind);
    let [finding] = &found[..] else { panic!("not one finding: {found:#?}") };
    assert!(finding.level == level && finding.message.contains(message), "{finding}");
}

#[track_caller]
fn key(statement: &str, level: Level, message: &str) {
    told(statement, PolicyKind::KeyPolicy, level, message);
}

#[track_caller]
fn identity(statement: &str, level: Level, message: &str) {
    told(statement, PolicyKind::IdentityPolicy, level, message);
}

/// Of a policy that is refused nothing else is told.
#[track_caller]
fn refused(statement: &str, kind: PolicyKind, message: &str) {
    told(statement, kind, Error, message);
}

#[test]
fn partitions_that_do_not_exist_and_another_than_the_deployments() {
    let on = |partition: &str| {
        format!(r#"{{"Effect":"Deny","Action":"kms:*","Resource":"arn:{partition}:kms:*:*:key/*"}}"#)
    };
    for partition in ["awss", "", "*"] {
        refused(&on(partition), PolicyKind::IdentityPolicy, "is of no partition");
    }
    let told = |statement: &str, kind, partition: &str| {
        let vocabulary = Vocabulary::new(&[("kms", model::kms::OPERATION_NAMES)]).in_partition(partition);
        let found =
            lint(&format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#), kind, &vocabulary);
        found.into_iter().map(|finding| (finding.level, finding.message)).collect::<Vec<_>>()
    };
    let identity = PolicyKind::IdentityPolicy;
    assert_eq!(told(&on("aws-cn"), identity, "aws-cn"), []);
    let message = "the resource `arn:aws-cn:kms:*:*:key/*` is of no partition, or of another one";
    assert_eq!(told(&on("aws-cn"), identity, "aws"), [(Error, message.to_owned())]);
    let root = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws-cn:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}"#;
    assert_eq!(told(root, PolicyKind::KeyPolicy, "aws-cn"), []);
    let message = "the principal `arn:aws-cn:iam::111122223333:root` is invalid";
    assert_eq!(told(root, PolicyKind::KeyPolicy, "aws"), [(Error, message.to_owned())]);
    for (operator, named) in [
        ("StringEquals", "arn:aws-cn:iam::111122223333:role/x"),
        ("StringNotLike", "arn:aws-cn:iam::111122223333:*"),
        ("ArnLike", "arn:aws-cn:iam::*:role/x"),
    ] {
        let statement = under(&format!(r#""{operator}":{{"aws:PrincipalArn":["{named}"]}}"#));
        let message =
            format!("aws:PrincipalArn is asked for `{named}`, and everything here is of the partition aws");
        assert_eq!(told(&statement, identity, "aws"), [(Warning, message)]);
        assert_eq!(told(&statement, identity, "aws-cn"), []);
    }
    let anywhere = under(r#""ArnLike":{"aws:PrincipalArn":"arn:*:iam::111122223333:role/x"}"#);
    assert_eq!(told(&anywhere, identity, "aws"), []);
    condition(
        r#""StringEquals":{"aws:PrincipalArn":"arn:awss:iam::111122223333:role/x"}"#,
        Warning,
        "an ARN",
    );
}

/// An allow of an identity policy under a condition.
#[track_caller]
fn condition(condition: &str, level: Level, message: &str) {
    identity(&under(condition), level, message);
}

fn under(condition: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"kms:*","Resource":"*","Condition":{{{condition}}}}}"#)
}

use Level::{Error, Warning};

#[test]
fn good_policies_have_no_findings() {
    let root = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
        "Action":"kms:*","Resource":"*"}}"#;
    assert_eq!(findings(root, PolicyKind::KeyPolicy), []);
    let users = r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/app"},
        "Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],
        "Resource":"*"}"#;
    assert_eq!(of(users, PolicyKind::KeyPolicy), []);
    let managed = r#"{"Effect":"Allow","Principal":"*","Action":["kms:Encrypt","kms:Decrypt"],"Resource":"*",
        "Condition":{"StringEquals":{"kms:CallerAccount":"111122223333",
        "kms:ViaService":"ec2.us-east-1.amazonaws.com"}}}"#;
    assert_eq!(of(managed, PolicyKind::KeyPolicy), []);
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole",
        "sts:TagSession"],"Principal":{"Service":"ec2.amazonaws.com"},
        "Condition":{"StringEquals":{"sts:ExternalId":"x","accounts.google.com:aud":"y"}}}}"#;
    assert_eq!(findings(trust, PolicyKind::TrustPolicy), []);
    let own =
        r#"{"Effect":"Allow","Action":["kms:List*","iam:PassRole","sts:AssumeRole","*"],"Resource":"*"}"#;
    assert_eq!(of(own, PolicyKind::IdentityPolicy), []);
    for fine in [
        r#""StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}"#,
        r#""ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/app"}"#,
        r#""ForAllValues:StringEquals":{"kms:GrantOperations":"Encrypt"},"Null":{"kms:GrantOperations":"false"}"#,
        r#""NumericLessThan":{"kms:ValidTo":"1700000000"},"DateGreaterThan":{"aws:EpochTime":"2026-11-24"}"#,
        r#""StringEqualsIgnoreCase":{"kms:RecipientAttestation:PCR0":"ab","kms:RecipientAttestation:ImageSha384":"c"}"#,
        r#""Null":{"kms:EncryptionContext:app":"false"},"StringLike":{"kms:EncryptionContext:app":"web*"}"#,
        r#""StringEquals":{"kms:EncryptionContext:app":["a","b"]},"StringNotEquals":{"kms:EncryptionContext:app":"b"}"#,
        r#""ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"app"}"#,
        r#""Null":{"kms:ViaService":"true"},"StringNotEquals":{"kms:ViaService":"x"}"#,
        r#""Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#,
        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}"#,
    ] {
        assert_eq!(of(&under(fine), PolicyKind::IdentityPolicy), [], "{fine}");
    }
}

#[test]
fn a_text_that_is_no_policy_has_its_place_told() {
    let found = findings("{\n  \"Statement\": x\n}", PolicyKind::KeyPolicy);
    assert_eq!(found[0].place, Place::Text { line: 2, column: 16 });
    assert_eq!(found[0].level, Error);
    let found = of(r#"{"Effect":"Maybe"}"#, PolicyKind::KeyPolicy);
    assert_eq!(found[0].to_string(), "error: statement 2: Effect must be Allow or Deny");
    let found = findings(r#"{"Version":"2012","Statement":[]}"#, PolicyKind::KeyPolicy);
    assert_eq!((found.len(), &found[0].place), (1, &Place::Policy));
}

#[test]
fn statements_without_effect() {
    key(r#"{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt"}"#, Error, "no effect");
    key(r#"{"Effect":"Deny","Principal":"*","Resource":"*"}"#, Error, "no effect");
}

#[test]
fn everybody() {
    let all = |action: &str, condition: &str| {
        format!(r#"{{"Effect":"Allow","Principal":"*","Action":"{action}","Resource":"*"{condition}}}"#)
    };
    let on = |condition: &str| format!(r#","Condition":{{{condition}}}"#);
    let account = on(r#""StringEquals":{"kms:CallerAccount":"111122223333"}"#);
    key(&all("kms:*", ""), Error, "everybody may do everything");
    key(&all("*", ""), Error, "everybody may do everything");
    key(&all("kms:*", &account), Warning, "everybody whom the conditions let through");
    key(&all("kms:Decrypt", ""), Error, "for everybody");
    key(
        &all("kms:Decrypt", &on(r#""Bool":{"aws:SecureTransport":"true"}"#)),
        Warning,
        "no condition says who",
    );
    let not = on(r#""StringNotEquals":{"kms:CallerAccount":"111122223333"}"#);
    key(&all("kms:Decrypt", &not), Warning, "no condition says who");
    assert_eq!(of(&all("kms:Decrypt", &account), PolicyKind::KeyPolicy), []);
}

#[test]
fn nobody_left_to_change_the_policy() {
    let policy =
        |statements: &str| findings(&format!(r#"{{"Statement":[{statements}]}}"#), PolicyKind::KeyPolicy);
    let user =
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Encrypt","Resource":"*"}"#;
    let found = policy(user);
    assert!(found.len() == 1 && found[0].level == Error && found[0].message.contains("nobody"), "{found:?}");
    let admin = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Put*","Resource":"*"}"#;
    assert_eq!(policy(&format!("{user},{admin}")), []);
    let shut = r#"{"Effect":"Deny","Principal":"*","Action":"kms:PutKeyPolicy","Resource":"*"}"#;
    let found = policy(&format!("{admin},{shut}"));
    assert!(found.len() == 1 && found[0].message.contains("denied to everybody"), "{found:?}");
    let conditional = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*",
        "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
    let found = policy(conditional);
    assert!(found.len() == 1 && found[0].level == Warning, "{found:?}");
}

#[test]
fn not_principal() {
    let not = |effect: &str, principals: &str| {
        format!(
            r#"{{"Effect":"{effect}","NotPrincipal":{{"AWS":{principals}}},"Action":"kms:Decrypt","Resource":"*"}}"#
        )
    };
    refused(&not("Allow", r#""111122223333""#), PolicyKind::KeyPolicy, "opens the key");
    key(&not("Deny", r#""arn:aws:iam::111122223333:user/bob""#), Warning, "denied all the same");
    let both = not("Deny", r#"["111122223333","arn:aws:iam::111122223333:user/bob"]"#);
    assert_eq!(of(&both, PolicyKind::KeyPolicy), []);
}

#[test]
fn actions_that_do_not_exist() {
    let action = |action: &str| format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
    identity(&action("kms:Encript"), Error, "`kms:Encript` is no action; is `kms:Encrypt` meant?");
    identity(&action("kms:ReEncrypt"), Error, "is `kms:ReEncrypt*` meant?");
    identity(&action("kms:Fly*"), Error, "`kms:Fly*` is no action");
    identity(&action("iam:GetUsr"), Error, "is `iam:GetUser` meant?");
    identity(&action("s3:GetObject"), Warning, "of no service that is here");
    let foreign =
        r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"iam:GetUser","Resource":"*"}"#;
    key(foreign, Warning, "about kms");
    identity(r#"{"Effect":"Allow","NotAction":"kms:PutKeyPolicy","Resource":"*"}"#, Warning, "comes later");
    let alias = r#"{"Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws:kms:*:*:alias/app"}"#;
    identity(alias, Error, "alias's ARN");
}

#[test]
fn condition_keys_that_do_not_exist() {
    condition(r#""StringEquals":{"kms:ViaServices":"x"}"#, Error, "is `kms:ViaService` meant?");
    condition(r#""StringEquals":{"aws:PrincipleArn":"x"}"#, Error, "is `aws:PrincipalArn` meant?");
    condition(
        r#""StringEquals":{"kms:EncryptionContext":"x"}"#,
        Error,
        "is `kms:EncryptionContext:<key>` meant?",
    );
    condition(r#""StringEquals":{"aws:PrincipalTag":"x"}"#, Error, "is `aws:PrincipalTag/<tag>` meant?");
    condition(
        r#""StringEquals":{"aws:PrincipalTagTeam":"x"}"#,
        Error,
        "`aws:PrincipalTagTeam` is no condition key",
    );
    condition(r#""StringEquals":{"kms:Weather":"x"}"#, Error, "`kms:Weather` is no condition key");
    let aliases = r#"{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:Encrypt","Resource":"*",
        "Condition":{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/a"}}}"#;
    refused(aliases, PolicyKind::KeyPolicy, "identity policies only");
}

#[test]
fn conditions_that_never_hold_or_always_do() {
    condition(
        r#""NumericEquals":{"kms:KeySpec":"1"}"#,
        Warning,
        "does not compare kms:KeySpec, which is text",
    );
    condition(r#""ArnEquals":{"aws:PrincipalAccount":"arn:aws:iam::1:root"}"#, Warning, "does not compare");
    condition(r#""StringEquals":{"aws:SecureTransport":"True"}"#, Warning, "never `True`");
    condition(r#""StringEquals":{"kms:CallerAccount":"1111-2222-3333"}"#, Warning, "twelve digits");
    condition(r#""StringEquals":{"aws:PrincipalArn":"ann"}"#, Warning, "an ARN");
    condition(r#""Null":{"kms:ViaService":["true","false"]}"#, Warning, "always holds");
    condition(
        r#""Null":{"kms:ViaService":"true"},"StringEquals":{"kms:ViaService":"x"}"#,
        Error,
        "this never holds",
    );
    condition(
        r#""StringEquals":{"kms:KeySpec":"a"},"StringNotEquals":{"kms:KeySpec":["a","b"]}"#,
        Error,
        "exclude each other",
    );
}

#[test]
fn set_operators() {
    condition(r#""ForAllValues:StringEquals":{"kms:KeySpec":"x"}"#, Error, "remove ForAllValues");
    condition(
        r#""ForAllValues:StringEquals":{"kms:EncryptionContext:app":"x"}"#,
        Error,
        "remove ForAllValues",
    );
    condition(r#""ForAnyValue:StringEquals":{"kms:KeySpec":"x"}"#, Warning, "remove ForAnyValue");
    condition(r#""StringEquals":{"kms:ResourceAliases":"alias/a"}"#, Warning, "say ForAnyValue");
    condition(
        r#""ForAllValues:StringEquals":{"aws:TagKeys":"team"}"#,
        Warning,
        "requests without aws:TagKeys",
    );
}

#[test]
fn variables_of_the_old_version() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*",
        "Condition":{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}}}"#;
    let found = findings(text, PolicyKind::IdentityPolicy);
    assert!(found.len() == 1 && found[0].message.contains("2012-10-17"), "{found:?}");
}

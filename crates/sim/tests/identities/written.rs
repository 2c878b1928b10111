//! What callers write and IAM refuses.

use serde_json::{Value, json};

use sim::Stage;

use crate::documents::policy;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;

#[test]
fn malformed_policies_are_refused_in_the_words_of_aws() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let statement =
        |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    for (document, message) in [
        ("{".to_owned(), "This policy contains invalid Json"),
        ("no".to_owned(), "This policy contains invalid Json"),
        (json!({ "Version": "2011-01-01", "Statement": [] }).to_string(), "Syntax errors in policy."),
        (
            statement(json!({ "Effect": "Maybe", "Action": "kms:*", "Resource": "*" })),
            "Syntax errors in policy.",
        ),
        (statement(json!({ "Effect": "Allow", "Resource": "*" })), "Policy statement must contain actions."),
        (
            statement(json!({ "Effect": "Allow", "Action": "kms:*" })),
            "Policy statement must contain resources.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "Encrypt", "Resource": "*" })),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" })),
            "Policy document should not specify a principal.",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "key" })),
            "Resource key must be in ARN format or \"*\".",
        ),
    ] {
        for (operation, input) in [
            ("PutUserPolicy", json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document })),
            ("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })),
        ] {
            let (code, text) = stage.iam_refusal(operation, input);
            assert_eq!((code.as_str(), text.as_str()), ("MalformedPolicyDocument", message), "{document}");
        }
    }
    let trust = statement(
        json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*" }),
    );
    let refused =
        stage.iam_refusal("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust }));
    assert_eq!(refused, ("MalformedPolicyDocument".to_owned(), "Has prohibited field Resource".to_owned()));
}

#[test]
fn names_tags_and_arns_have_rules() {
    let stage = Stage::new();
    let (code, message) = stage.iam_refusal("CreateUser", json!({ "UserName": "a b" }));
    assert_eq!(code, "ValidationError");
    assert!(
        message.starts_with("1 validation error detected: Value 'a b' at 'userName' failed to satisfy"),
        "{message}"
    );
    let (code, message) = stage.iam_refusal("CreateUser", json!({ "UserName": "é" }));
    assert_eq!(code, "ValidationError");
    assert!(message.contains("at 'userName' failed to satisfy constraint"), "{message}");
    let tags = json!([{ "Key": "a", "Value": "1" }, { "Key": "A", "Value": "2" }]);
    let (code, message) = stage.iam_refusal("CreateUser", json!({ "UserName": "a", "Tags": tags }));
    assert_eq!(code, "InvalidInput");
    assert_eq!(message, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    let refused = stage.iam_refusal("GetPolicy", json!({ "PolicyArn": "not-an-arn-of-anything" }));
    assert_eq!(refused, ("ValidationError".to_owned(), "Invalid ARN:  Could not be parsed!".to_owned()));
    let role = stage.iam_refusal("GetUser", json!({ "UserName": "nobody" }));
    assert_eq!(role, ("NoSuchEntity".to_owned(), "The user with name nobody cannot be found.".to_owned()));
}

/// Recorded from AWS, or reported against it.
#[test]
fn what_cannot_be_meant_is_refused_in_the_words_of_aws() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.iam("CreateRole", json!({ "RoleName": "worker", "AssumeRolePolicyDocument": TRUST }));
    let (user, role) = (json!({ "UserName": "alice" }), json!({ "RoleName": "worker" }));
    let unparsed = "Invalid ARN:  Could not be parsed!";
    for (operation, holder, member) in [
        ("AttachUserPolicy", &user, "PolicyArn"),
        ("AttachRolePolicy", &role, "PolicyArn"),
        ("DetachUserPolicy", &user, "PolicyArn"),
        ("DetachRolePolicy", &role, "PolicyArn"),
        ("PutUserPermissionsBoundary", &user, "PermissionsBoundary"),
        ("PutRolePermissionsBoundary", &role, "PermissionsBoundary"),
    ] {
        for arn in ["longpolicynamebutnoarn", "arn:aws:iam::aws-is-no-policy"] {
            let mut input = holder.clone();
            input[member] = arn.into();
            refused(&stage, (operation, input), ("ValidationError", unparsed));
        }
    }
    let path = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
                characters and/or / characters.";
    for wrong in ["a", "/a", "a/", "//", "/a b/"] {
        for (operation, input) in [
            ("CreateUser", json!({ "UserName": "bob", "Path": wrong })),
            ("CreateRole", json!({ "RoleName": "r", "Path": wrong, "AssumeRolePolicyDocument": TRUST })),
            ("CreateInstanceProfile", json!({ "InstanceProfileName": "p", "Path": wrong })),
            ("UpdateUser", json!({ "UserName": "alice", "NewPath": wrong })),
        ] {
            refused(&stage, (operation, input), ("ValidationError", path));
        }
    }
    let gone = "Cannot find Login Profile for User alice";
    refused(&stage, ("DeleteLoginProfile", user), ("NoSuchEntity", gone));
    for kind in ["user", "group", "role"] {
        let arn = format!("arn:aws:iam::111122223333:{kind}/nobody");
        let input = json!({ "PolicySourceArn": arn, "ActionNames": ["kms:Encrypt"] });
        let unknown = "Unable to retrieve specified IAM entity.";
        refused(&stage, ("SimulatePrincipalPolicy", input), ("NoSuchEntity", unknown));
    }
}

#[test]
fn managed_policies_are_of_the_newer_version_of_the_language() {
    let stage = Stage::new();
    let policy = |version: &str| {
        let mut policy = json!({ "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*" } });
        if !version.is_empty() {
            policy["Version"] = version.into();
        }
        policy.to_string()
    };
    let made =
        stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": policy("2012-10-17") }));
    let arn = made.xml("Arn").unwrap();
    let older = "Policy document must be version 2012-10-17 or greater.";
    for version in ["", "2008-10-17"] {
        let input = json!({ "PolicyName": "q", "PolicyDocument": policy(version) });
        refused(&stage, ("CreatePolicy", input), ("MalformedPolicyDocument", older));
        let input = json!({ "PolicyArn": arn, "PolicyDocument": policy(version) });
        refused(&stage, ("CreatePolicyVersion", input), ("MalformedPolicyDocument", older));
    }
    // Inline policies may be older.
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.iam(
        "PutUserPolicy",
        json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": policy("") }),
    );
}

#[test]
fn a_boundary_is_a_policy() {
    let stage = Stage::new();
    let input =
        json!({ "UserName": "alice", "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess" });
    stage.iam("CreateUser", input);
    let shown = stage.iam("GetUser", json!({ "UserName": "alice" }));
    assert_eq!(shown.xml("PermissionsBoundaryType").as_deref(), Some("Policy"));
}

/// The root user's call is refused with this code and text.
#[track_caller]
fn refused(stage: &Stage, (operation, input): (&str, Value), expected: (&str, &str)) {
    let (code, text) = stage.iam_refusal(operation, input.clone());
    assert_eq!((code.as_str(), text.as_str()), expected, "{operation} {input}");
}

/// An ARN of a partition that the deployment is not in would mean nothing, without a word.
#[test]
fn policies_are_of_the_partition_of_the_region() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.iam("CreateRole", json!({ "RoleName": "worker", "AssumeRolePolicyDocument": TRUST }));
    for (resource, shown) in [
        ("arn:aws-cn:kms:*:*:key/*", "arn:aws-cn:kms:*:*:key/*"),
        ("arn:awss:kms:*:*:key/*", "arn:awss:kms:*:*:key/*"),
        ("arn:aws-us-gov:s3:::b", "arn:aws-us-gov:s3:::b"),
    ] {
        let document = policy("Deny", &["kms:*"], resource);
        let partition = resource.split(':').nth(1).unwrap();
        let text = format!("Partition \"{partition}\" is not valid for resource \"{shown}\".");
        for (operation, input) in [
            ("PutUserPolicy", json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document })),
            ("PutRolePolicy", json!({ "RoleName": "worker", "PolicyName": "p", "PolicyDocument": document })),
            ("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })),
        ] {
            refused(&stage, (operation, input), ("MalformedPolicyDocument", &text));
        }
        let role = "arn:aws:iam::111122223333:role/worker";
        let input = json!({ "RoleArn": role, "RoleSessionName": "any", "Policy": document });
        let answer = stage.sts_as(&stage.root, "AssumeRole", input);
        assert_eq!(answer.fault(), "MalformedPolicyDocument", "{resource}");
    }
    let named = "arn:aws-cn:iam::111122223333:root";
    let trust = TRUST.replace("\"111122223333\"", &format!("\"{named}\""));
    let text = format!("Invalid principal in policy: \"AWS\":\"{named}\"");
    let input = json!({ "RoleName": "worker", "PolicyDocument": trust });
    refused(&stage, ("UpdateAssumeRolePolicy", input), ("MalformedPolicyDocument", &text));
}

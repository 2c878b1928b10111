//! Roles that are linked to a service of AWS, and what audit tools read of an account.

use base64_simd::STANDARD;
use serde_json::json;
use sim::{Stage, stage::ACCOUNT};

use crate::documents::{all, policy, trust};

const SERVICE: &str = "autoscaling.amazonaws.com";
const NAME: &str = "AWSServiceRoleForAutoScaling";

#[test]
fn a_linked_role_is_made_named_by_key_policies_and_deleted() {
    let stage = Stage::new();
    let made = stage.iam("CreateServiceLinkedRole", json!({ "AWSServiceName": SERVICE, "Description": "d" }));
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/{NAME}");
    assert_eq!(made.xml("Arn"), Some(arn.clone()));
    assert_eq!(stage.iam("GetRole", json!({ "RoleName": NAME })).xml("Description").as_deref(), Some("d"));
    let taken = stage.iam_refusal("CreateServiceLinkedRole", json!({ "AWSServiceName": SERVICE }));
    assert_eq!(taken.0, "InvalidInput");
    assert!(taken.1.contains("has been taken in this account"), "{taken:?}");
    let other = json!({ "AWSServiceName": SERVICE, "CustomSuffix": "web" });
    let other = stage.iam("CreateServiceLinkedRole", other);
    assert_eq!(other.xml("RoleName").as_deref(), Some("AWSServiceRoleForAutoScaling_web"));
    let key_policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "kms:CreateGrant", "Resource": "*",
    }});
    stage.key(json!({ "Policy": key_policy.to_string(), "BypassPolicyLockoutSafetyCheck": true }));

    let task =
        stage.iam("DeleteServiceLinkedRole", json!({ "RoleName": NAME })).xml("DeletionTaskId").unwrap();
    assert!(task.starts_with(&format!("task/aws-service-role/{SERVICE}/{NAME}/")), "{task}");
    let status = stage.iam("GetServiceLinkedRoleDeletionStatus", json!({ "DeletionTaskId": task }));
    assert_eq!(status.xml("Status").as_deref(), Some("SUCCEEDED"));
    assert_eq!(stage.iam_refusal("GetRole", json!({ "RoleName": NAME })).0, "NoSuchEntity");
    // A later role of the name is another.
    stage.iam("CreateServiceLinkedRole", json!({ "AWSServiceName": SERVICE }));
    let status = stage.iam("GetServiceLinkedRoleDeletionStatus", json!({ "DeletionTaskId": task }));
    assert_eq!(status.xml("Status").as_deref(), Some("SUCCEEDED"));
    let unknown = json!({ "DeletionTaskId": "task/nobody" });
    assert_eq!(stage.iam_refusal("GetServiceLinkedRoleDeletionStatus", unknown).0, "NoSuchEntity");
}

#[test]
fn what_is_no_linked_role() {
    let stage = Stage::new();
    let unknown =
        stage.iam_refusal("CreateServiceLinkedRole", json!({ "AWSServiceName": "pizza.amazonaws.com" }));
    let text = "Cannot find Service Linked Role template for pizza.amazonaws.com";
    assert_eq!(unknown, ("InvalidInput".to_owned(), text.to_owned()));
    let suffix = json!({ "AWSServiceName": "rds.amazonaws.com", "CustomSuffix": "a" });
    assert_eq!(stage.iam_refusal("CreateServiceLinkedRole", suffix).0, "InvalidInput");
    let own = json!({ "RoleName": "r", "Path": "/aws-service-role/x/", "AssumeRolePolicyDocument": trust(ACCOUNT) });
    assert_eq!(stage.iam_refusal("CreateRole", own).0, "InvalidInput");
    stage.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust(ACCOUNT) }));
    assert_eq!(stage.iam_refusal("DeleteServiceLinkedRole", json!({ "RoleName": "r" })).0, "InvalidInput");
}

#[test]
fn nobody_changes_a_linked_role() {
    let stage = Stage::new();
    stage.iam("CreateServiceLinkedRole", json!({ "AWSServiceName": SERVICE }));
    let document = policy("Allow", &["kms:*"], "*");
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (operation, more) in [
        ("AttachRolePolicy", json!({ "PolicyArn": arn })),
        ("DetachRolePolicy", json!({ "PolicyArn": arn })),
        ("PutRolePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })),
        ("DeleteRolePolicy", json!({ "PolicyName": "p" })),
        ("PutRolePermissionsBoundary", json!({ "PermissionsBoundary": arn })),
        ("DeleteRolePermissionsBoundary", json!({})),
        ("UpdateAssumeRolePolicy", json!({ "PolicyDocument": trust(ACCOUNT) })),
        ("UpdateRole", json!({ "Description": "d" })),
        ("DeleteRole", json!({})),
    ] {
        let mut input = json!({ "RoleName": NAME });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (code, text) = stage.iam_refusal(operation, input);
        assert_eq!(code, "UnmodifiableEntity", "{operation}");
        assert!(text.contains("this role is only modifiable by AWS"), "{operation}: {text}");
    }
    stage.iam("UpdateRoleDescription", json!({ "RoleName": NAME, "Description": "d" }));
    stage.iam("TagRole", json!({ "RoleName": NAME, "Tags": [{ "Key": "a", "Value": "b" }] }));
}

/// A policy may say for which services somebody makes roles.
#[test]
fn who_makes_a_linked_role_needs_a_permission() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let make = || stage.iam_as(&alice, "CreateServiceLinkedRole", json!({ "AWSServiceName": SERVICE }));
    assert_eq!(make().fault(), "AccessDenied");
    let allow = |service: &str| {
        let document = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "iam:CreateServiceLinkedRole", "Resource": "*",
            "Condition": { "StringEquals": { "iam:AWSServiceName": service } },
        }});
        let input = json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document.to_string() });
        stage.iam("PutUserPolicy", input);
    };
    allow("rds.amazonaws.com");
    assert_eq!(make().fault(), "AccessDenied");
    allow(SERVICE);
    assert_eq!(make().code, None);
}

#[test]
fn an_account_without_passwords_certificates_and_saml_says_so() {
    let stage = Stage::new();
    let refused = stage.iam_refusal("GetAccountPasswordPolicy", json!({}));
    let text = format!("The Password Policy with domain name {ACCOUNT} cannot be found.");
    assert_eq!(refused, ("NoSuchEntity".to_owned(), text));
    for listing in ["ListSAMLProviders", "ListServerCertificates"] {
        assert!(all(&stage.iam(listing, json!({})), "member").is_empty(), "{listing}");
    }
}

#[test]
fn the_credential_report_has_every_user_with_its_keys() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.iam("CreateUser", json!({ "UserName": "bob,x" }));
    stage.sts_as(&alice, "GetCallerIdentity", json!({}));
    assert_eq!(stage.iam("GenerateCredentialReport", json!({})).xml("State").as_deref(), Some("COMPLETE"));
    let answer = stage.iam("GetCredentialReport", json!({}));
    assert_eq!(answer.xml("ReportFormat").as_deref(), Some("text/csv"));
    let content = STANDARD.decode_to_vec(answer.xml("Content").unwrap()).unwrap();
    let content = String::from_utf8(content).unwrap();
    let lines: Vec<&str> = content.lines().collect();
    let now = stage.world.now().to_iso8601().replace('Z', "+00:00");
    assert_eq!(lines.len(), 4, "{content}");
    assert!(lines[0].starts_with("user,arn,user_creation_time,password_enabled,"), "{content}");
    assert!(lines[1].starts_with(&format!("<root_account>,arn:aws:iam::{ACCOUNT}:root,")), "{content}");
    assert!(lines[1].contains(",not_supported,N/A,not_supported,not_supported,false,true,"), "{content}");
    let alice = format!(
        "alice,arn:aws:iam::{ACCOUNT}:user/alice,{now},false,N/A,N/A,N/A,false,true,{now},{now},us-east-1,sts,false,N/A,\
         N/A,N/A,N/A,false,N/A,false,N/A"
    );
    assert_eq!(lines[2], alice);
    assert!(lines[3].starts_with(&format!("\"bob,x\",\"arn:aws:iam::{ACCOUNT}:user/bob,x\",")), "{content}");
    assert!(
        lines.iter().skip(1).all(|line| line.replace("bob,x", "").matches(',').count() == 21),
        "{content}"
    );
}

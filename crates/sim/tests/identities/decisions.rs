//! What identities may do, and that a change of it holds from the next request on.

use serde_json::json;
use sim::{
    Credentials, Stage,
    stage::{ACCOUNT, allow},
};

use crate::documents::{policy, trust};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[track_caller]
fn may(stage: &Stage, who: &Credentials, expected: bool) {
    let answer = stage.kms_as(who, "ListKeys", json!({}));
    let code = (!expected).then_some("AccessDeniedException");
    assert_eq!(answer.code.as_deref(), code, "{answer:?}");
}

#[test]
fn a_user_may_nothing_until_something_allows_it() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let refused = stage.kms_as(&alice, "ListKeys", json!({}));
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:ListKeys on resource: * \
                   because no identity-based policy allows the kms:ListKeys action";
    assert_eq!(refused.refusal(), ("AccessDeniedException", message));
    let refused = stage.iam_as(&alice, "GetUser", json!({}));
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: iam:GetUser on resource: \
                   arn:aws:iam::111122223333:user/alice because no identity-based policy allows the iam:GetUser action";
    assert_eq!((refused.status, refused.refusal()), (403, ("AccessDenied", message)));

    let records = stage.world.records();
    let record = records.iter().find(|record| record.operation == "GetUser").unwrap();
    assert_eq!(record.http_status, 403, "the status that the client saw");

    stage.put_user_policy("alice", &allow(&["kms:List*", "iam:GetUser"]));
    may(&stage, &alice, true);
    let own = stage.iam_as(&alice, "GetUser", json!({}));
    assert_eq!(own.xml("UserName").as_deref(), Some("alice"));
    stage.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "inline" }));
    may(&stage, &alice, false);
}

#[test]
fn attached_policies_and_their_versions_hold_at_once() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let nothing = policy("Allow", &["kms:Decrypt"], "*");
    let made = stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": nothing }));
    let arn = made.xml("Arn").unwrap();
    stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }));
    may(&stage, &alice, false);
    let list = policy("Allow", &["kms:ListKeys"], "*");
    let version = json!({ "PolicyArn": arn, "PolicyDocument": list });
    assert_eq!(stage.iam("CreatePolicyVersion", version).xml("VersionId").as_deref(), Some("v2"));
    may(&stage, &alice, false);
    stage.iam("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" }));
    may(&stage, &alice, true);
    stage.iam("DetachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }));
    may(&stage, &alice, false);
}

#[test]
fn what_a_group_may_its_members_may() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.iam("CreateGroup", json!({ "GroupName": "staff" }));
    stage.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": ADMIN }));
    may(&stage, &alice, false);
    let member = json!({ "GroupName": "staff", "UserName": "alice" });
    stage.iam("AddUserToGroup", member);
    may(&stage, &alice, true);
    // The group under another name is the same group.
    stage.iam("UpdateGroup", json!({ "GroupName": "staff", "NewGroupName": "stage" }));
    may(&stage, &alice, true);
    let denial = policy("Deny", &["kms:ListKeys"], "*");
    let put = json!({ "GroupName": "stage", "PolicyName": "no", "PolicyDocument": denial });
    stage.iam("PutGroupPolicy", put);
    let refused = stage.kms_as(&alice, "ListKeys", json!({}));
    assert!(refused.refusal().1.ends_with(" with an explicit deny in an identity-based policy"));
    stage.iam("DeleteGroupPolicy", json!({ "GroupName": "stage", "PolicyName": "no" }));
    stage.iam("RemoveUserFromGroup", json!({ "GroupName": "stage", "UserName": "alice" }));
    may(&stage, &alice, false);
}

#[test]
fn a_boundary_bounds() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": ADMIN }));
    may(&stage, &alice, true);
    let iam = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    stage.iam("PutUserPermissionsBoundary", json!({ "UserName": "alice", "PermissionsBoundary": iam }));
    let refused = stage.kms_as(&alice, "ListKeys", json!({}));
    assert!(refused.refusal().1.ends_with(" because no permissions boundary allows the kms:ListKeys action"));
    assert_eq!(stage.iam_as(&alice, "ListUsers", json!({})).code, None);
    stage.iam("DeleteUserPermissionsBoundary", json!({ "UserName": "alice" }));
    may(&stage, &alice, true);
}

#[test]
fn policies_can_ask_who_calls() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let home = format!("arn:aws:iam::{ACCOUNT}:user/${{aws:username}}");
    let document = policy("Allow", &["iam:GetUser", "iam:ListAccessKeys"], &home);
    let put = json!({ "UserName": "alice", "PolicyName": "home", "PolicyDocument": document });
    stage.iam("PutUserPolicy", put);
    stage.iam("CreateUser", json!({ "UserName": "bob" }));
    assert_eq!(stage.iam_as(&alice, "ListAccessKeys", json!({})).code, None);
    assert_eq!(stage.iam_as(&alice, "GetUser", json!({ "UserName": "bob" })).fault(), "AccessDenied");

    let statement = json!({
        "Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*",
        "Condition": {
            "StringEquals": { "aws:PrincipalTag/team": "pay", "aws:PrincipalType": "User" },
            "StringLike": { "aws:userid": "AIDA*" },
            "Null": {
                "aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true", "aws:username": "false",
            },
        },
    });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let put = json!({ "UserName": "alice", "PolicyName": "team", "PolicyDocument": document });
    stage.iam("PutUserPolicy", put);
    may(&stage, &alice, false);
    let tags = json!([{ "Key": "team", "Value": "pay" }]);
    stage.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    may(&stage, &alice, true);
    stage.iam("UntagUser", json!({ "UserName": "alice", "TagKeys": ["team"] }));
    may(&stage, &alice, false);
}

#[test]
fn conditions_of_iam_are_filled() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let statement = json!({
        "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PolicyARN": read_only } },
    });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let put = json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document });
    stage.iam("PutUserPolicy", put);
    let attach = |arn: &str| {
        stage.iam_as(&alice, "AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }))
    };
    assert_eq!(attach(ADMIN).fault(), "AccessDenied");
    assert_eq!(attach(read_only).code, None);
}

#[test]
fn nothing_crosses_accounts() {
    let stage = Stage::new();
    let stranger = stage.world.stranger();
    stage.user("alice");
    let document = policy("Allow", &["kms:*"], "*");
    let made = stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let arn = made.xml("Arn").unwrap();
    let refused = stage.iam_as(&stranger, "GetUser", json!({ "UserName": "alice" }));
    assert_eq!(refused.refusal(), ("NoSuchEntity", "The user with name alice cannot be found."));
    let refused = stage.iam_as(&stranger, "GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(refused.fault(), "AccessDenied");
    // The same names in another account are others.
    assert_eq!(stage.iam_as(&stranger, "CreateUser", json!({ "UserName": "alice" })).code, None);
    let attach = json!({ "UserName": "alice", "PolicyArn": arn });
    let refused = stage.iam_as(&stranger, "AttachUserPolicy", attach);
    let message = format!("Policy {arn} does not exist or is not attachable.");
    assert_eq!(refused.refusal(), ("NoSuchEntity", message.as_str()));
}

#[test]
fn a_role_is_passed_only_by_who_may_pass_it() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    let trusted = trust(&format!("arn:aws:iam::{ACCOUNT}:user/alice"));
    stage.iam("CreateRole", json!({ "RoleName": "app", "AssumeRolePolicyDocument": trusted }));
    stage.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "app" }));
    stage.put_user_policy("alice", &allow(&["iam:AddRoleToInstanceProfile"]));
    let add = || {
        let input = json!({ "InstanceProfileName": "app", "RoleName": "app" });
        stage.iam_as(&alice, "AddRoleToInstanceProfile", input)
    };
    assert!(add().refusal().1.contains("iam:PassRole"));
    stage.put_user_policy("alice", &allow(&["iam:AddRoleToInstanceProfile", "iam:PassRole"]));
    assert_eq!(add().code, None);
}

#[test]
fn identities_outlive_a_restart() {
    let mut stage = Stage::new();
    let alice = stage.user("alice");
    stage.iam("CreateGroup", json!({ "GroupName": "staff", "Path": "/x/" }));
    stage.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": ADMIN }));
    stage.iam("AddUserToGroup", json!({ "GroupName": "staff", "UserName": "alice" }));
    let shown = stage.iam("GetAccountAuthorizationDetails", json!({}));
    let before = shown.xml("GetAccountAuthorizationDetailsResult");
    stage.world = stage.world.restart();
    may(&stage, &alice, true);
    let shown = stage.iam("GetAccountAuthorizationDetails", json!({}));
    assert_eq!(shown.xml("GetAccountAuthorizationDetailsResult"), before);
}

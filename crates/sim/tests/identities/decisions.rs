//! What identities may do, and that a change of it holds from the next request on.

use serde_json::json;
use sim::Credentials;

use crate::people::{ACCOUNT, People, policy, trust};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[track_caller]
fn may(people: &People, who: &Credentials, expected: bool) {
    let answer = people.kms_as(who, "ListKeys", json!({}));
    let code = (!expected).then_some("AccessDeniedException");
    assert_eq!(answer.code.as_deref(), code, "{answer:?}");
}

#[test]
fn a_user_may_nothing_until_something_allows_it() {
    let people = People::new();
    let alice = people.user("alice");
    let refused = people.kms_as(&alice, "ListKeys", json!({}));
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:ListKeys on resource: * \
                   because no identity-based policy allows the kms:ListKeys action";
    assert_eq!(refused.refusal(), ("AccessDeniedException", message));
    let refused = people.iam_as(&alice, "GetUser", json!({}));
    let message = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: iam:GetUser on resource: \
                   arn:aws:iam::111122223333:user/alice because no identity-based policy allows the iam:GetUser action";
    assert_eq!((refused.status, refused.refusal()), (403, ("AccessDenied", message)));

    let records = people.world.records();
    let record = records.iter().find(|record| record.operation == "GetUser").unwrap();
    assert_eq!(record.http_status, 403, "the status that the client saw");

    people.allow("alice", &["kms:List*", "iam:GetUser"]);
    may(&people, &alice, true);
    let own = people.iam_as(&alice, "GetUser", json!({}));
    assert_eq!(own.xml("UserName").as_deref(), Some("alice"));
    people.iam("DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "inline" }));
    may(&people, &alice, false);
}

#[test]
fn attached_policies_and_their_versions_hold_at_once() {
    let people = People::new();
    let alice = people.user("alice");
    let nothing = policy("Allow", &["kms:Decrypt"], "*");
    let made = people.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": nothing }));
    let arn = made.xml("Arn").unwrap();
    people.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }));
    may(&people, &alice, false);
    let list = policy("Allow", &["kms:ListKeys"], "*");
    let version = json!({ "PolicyArn": arn, "PolicyDocument": list });
    assert_eq!(people.iam("CreatePolicyVersion", version).xml("VersionId").as_deref(), Some("v2"));
    may(&people, &alice, false);
    people.iam("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" }));
    may(&people, &alice, true);
    people.iam("DetachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }));
    may(&people, &alice, false);
}

#[test]
fn what_a_group_may_its_members_may() {
    let people = People::new();
    let alice = people.user("alice");
    people.iam("CreateGroup", json!({ "GroupName": "staff" }));
    people.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": ADMIN }));
    may(&people, &alice, false);
    let member = json!({ "GroupName": "staff", "UserName": "alice" });
    people.iam("AddUserToGroup", member);
    may(&people, &alice, true);
    // The group under another name is the same group.
    people.iam("UpdateGroup", json!({ "GroupName": "staff", "NewGroupName": "people" }));
    may(&people, &alice, true);
    let denial = policy("Deny", &["kms:ListKeys"], "*");
    let put = json!({ "GroupName": "people", "PolicyName": "no", "PolicyDocument": denial });
    people.iam("PutGroupPolicy", put);
    let refused = people.kms_as(&alice, "ListKeys", json!({}));
    assert!(refused.refusal().1.ends_with(" with an explicit deny in an identity-based policy"));
    people.iam("DeleteGroupPolicy", json!({ "GroupName": "people", "PolicyName": "no" }));
    people.iam("RemoveUserFromGroup", json!({ "GroupName": "people", "UserName": "alice" }));
    may(&people, &alice, false);
}

#[test]
fn a_boundary_bounds() {
    let people = People::new();
    let alice = people.user("alice");
    people.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": ADMIN }));
    may(&people, &alice, true);
    let iam = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    people.iam("PutUserPermissionsBoundary", json!({ "UserName": "alice", "PermissionsBoundary": iam }));
    let refused = people.kms_as(&alice, "ListKeys", json!({}));
    assert!(refused.refusal().1.ends_with(" because no permissions boundary allows the kms:ListKeys action"));
    assert_eq!(people.iam_as(&alice, "ListUsers", json!({})).code, None);
    people.iam("DeleteUserPermissionsBoundary", json!({ "UserName": "alice" }));
    may(&people, &alice, true);
}

#[test]
fn policies_can_ask_who_calls() {
    let people = People::new();
    let alice = people.user("alice");
    let home = format!("arn:aws:iam::{ACCOUNT}:user/${{aws:username}}");
    let document = policy("Allow", &["iam:GetUser", "iam:ListAccessKeys"], &home);
    let put = json!({ "UserName": "alice", "PolicyName": "home", "PolicyDocument": document });
    people.iam("PutUserPolicy", put);
    people.iam("CreateUser", json!({ "UserName": "bob" }));
    assert_eq!(people.iam_as(&alice, "ListAccessKeys", json!({})).code, None);
    assert_eq!(people.iam_as(&alice, "GetUser", json!({ "UserName": "bob" })).fault(), "AccessDenied");

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
    people.iam("PutUserPolicy", put);
    may(&people, &alice, false);
    let tags = json!([{ "Key": "team", "Value": "pay" }]);
    people.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    may(&people, &alice, true);
    people.iam("UntagUser", json!({ "UserName": "alice", "TagKeys": ["team"] }));
    may(&people, &alice, false);
}

#[test]
fn conditions_of_iam_are_filled() {
    let people = People::new();
    let alice = people.user("alice");
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let statement = json!({
        "Effect": "Allow", "Action": "iam:AttachUserPolicy", "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PolicyARN": read_only } },
    });
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let put = json!({ "UserName": "alice", "PolicyName": "p", "PolicyDocument": document });
    people.iam("PutUserPolicy", put);
    let attach = |arn: &str| {
        people.iam_as(&alice, "AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": arn }))
    };
    assert_eq!(attach(ADMIN).fault(), "AccessDenied");
    assert_eq!(attach(read_only).code, None);
}

#[test]
fn nothing_crosses_accounts() {
    let people = People::new();
    let stranger = people.world.stranger();
    people.user("alice");
    let document = policy("Allow", &["kms:*"], "*");
    let made = people.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let arn = made.xml("Arn").unwrap();
    let refused = people.iam_as(&stranger, "GetUser", json!({ "UserName": "alice" }));
    assert_eq!(refused.refusal(), ("NoSuchEntity", "The user with name alice cannot be found."));
    let refused = people.iam_as(&stranger, "GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(refused.fault(), "AccessDenied");
    // The same names in another account are others.
    assert_eq!(people.iam_as(&stranger, "CreateUser", json!({ "UserName": "alice" })).code, None);
    let attach = json!({ "UserName": "alice", "PolicyArn": arn });
    let refused = people.iam_as(&stranger, "AttachUserPolicy", attach);
    let message = format!("Policy {arn} does not exist or is not attachable.");
    assert_eq!(refused.refusal(), ("NoSuchEntity", message.as_str()));
}

#[test]
fn a_role_is_passed_only_by_who_may_pass_it() {
    let people = People::new();
    let alice = people.user("alice");
    let trusted = trust(&format!("arn:aws:iam::{ACCOUNT}:user/alice"));
    people.iam("CreateRole", json!({ "RoleName": "app", "AssumeRolePolicyDocument": trusted }));
    people.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "app" }));
    people.allow("alice", &["iam:AddRoleToInstanceProfile"]);
    let add = || {
        let input = json!({ "InstanceProfileName": "app", "RoleName": "app" });
        people.iam_as(&alice, "AddRoleToInstanceProfile", input)
    };
    assert!(add().refusal().1.contains("iam:PassRole"));
    people.allow("alice", &["iam:AddRoleToInstanceProfile", "iam:PassRole"]);
    assert_eq!(add().code, None);
}

#[test]
fn identities_outlive_a_restart() {
    let mut people = People::new();
    let alice = people.user("alice");
    people.iam("CreateGroup", json!({ "GroupName": "staff", "Path": "/x/" }));
    people.iam("AttachGroupPolicy", json!({ "GroupName": "staff", "PolicyArn": ADMIN }));
    people.iam("AddUserToGroup", json!({ "GroupName": "staff", "UserName": "alice" }));
    let shown = people.iam("GetAccountAuthorizationDetails", json!({}));
    let before = shown.xml("GetAccountAuthorizationDetailsResult");
    people.world = people.world.restart();
    may(&people, &alice, true);
    let shown = people.iam("GetAccountAuthorizationDetails", json!({}));
    assert_eq!(shown.xml("GetAccountAuthorizationDetailsResult"), before);
}

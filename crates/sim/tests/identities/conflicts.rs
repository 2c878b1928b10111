//! What must go first, names that are taken, and quotas.

use serde_json::{Value, json};

use sim::stage::{Stage, allow};

use crate::documents::{policy, trust};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[track_caller]
fn refused(stage: &Stage, operation: &str, input: Value, code: &str, message: &str) {
    assert_eq!(stage.iam_refusal(operation, input), (code.to_owned(), message.to_owned()), "{operation}");
}

#[test]
fn a_user_is_deleted_when_nothing_is_left() {
    let stage = Stage::new();
    let alice = stage.user("alice");
    stage.iam("CreateGroup", json!({ "GroupName": "g" }));
    stage.iam("AddUserToGroup", json!({ "GroupName": "g", "UserName": "alice" }));
    stage.put_user_policy("alice", &allow(&["kms:*"]));
    stage.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": ADMIN }));
    let user = json!({ "UserName": "alice" });
    for (what, operation, input) in [
        (
            "must detach all policies first",
            "DetachUserPolicy",
            json!({ "UserName": "alice", "PolicyArn": ADMIN }),
        ),
        (
            "must delete policies first",
            "DeleteUserPolicy",
            json!({ "UserName": "alice", "PolicyName": "inline" }),
        ),
        (
            "must delete access keys first",
            "DeleteAccessKey",
            json!({ "UserName": "alice", "AccessKeyId": alice.access_key_id }),
        ),
        (
            "must remove users from group first",
            "RemoveUserFromGroup",
            json!({ "GroupName": "g", "UserName": "alice" }),
        ),
    ] {
        let message = format!("Cannot delete entity, {what}.");
        refused(&stage, "DeleteUser", user.clone(), "DeleteConflict", &message);
        stage.iam(operation, input);
    }
    stage.iam("DeleteUser", user);
}

#[test]
fn groups_roles_and_policies_too() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    stage.iam("CreateGroup", json!({ "GroupName": "g" }));
    stage.iam("AddUserToGroup", json!({ "GroupName": "g", "UserName": "alice" }));
    let message = "Cannot delete entity, must remove users from group first.";
    refused(&stage, "DeleteGroup", json!({ "GroupName": "g" }), "DeleteConflict", message);

    stage.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust("*") }));
    stage.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "i" }));
    stage.iam("AddRoleToInstanceProfile", json!({ "InstanceProfileName": "i", "RoleName": "r" }));
    let message = "Cannot delete entity, must remove roles from instance profile first.";
    refused(&stage, "DeleteRole", json!({ "RoleName": "r" }), "DeleteConflict", message);
    refused(
        &stage,
        "DeleteInstanceProfile",
        json!({ "InstanceProfileName": "i" }),
        "DeleteConflict",
        message,
    );

    let document = policy("Allow", &["kms:*"], "*");
    let made = stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let arn = made.xml("Arn").unwrap();
    stage.iam("PutRolePermissionsBoundary", json!({ "RoleName": "r", "PermissionsBoundary": arn }));
    let named = json!({ "PolicyArn": arn });
    let message = "Cannot delete a policy attached to entities.";
    refused(&stage, "DeletePolicy", named.clone(), "DeleteConflict", message);
    stage.iam("DeleteRolePermissionsBoundary", json!({ "RoleName": "r" }));
    stage.iam(
        "CreatePolicyVersion",
        json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true }),
    );
    let (code, message) = stage.iam_refusal("DeletePolicy", named.clone());
    assert_eq!(code, "DeleteConflict");
    assert!(message.starts_with("This policy has more than one version."), "{message}");
    let message = "Cannot delete the default version of a policy.";
    let version = json!({ "PolicyArn": arn, "VersionId": "v2" });
    refused(&stage, "DeletePolicyVersion", version, "DeleteConflict", message);
    stage.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" }));
    stage.iam("DeletePolicy", named);
}

#[test]
fn names_are_unique_in_any_case() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "Alice", "Path": "/a/" }));
    let again = json!({ "UserName": "aLICE" });
    refused(&stage, "CreateUser", again, "EntityAlreadyExists", "User with name aLICE already exists.");
    let read = stage.iam("GetUser", json!({ "UserName": "ALICE" }));
    assert_eq!(read.xml("UserName").as_deref(), Some("Alice"));
    stage.iam("CreateUser", json!({ "UserName": "bob" }));
    let taken = json!({ "UserName": "bob", "NewUserName": "ALICE" });
    refused(&stage, "UpdateUser", taken, "EntityAlreadyExists", "User with name ALICE already exists.");
    stage.iam("UpdateUser", json!({ "UserName": "alice", "NewUserName": "ALICE" }));

    let document = policy("Allow", &["kms:*"], "*");
    stage.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let again = json!({ "PolicyName": "P", "Path": "/other/", "PolicyDocument": document });
    let message = "A policy called P already exists. Duplicate names are not allowed.";
    refused(&stage, "CreatePolicy", again, "EntityAlreadyExists", message);

    stage.iam("CreateAccountAlias", json!({ "AccountAlias": "ours" }));
    let stranger = stage.world.stranger();
    let taken = stage.iam_as(&stranger, "CreateAccountAlias", json!({ "AccountAlias": "ours" }));
    assert_eq!(taken.refusal(), ("EntityAlreadyExists", "The account alias ours already exists."));
    stage.iam("CreateAccountAlias", json!({ "AccountAlias": "theirs" }));
    assert_eq!(stage.iam_as(&stranger, "CreateAccountAlias", json!({ "AccountAlias": "ours" })).code, None);
    assert_eq!(stage.iam("ListAccountAliases", json!({})).xml("member").as_deref(), Some("theirs"));
}

#[test]
fn quotas_hold() {
    let stage = Stage::new();
    stage.iam("CreateUser", json!({ "UserName": "alice" }));
    let document = policy("Allow", &["kms:*"], "*");
    for number in 0..11 {
        let made = stage
            .iam("CreatePolicy", json!({ "PolicyName": format!("p{number}"), "PolicyDocument": document }));
        let attach = json!({ "UserName": "alice", "PolicyArn": made.xml("Arn").unwrap() });
        let group = format!("g{number}");
        stage.iam("CreateGroup", json!({ "GroupName": group }));
        let join = json!({ "GroupName": group, "UserName": "alice" });
        if number < 10 {
            stage.iam("AttachUserPolicy", attach.clone());
            stage.iam("AttachUserPolicy", attach);
            stage.iam("AddUserToGroup", join);
        } else {
            let message = "Cannot exceed quota for PoliciesPerUser: 10";
            refused(&stage, "AttachUserPolicy", attach, "LimitExceeded", message);
            refused(
                &stage,
                "AddUserToGroup",
                join,
                "LimitExceeded",
                "Cannot exceed quota for GroupsPerUser: 10",
            );
        }
    }
    let long =
        |characters: usize| policy("Allow", &["kms:*"], &format!("arn:aws:{}", "a".repeat(characters)));
    let put = |size| json!({ "UserName": "alice", "PolicyName": "long", "PolicyDocument": long(size) });
    // White space does not count.
    stage.iam(
        "PutUserPolicy",
        json!({ "UserName": "alice", "PolicyName": "s", "PolicyDocument": document + &" ".repeat(2048) }),
    );
    let message = "Maximum policy size of 2048 bytes exceeded for user alice";
    refused(&stage, "PutUserPolicy", put(2048), "LimitExceeded", message);
    let made = json!({ "PolicyName": "long", "PolicyDocument": long(6144) });
    refused(&stage, "CreatePolicy", made, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
    let tags: Vec<Value> =
        (0..50).map(|number| json!({ "Key": format!("k{number}"), "Value": "" })).collect();
    stage.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    let (code, _) = stage
        .iam_refusal("TagUser", json!({ "UserName": "alice", "Tags": [{ "Key": "one-more", "Value": "" }] }));
    assert_eq!(code, "LimitExceeded");
}

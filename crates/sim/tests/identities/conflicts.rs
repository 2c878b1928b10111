//! What must go first, names that are taken, and quotas.

use serde_json::{Value, json};

use crate::people::{People, policy, trust};

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[track_caller]
fn refused(people: &People, operation: &str, input: Value, code: &str, message: &str) {
    assert_eq!(people.refusal(operation, input), (code.to_owned(), message.to_owned()), "{operation}");
}

#[test]
fn a_user_is_deleted_when_nothing_is_left() {
    let people = People::new();
    let alice = people.user("alice");
    people.iam("CreateGroup", json!({ "GroupName": "g" }));
    people.iam("AddUserToGroup", json!({ "GroupName": "g", "UserName": "alice" }));
    people.allow("alice", &["kms:*"]);
    people.iam("AttachUserPolicy", json!({ "UserName": "alice", "PolicyArn": ADMIN }));
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
        refused(&people, "DeleteUser", user.clone(), "DeleteConflict", &message);
        people.iam(operation, input);
    }
    people.iam("DeleteUser", user);
}

#[test]
fn groups_roles_and_policies_too() {
    let people = People::new();
    people.iam("CreateUser", json!({ "UserName": "alice" }));
    people.iam("CreateGroup", json!({ "GroupName": "g" }));
    people.iam("AddUserToGroup", json!({ "GroupName": "g", "UserName": "alice" }));
    let message = "Cannot delete entity, must remove users from group first.";
    refused(&people, "DeleteGroup", json!({ "GroupName": "g" }), "DeleteConflict", message);

    people.iam("CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust("*") }));
    people.iam("CreateInstanceProfile", json!({ "InstanceProfileName": "i" }));
    people.iam("AddRoleToInstanceProfile", json!({ "InstanceProfileName": "i", "RoleName": "r" }));
    let message = "Cannot delete entity, must remove roles from instance profile first.";
    refused(&people, "DeleteRole", json!({ "RoleName": "r" }), "DeleteConflict", message);
    refused(
        &people,
        "DeleteInstanceProfile",
        json!({ "InstanceProfileName": "i" }),
        "DeleteConflict",
        message,
    );

    let document = policy("Allow", &["kms:*"], "*");
    let made = people.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let arn = made.xml("Arn").unwrap();
    people.iam("PutRolePermissionsBoundary", json!({ "RoleName": "r", "PermissionsBoundary": arn }));
    let named = json!({ "PolicyArn": arn });
    let message = "Cannot delete a policy attached to entities.";
    refused(&people, "DeletePolicy", named.clone(), "DeleteConflict", message);
    people.iam("DeleteRolePermissionsBoundary", json!({ "RoleName": "r" }));
    people.iam(
        "CreatePolicyVersion",
        json!({ "PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": true }),
    );
    let (code, message) = people.refusal("DeletePolicy", named.clone());
    assert_eq!(code, "DeleteConflict");
    assert!(message.starts_with("This policy has more than one version."), "{message}");
    let message = "Cannot delete the default version of a policy.";
    let version = json!({ "PolicyArn": arn, "VersionId": "v2" });
    refused(&people, "DeletePolicyVersion", version, "DeleteConflict", message);
    people.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v1" }));
    people.iam("DeletePolicy", named);
}

#[test]
fn names_are_unique_in_any_case() {
    let people = People::new();
    people.iam("CreateUser", json!({ "UserName": "Alice", "Path": "/a/" }));
    let again = json!({ "UserName": "aLICE" });
    refused(&people, "CreateUser", again, "EntityAlreadyExists", "User with name aLICE already exists.");
    let read = people.iam("GetUser", json!({ "UserName": "ALICE" }));
    assert_eq!(read.xml("UserName").as_deref(), Some("Alice"));
    people.iam("CreateUser", json!({ "UserName": "bob" }));
    let taken = json!({ "UserName": "bob", "NewUserName": "ALICE" });
    refused(&people, "UpdateUser", taken, "EntityAlreadyExists", "User with name ALICE already exists.");
    people.iam("UpdateUser", json!({ "UserName": "alice", "NewUserName": "ALICE" }));

    let document = policy("Allow", &["kms:*"], "*");
    people.iam("CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document }));
    let again = json!({ "PolicyName": "P", "Path": "/other/", "PolicyDocument": document });
    let message = "A policy called P already exists. Duplicate names are not allowed.";
    refused(&people, "CreatePolicy", again, "EntityAlreadyExists", message);

    people.iam("CreateAccountAlias", json!({ "AccountAlias": "ours" }));
    let stranger = people.world.stranger();
    let taken = people.iam_as(&stranger, "CreateAccountAlias", json!({ "AccountAlias": "ours" }));
    assert_eq!(taken.refusal(), ("EntityAlreadyExists", "The account alias ours already exists."));
    people.iam("CreateAccountAlias", json!({ "AccountAlias": "theirs" }));
    assert_eq!(people.iam_as(&stranger, "CreateAccountAlias", json!({ "AccountAlias": "ours" })).code, None);
    assert_eq!(people.iam("ListAccountAliases", json!({})).xml("member").as_deref(), Some("theirs"));
}

#[test]
fn quotas_hold() {
    let people = People::new();
    people.iam("CreateUser", json!({ "UserName": "alice" }));
    let document = policy("Allow", &["kms:*"], "*");
    for number in 0..11 {
        let made = people
            .iam("CreatePolicy", json!({ "PolicyName": format!("p{number}"), "PolicyDocument": document }));
        let attach = json!({ "UserName": "alice", "PolicyArn": made.xml("Arn").unwrap() });
        let group = format!("g{number}");
        people.iam("CreateGroup", json!({ "GroupName": group }));
        let join = json!({ "GroupName": group, "UserName": "alice" });
        if number < 10 {
            people.iam("AttachUserPolicy", attach.clone());
            people.iam("AttachUserPolicy", attach);
            people.iam("AddUserToGroup", join);
        } else {
            let message = "Cannot exceed quota for PoliciesPerUser: 10";
            refused(&people, "AttachUserPolicy", attach, "LimitExceeded", message);
            refused(
                &people,
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
    people.iam(
        "PutUserPolicy",
        json!({ "UserName": "alice", "PolicyName": "s", "PolicyDocument": document + &" ".repeat(2048) }),
    );
    let message = "Maximum policy size of 2048 bytes exceeded for user alice";
    refused(&people, "PutUserPolicy", put(2048), "LimitExceeded", message);
    let made = json!({ "PolicyName": "long", "PolicyDocument": long(6144) });
    refused(&people, "CreatePolicy", made, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144");
    let tags: Vec<Value> =
        (0..50).map(|number| json!({ "Key": format!("k{number}"), "Value": "" })).collect();
    people.iam("TagUser", json!({ "UserName": "alice", "Tags": tags }));
    let (code, _) = people
        .refusal("TagUser", json!({ "UserName": "alice", "Tags": [{ "Key": "one-more", "Value": "" }] }));
    assert_eq!(code, "LimitExceeded");
}

//! The calls that Terraform's resources make, in their order: what is read after a write is what was written.

use serde_json::json;

use crate::people::{ACCOUNT, People, all, decoded, policy, trust};

#[test]
fn a_user_with_an_access_key() {
    let people = People::new();
    let tags = json!([{ "Key": "team", "Value": "pay" }]);
    let made = people.iam("CreateUser", json!({ "UserName": "tf", "Path": "/a/", "Tags": tags }));
    assert_eq!(made.xml("Arn").as_deref(), Some("arn:aws:iam::111122223333:user/a/tf"));
    assert!(made.xml("UserId").unwrap().starts_with("AIDA"));
    let read = people.iam("GetUser", json!({ "UserName": "tf" }));
    assert_eq!(read.xml("User"), made.xml("User"), "tags and all");
    assert_eq!((read.xml("Key").as_deref(), read.xml("Value").as_deref()), (Some("team"), Some("pay")));

    let key = people.iam("CreateAccessKey", json!({ "UserName": "tf" })).xml("AccessKeyId").unwrap();
    let off = json!({ "UserName": "tf", "AccessKeyId": key, "Status": "Inactive" });
    people.iam("UpdateAccessKey", off);
    let keys = people.iam("ListAccessKeys", json!({ "UserName": "tf" }));
    assert_eq!(
        (keys.xml("AccessKeyId"), keys.xml("Status").as_deref()),
        (Some(key.clone()), Some("Inactive"))
    );

    let document = policy("Allow", &["kms:Encrypt"], "*");
    let inline = json!({ "UserName": "tf", "PolicyName": "p", "PolicyDocument": document });
    people.iam("PutUserPolicy", inline);
    let read = people.iam("GetUserPolicy", json!({ "UserName": "tf", "PolicyName": "p" }));
    assert_eq!(decoded(&read, "PolicyDocument"), document);

    people.iam("UpdateUser", json!({ "UserName": "tf", "NewPath": "/b/" }));
    people.iam("TagUser", json!({ "UserName": "tf", "Tags": [{ "Key": "Team", "Value": "x" }] }));
    people.iam("UntagUser", json!({ "UserName": "tf", "TagKeys": ["none"] }));
    let read = people.iam("GetUser", json!({ "UserName": "tf" }));
    assert_eq!(read.xml("Path").as_deref(), Some("/b/"));
    assert_eq!((read.xml("Key").as_deref(), read.xml("Value").as_deref()), (Some("Team"), Some("x")));

    // force_destroy
    people.iam("DeleteUserPolicy", json!({ "UserName": "tf", "PolicyName": "p" }));
    assert!(all(&people.iam("ListGroupsForUser", json!({ "UserName": "tf" })), "member").is_empty());
    people.iam("DeleteAccessKey", json!({ "UserName": "tf", "AccessKeyId": key }));
    for listing in
        ["ListSSHPublicKeys", "ListMFADevices", "ListSigningCertificates", "ListServiceSpecificCredentials"]
    {
        let empty = people.iam(listing, json!({ "UserName": "tf" }));
        assert_eq!(empty.xml("IsTruncated").as_deref(), Some("false"), "{listing}");
        assert!(all(&empty, "member").is_empty());
    }
    assert!(all(&people.iam("ListVirtualMFADevices", json!({})), "member").is_empty());
    for (operation, text) in [
        ("GetLoginProfile", "Login Profile for User tf cannot be found."),
        ("DeleteLoginProfile", "Cannot find Login Profile for User tf"),
    ] {
        let (code, message) = people.refusal(operation, json!({ "UserName": "tf" }));
        assert_eq!((code.as_str(), message.as_str()), ("NoSuchEntity", text));
    }
    people.iam("DeleteUser", json!({ "UserName": "tf" }));
    let gone = people.iam_as(&people.root, "GetUser", json!({ "UserName": "tf" }));
    assert_eq!(
        (gone.status, gone.refusal()),
        (404, ("NoSuchEntity", "The user with name tf cannot be found."))
    );
}

#[test]
fn a_role() {
    let people = People::new();
    let trusted = trust(&format!("arn:aws:iam::{ACCOUNT}:root"));
    let made = people.iam(
        "CreateRole",
        json!({ "RoleName": "tf", "AssumeRolePolicyDocument": trusted, "Description": "made", "MaxSessionDuration": 7200 }),
    );
    assert!(made.xml("RoleId").unwrap().starts_with("AROA"));
    assert_eq!(made.xml("MaxSessionDuration"), None, "left out here, as by AWS");
    let read = people.iam("GetRole", json!({ "RoleName": "tf" }));
    assert_eq!(decoded(&read, "AssumeRolePolicyDocument"), trusted);
    assert_eq!(read.xml("MaxSessionDuration").as_deref(), Some("7200"));
    assert_eq!(read.xml("RoleLastUsed").as_deref(), Some(""));
    let document = policy("Allow", &["kms:Encrypt"], "*");
    people.iam("PutRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p", "PolicyDocument": document }));
    let listed = people.iam("ListRolePolicies", json!({ "RoleName": "tf" }));
    assert_eq!(all(&listed, "member"), ["p"]);
    let read = people.iam("GetRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p" }));
    assert_eq!(decoded(&read, "PolicyDocument"), document);
    let arn = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
    people.iam("AttachRolePolicy", json!({ "RoleName": "tf", "PolicyArn": arn }));
    let attached = people.iam("ListAttachedRolePolicies", json!({ "RoleName": "tf" }));
    assert_eq!(all(&attached, "PolicyArn"), [arn]);

    let other = trust("*");
    people.iam("UpdateAssumeRolePolicy", json!({ "RoleName": "tf", "PolicyDocument": other }));
    people.iam("UpdateRoleDescription", json!({ "RoleName": "tf", "Description": "other" }));
    people.iam("UpdateRole", json!({ "RoleName": "tf", "Description": "more", "MaxSessionDuration": 3600 }));
    let read = people.iam("GetRole", json!({ "RoleName": "tf" }));
    assert_eq!(decoded(&read, "AssumeRolePolicyDocument"), other);
    assert_eq!(read.xml("Description").as_deref(), Some("more"));

    // force_detach_policies
    assert!(
        all(&people.iam("ListInstanceProfilesForRole", json!({ "RoleName": "tf" })), "member").is_empty()
    );
    people.iam("DetachRolePolicy", json!({ "RoleName": "tf", "PolicyArn": arn }));
    people.iam("DeleteRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p" }));
    people.iam("DeleteRole", json!({ "RoleName": "tf" }));
    assert_eq!(people.refusal("GetRole", json!({ "RoleName": "tf" })).0, "NoSuchEntity");
}

#[test]
fn a_policy_and_its_attachment() {
    let people = People::new();
    let document = policy("Allow", &["kms:Encrypt"], "*");
    let made = people
        .iam("CreatePolicy", json!({ "PolicyName": "tf", "PolicyDocument": document, "Description": "d" }));
    let arn = made.xml("Arn").unwrap();
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/tf"));
    assert_eq!(made.xml("Description"), None, "only GetPolicy shows it");
    let read = people.iam("GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(read.xml("Description").as_deref(), Some("d"));
    assert_eq!(read.xml("DefaultVersionId").as_deref(), Some("v1"));
    assert_eq!(read.xml("AttachmentCount").as_deref(), Some("0"));
    let version = |id: &str| {
        decoded(&people.iam("GetPolicyVersion", json!({ "PolicyArn": arn, "VersionId": id })), "Document")
    };
    assert_eq!(version("v1"), document);

    // Update: prune the oldest of five, add one, make it the default.
    let other = policy("Allow", &["kms:Decrypt"], "*");
    for number in 2..=5 {
        let added = people.iam("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": other }));
        assert_eq!(added.xml("VersionId"), Some(format!("v{number}")));
        assert_eq!(added.xml("IsDefaultVersion").as_deref(), Some("false"));
    }
    let (code, message) =
        people.refusal("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": other }));
    assert_eq!(code, "LimitExceeded");
    assert!(
        message.starts_with("A managed policy can have up to 5 versions. Before you create a new version")
    );
    people.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" }));
    people.iam(
        "CreatePolicyVersion",
        json!({ "PolicyArn": arn, "PolicyDocument": other, "SetAsDefault": false }),
    );
    people.iam("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v6" }));
    let versions = people.iam("ListPolicyVersions", json!({ "PolicyArn": arn }));
    assert_eq!(all(&versions, "VersionId"), ["v6", "v5", "v4", "v3", "v1"]);
    assert_eq!(version("v6"), other);

    people.iam("CreateUser", json!({ "UserName": "u" }));
    people.iam("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    let entities = people.iam("ListEntitiesForPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(all(&entities, "UserName"), ["u"]);
    let read = people.iam("GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(read.xml("AttachmentCount").as_deref(), Some("1"));
    people.iam("DetachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    let again = people.refusal("DetachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    assert_eq!(again, ("NoSuchEntity".to_owned(), format!("Policy {arn} was not found.")));

    for id in ["v5", "v4", "v3", "v1"] {
        people.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": id }));
    }
    people.iam("DeletePolicy", json!({ "PolicyArn": arn }));
    assert_eq!(
        people.refusal("GetPolicy", json!({ "PolicyArn": arn })).1,
        format!("Policy {arn} was not found.")
    );
}

#[test]
fn an_openid_connect_provider() {
    let people = People::new();
    let input = json!({ "Url": "https://id.example.com/a", "ClientIDList": ["one"], "Tags": [{ "Key": "k", "Value": "v" }] });
    let made = people.iam("CreateOpenIDConnectProvider", input.clone());
    let arn = made.xml("OpenIDConnectProviderArn").unwrap();
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:oidc-provider/id.example.com/a"));
    assert_eq!(people.refusal("CreateOpenIDConnectProvider", input).0, "EntityAlreadyExists");
    let named = json!({ "OpenIDConnectProviderArn": arn });
    people.iam(
        "AddClientIDToOpenIDConnectProvider",
        json!({ "OpenIDConnectProviderArn": arn, "ClientID": "two" }),
    );
    people.iam(
        "RemoveClientIDFromOpenIDConnectProvider",
        json!({ "OpenIDConnectProviderArn": arn, "ClientID": "one" }),
    );
    let read = people.iam("GetOpenIDConnectProvider", named.clone());
    assert_eq!(read.xml("ClientIDList").as_deref(), Some("<member>two</member>"));
    assert_eq!(read.xml("Url").as_deref(), Some("id.example.com/a"));
    assert_eq!(read.xml("Key").as_deref(), Some("k"));
    people.iam("DeleteOpenIDConnectProvider", named.clone());
    assert_eq!(people.refusal("GetOpenIDConnectProvider", named).0, "NoSuchEntity");
}

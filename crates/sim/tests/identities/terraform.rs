//! The calls that Terraform's resources make, in their order: what is read after a write is what was written.

use serde_json::json;

use sim::stage::{ACCOUNT, Stage};

use crate::documents::{all, decoded, policy, trust};

#[test]
fn a_user_with_an_access_key() {
    let stage = Stage::new();
    let tags = json!([{ "Key": "team", "Value": "pay" }]);
    let made = stage.iam("CreateUser", json!({ "UserName": "tf", "Path": "/a/", "Tags": tags }));
    assert_eq!(made.xml("Arn").as_deref(), Some("arn:aws:iam::111122223333:user/a/tf"));
    assert!(made.xml("UserId").unwrap().starts_with("AIDA"));
    let read = stage.iam("GetUser", json!({ "UserName": "tf" }));
    assert_eq!(read.xml("User"), made.xml("User"), "tags and all");
    assert_eq!((read.xml("Key").as_deref(), read.xml("Value").as_deref()), (Some("team"), Some("pay")));

    let key = stage.iam("CreateAccessKey", json!({ "UserName": "tf" })).xml("AccessKeyId").unwrap();
    let off = json!({ "UserName": "tf", "AccessKeyId": key, "Status": "Inactive" });
    stage.iam("UpdateAccessKey", off);
    let keys = stage.iam("ListAccessKeys", json!({ "UserName": "tf" }));
    assert_eq!(
        (keys.xml("AccessKeyId"), keys.xml("Status").as_deref()),
        (Some(key.clone()), Some("Inactive"))
    );

    let document = policy("Allow", &["kms:Encrypt"], "*");
    let inline = json!({ "UserName": "tf", "PolicyName": "p", "PolicyDocument": document });
    stage.iam("PutUserPolicy", inline);
    let read = stage.iam("GetUserPolicy", json!({ "UserName": "tf", "PolicyName": "p" }));
    assert_eq!(decoded(&read, "PolicyDocument"), document);

    stage.iam("UpdateUser", json!({ "UserName": "tf", "NewPath": "/b/" }));
    stage.iam("TagUser", json!({ "UserName": "tf", "Tags": [{ "Key": "Team", "Value": "x" }] }));
    stage.iam("UntagUser", json!({ "UserName": "tf", "TagKeys": ["none"] }));
    let read = stage.iam("GetUser", json!({ "UserName": "tf" }));
    assert_eq!(read.xml("Path").as_deref(), Some("/b/"));
    assert_eq!((read.xml("Key").as_deref(), read.xml("Value").as_deref()), (Some("Team"), Some("x")));

    // force_destroy
    stage.iam("DeleteUserPolicy", json!({ "UserName": "tf", "PolicyName": "p" }));
    assert!(all(&stage.iam("ListGroupsForUser", json!({ "UserName": "tf" })), "member").is_empty());
    stage.iam("DeleteAccessKey", json!({ "UserName": "tf", "AccessKeyId": key }));
    for listing in
        ["ListSSHPublicKeys", "ListMFADevices", "ListSigningCertificates", "ListServiceSpecificCredentials"]
    {
        let empty = stage.iam(listing, json!({ "UserName": "tf" }));
        assert_eq!(empty.xml("IsTruncated").as_deref(), Some("false"), "{listing}");
        assert!(all(&empty, "member").is_empty());
    }
    assert!(all(&stage.iam("ListVirtualMFADevices", json!({})), "member").is_empty());
    for (operation, text) in [
        ("GetLoginProfile", "Login Profile for User tf cannot be found."),
        ("DeleteLoginProfile", "Cannot find Login Profile for User tf"),
    ] {
        let (code, message) = stage.iam_refusal(operation, json!({ "UserName": "tf" }));
        assert_eq!((code.as_str(), message.as_str()), ("NoSuchEntity", text));
    }
    stage.iam("DeleteUser", json!({ "UserName": "tf" }));
    let gone = stage.iam_as(&stage.root, "GetUser", json!({ "UserName": "tf" }));
    assert_eq!(
        (gone.status, gone.refusal()),
        (404, ("NoSuchEntity", "The user with name tf cannot be found."))
    );
}

#[test]
fn a_role() {
    let stage = Stage::new();
    let trusted = trust(&format!("arn:aws:iam::{ACCOUNT}:root"));
    let made = stage.iam(
        "CreateRole",
        json!({ "RoleName": "tf", "AssumeRolePolicyDocument": trusted, "Description": "made", "MaxSessionDuration": 7200 }),
    );
    assert!(made.xml("RoleId").unwrap().starts_with("AROA"));
    assert_eq!(made.xml("MaxSessionDuration"), None, "left out here, as by AWS");
    let read = stage.iam("GetRole", json!({ "RoleName": "tf" }));
    assert_eq!(decoded(&read, "AssumeRolePolicyDocument"), trusted);
    assert_eq!(read.xml("MaxSessionDuration").as_deref(), Some("7200"));
    assert_eq!(read.xml("RoleLastUsed").as_deref(), Some(""));
    let document = policy("Allow", &["kms:Encrypt"], "*");
    stage.iam("PutRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p", "PolicyDocument": document }));
    let listed = stage.iam("ListRolePolicies", json!({ "RoleName": "tf" }));
    assert_eq!(all(&listed, "member"), ["p"]);
    let read = stage.iam("GetRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p" }));
    assert_eq!(decoded(&read, "PolicyDocument"), document);
    let arn = "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser";
    stage.iam("AttachRolePolicy", json!({ "RoleName": "tf", "PolicyArn": arn }));
    let attached = stage.iam("ListAttachedRolePolicies", json!({ "RoleName": "tf" }));
    assert_eq!(all(&attached, "PolicyArn"), [arn]);

    let other = trust("*");
    stage.iam("UpdateAssumeRolePolicy", json!({ "RoleName": "tf", "PolicyDocument": other }));
    stage.iam("UpdateRoleDescription", json!({ "RoleName": "tf", "Description": "other" }));
    stage.iam("UpdateRole", json!({ "RoleName": "tf", "Description": "more", "MaxSessionDuration": 3600 }));
    let read = stage.iam("GetRole", json!({ "RoleName": "tf" }));
    assert_eq!(decoded(&read, "AssumeRolePolicyDocument"), other);
    assert_eq!(read.xml("Description").as_deref(), Some("more"));

    // force_detach_policies
    assert!(all(&stage.iam("ListInstanceProfilesForRole", json!({ "RoleName": "tf" })), "member").is_empty());
    stage.iam("DetachRolePolicy", json!({ "RoleName": "tf", "PolicyArn": arn }));
    stage.iam("DeleteRolePolicy", json!({ "RoleName": "tf", "PolicyName": "p" }));
    stage.iam("DeleteRole", json!({ "RoleName": "tf" }));
    assert_eq!(stage.iam_refusal("GetRole", json!({ "RoleName": "tf" })).0, "NoSuchEntity");
}

#[test]
fn a_policy_and_its_attachment() {
    let stage = Stage::new();
    let document = policy("Allow", &["kms:Encrypt"], "*");
    let made = stage
        .iam("CreatePolicy", json!({ "PolicyName": "tf", "PolicyDocument": document, "Description": "d" }));
    let arn = made.xml("Arn").unwrap();
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/tf"));
    assert_eq!(made.xml("Description"), None, "only GetPolicy shows it");
    let read = stage.iam("GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(read.xml("Description").as_deref(), Some("d"));
    assert_eq!(read.xml("DefaultVersionId").as_deref(), Some("v1"));
    assert_eq!(read.xml("AttachmentCount").as_deref(), Some("0"));
    let version = |id: &str| {
        decoded(&stage.iam("GetPolicyVersion", json!({ "PolicyArn": arn, "VersionId": id })), "Document")
    };
    assert_eq!(version("v1"), document);

    // Update: prune the oldest of five, add one, make it the default.
    let other = policy("Allow", &["kms:Decrypt"], "*");
    for number in 2..=5 {
        let added = stage.iam("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": other }));
        assert_eq!(added.xml("VersionId"), Some(format!("v{number}")));
        assert_eq!(added.xml("IsDefaultVersion").as_deref(), Some("false"));
    }
    let (code, message) =
        stage.iam_refusal("CreatePolicyVersion", json!({ "PolicyArn": arn, "PolicyDocument": other }));
    assert_eq!(code, "LimitExceeded");
    assert!(
        message.starts_with("A managed policy can have up to 5 versions. Before you create a new version")
    );
    stage.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v2" }));
    stage.iam(
        "CreatePolicyVersion",
        json!({ "PolicyArn": arn, "PolicyDocument": other, "SetAsDefault": false }),
    );
    stage.iam("SetDefaultPolicyVersion", json!({ "PolicyArn": arn, "VersionId": "v6" }));
    let versions = stage.iam("ListPolicyVersions", json!({ "PolicyArn": arn }));
    assert_eq!(all(&versions, "VersionId"), ["v6", "v5", "v4", "v3", "v1"]);
    assert_eq!(version("v6"), other);

    stage.iam("CreateUser", json!({ "UserName": "u" }));
    stage.iam("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    let entities = stage.iam("ListEntitiesForPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(all(&entities, "UserName"), ["u"]);
    let read = stage.iam("GetPolicy", json!({ "PolicyArn": arn }));
    assert_eq!(read.xml("AttachmentCount").as_deref(), Some("1"));
    stage.iam("DetachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    let again = stage.iam_refusal("DetachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    assert_eq!(again, ("NoSuchEntity".to_owned(), format!("Policy {arn} was not found.")));

    for id in ["v5", "v4", "v3", "v1"] {
        stage.iam("DeletePolicyVersion", json!({ "PolicyArn": arn, "VersionId": id }));
    }
    stage.iam("DeletePolicy", json!({ "PolicyArn": arn }));
    assert_eq!(
        stage.iam_refusal("GetPolicy", json!({ "PolicyArn": arn })).1,
        format!("Policy {arn} was not found.")
    );
}

#[test]
fn an_openid_connect_provider() {
    let stage = Stage::new();
    let input = json!({ "Url": "https://id.example.com/a", "ClientIDList": ["one"], "Tags": [{ "Key": "k", "Value": "v" }] });
    let made = stage.iam("CreateOpenIDConnectProvider", input.clone());
    let arn = made.xml("OpenIDConnectProviderArn").unwrap();
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:oidc-provider/id.example.com/a"));
    assert_eq!(stage.iam_refusal("CreateOpenIDConnectProvider", input).0, "EntityAlreadyExists");
    let named = json!({ "OpenIDConnectProviderArn": arn });
    stage.iam(
        "AddClientIDToOpenIDConnectProvider",
        json!({ "OpenIDConnectProviderArn": arn, "ClientID": "two" }),
    );
    stage.iam(
        "RemoveClientIDFromOpenIDConnectProvider",
        json!({ "OpenIDConnectProviderArn": arn, "ClientID": "one" }),
    );
    let read = stage.iam("GetOpenIDConnectProvider", named.clone());
    assert_eq!(read.xml("ClientIDList").as_deref(), Some("<member>two</member>"));
    assert_eq!(read.xml("Url").as_deref(), Some("id.example.com/a"));
    assert_eq!(read.xml("Key").as_deref(), Some("k"));
    stage.iam("DeleteOpenIDConnectProvider", named.clone());
    assert_eq!(stage.iam_refusal("GetOpenIDConnectProvider", named).0, "NoSuchEntity");
}

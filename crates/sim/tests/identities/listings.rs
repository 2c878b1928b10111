//! Pages and their markers.

use serde_json::json;

use sim::Stage;

use crate::documents::all;

#[test]
fn users_come_in_pages() {
    let stage = Stage::new();
    for name in ["d", "B", "a", "C", "e"] {
        let path = if name == "e" { "/other/" } else { "/" };
        stage.iam("CreateUser", json!({ "UserName": name, "Path": path }));
    }
    let mut names = Vec::new();
    let mut marker = None;
    loop {
        let page = stage.iam("ListUsers", json!({ "MaxItems": 2, "Marker": marker }));
        let listed = all(&page, "UserName");
        assert!(listed.len() <= 2);
        names.extend(listed);
        marker = page.xml("Marker");
        assert_eq!(page.xml("IsTruncated").as_deref(), Some(if marker.is_some() { "true" } else { "false" }));
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(names, ["a", "B", "C", "d", "e"]);
    let under = stage.iam("ListUsers", json!({ "PathPrefix": "/other/" }));
    assert_eq!(all(&under, "UserName"), ["e"]);
}

#[test]
fn a_marker_from_elsewhere_is_refused() {
    let stage = Stage::new();
    for name in ["a", "b"] {
        stage.iam("CreateUser", json!({ "UserName": name }));
        stage.iam("CreateGroup", json!({ "GroupName": name }));
    }
    let marker = stage.iam("ListUsers", json!({ "MaxItems": 1 })).xml("Marker").unwrap();
    let stranger = stage.world.stranger();
    for (who, operation, input) in [
        (&stage.root, "ListGroups", json!({ "Marker": marker })),
        (&stage.root, "ListUsers", json!({ "Marker": marker, "PathPrefix": "/x/" })),
        (&stranger, "ListUsers", json!({ "Marker": marker })),
        (&stage.root, "ListUsers", json!({ "Marker": "made-up" })),
    ] {
        let refused = stage.iam_as(who, operation, input);
        assert_eq!(refused.refusal(), ("ValidationError", "Invalid Marker."), "{operation}");
    }
}

#[test]
fn policies_of_the_account_and_of_aws() {
    let stage = Stage::new();
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
    stage.iam("CreatePolicy", json!({ "PolicyName": "mine", "PolicyDocument": document }));
    let names = |input| all(&stage.iam("ListPolicies", input), "PolicyName");
    assert_eq!(names(json!({ "Scope": "Local" })), ["mine"]);
    let of_aws = [
        "AdministratorAccess",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AWSDenyAll",
        "AWSKeyManagementServicePowerUser",
        "AWSSupportAccess",
        "IAMFullAccess",
        "IAMReadOnlyAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "SecurityAudit",
        "ServiceQuotasReadOnlyAccess",
        "ViewOnlyAccess",
    ];
    assert_eq!(names(json!({ "Scope": "AWS" })), of_aws);
    assert_eq!(names(json!({})).len(), of_aws.len() + 1);
    assert!(names(json!({ "OnlyAttached": true })).is_empty());
    stage.iam("CreateUser", json!({ "UserName": "u" }));
    let arn = "arn:aws:iam::aws:policy/IAMFullAccess";
    stage.iam("AttachUserPolicy", json!({ "UserName": "u", "PolicyArn": arn }));
    assert_eq!(names(json!({ "OnlyAttached": true })), ["IAMFullAccess"]);
    let under = json!({ "PathPrefix": "/job-function/" });
    let listed = stage.iam("ListPolicies", under);
    assert_eq!(listed.xml("Arn").as_deref(), Some("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"));
    let version = json!({ "PolicyArn": arn, "PolicyDocument": document });
    assert_eq!(stage.iam_refusal("CreatePolicyVersion", version).0, "AccessDenied");
}

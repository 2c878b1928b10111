//! What is kept of a service model: operations, shapes and constraints. Prose is dropped.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::Result;

/// Operations of IAM that Keywright is going to offer; the rest of its model is left out.
const IAM: &[&str] = &[
    "AddClientIDToOpenIDConnectProvider",
    "AddRoleToInstanceProfile",
    "AddUserToGroup",
    "AttachGroupPolicy",
    "AttachRolePolicy",
    "AttachUserPolicy",
    "CreateAccessKey",
    "CreateAccountAlias",
    "CreateGroup",
    "CreateInstanceProfile",
    "CreateOpenIDConnectProvider",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateRole",
    "CreateServiceLinkedRole",
    "CreateUser",
    "DeleteAccessKey",
    "DeleteAccountAlias",
    "DeleteGroup",
    "DeleteGroupPolicy",
    "DeleteInstanceProfile",
    "DeleteLoginProfile",
    "DeleteOpenIDConnectProvider",
    "DeletePolicy",
    "DeletePolicyVersion",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DeleteServiceLinkedRole",
    "DeleteUser",
    "DeleteUserPermissionsBoundary",
    "DeleteUserPolicy",
    "DetachGroupPolicy",
    "DetachRolePolicy",
    "DetachUserPolicy",
    "GenerateCredentialReport",
    "GenerateServiceLastAccessedDetails",
    "GetAccessKeyLastUsed",
    "GetAccountAuthorizationDetails",
    "GetAccountPasswordPolicy",
    "GetAccountSummary",
    "GetContextKeysForCustomPolicy",
    "GetContextKeysForPrincipalPolicy",
    "GetCredentialReport",
    "GetGroup",
    "GetGroupPolicy",
    "GetInstanceProfile",
    "GetLoginProfile",
    "GetOpenIDConnectProvider",
    "GetPolicy",
    "GetPolicyVersion",
    "GetRole",
    "GetRolePolicy",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
    "GetServiceLinkedRoleDeletionStatus",
    "GetUser",
    "GetUserPolicy",
    "ListAccessKeys",
    "ListAccountAliases",
    "ListAttachedGroupPolicies",
    "ListAttachedRolePolicies",
    "ListAttachedUserPolicies",
    "ListEntitiesForPolicy",
    "ListGroupPolicies",
    "ListGroups",
    "ListGroupsForUser",
    "ListInstanceProfileTags",
    "ListInstanceProfiles",
    "ListInstanceProfilesForRole",
    "ListMFADevices",
    "ListOpenIDConnectProviderTags",
    "ListOpenIDConnectProviders",
    "ListPolicies",
    "ListPoliciesGrantingServiceAccess",
    "ListPolicyTags",
    "ListPolicyVersions",
    "ListRolePolicies",
    "ListRoleTags",
    "ListRoles",
    "ListSAMLProviders",
    "ListSSHPublicKeys",
    "ListServerCertificates",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ListUserPolicies",
    "ListUserTags",
    "ListUsers",
    "ListVirtualMFADevices",
    "PutGroupPolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "PutUserPermissionsBoundary",
    "PutUserPolicy",
    "RemoveClientIDFromOpenIDConnectProvider",
    "RemoveRoleFromInstanceProfile",
    "RemoveUserFromGroup",
    "SetDefaultPolicyVersion",
    "SimulateCustomPolicy",
    "SimulatePrincipalPolicy",
    "TagInstanceProfile",
    "TagOpenIDConnectProvider",
    "TagPolicy",
    "TagRole",
    "TagUser",
    "UntagInstanceProfile",
    "UntagOpenIDConnectProvider",
    "UntagPolicy",
    "UntagRole",
    "UntagUser",
    "UpdateAccessKey",
    "UpdateAssumeRolePolicy",
    "UpdateGroup",
    "UpdateOpenIDConnectProviderThumbprint",
    "UpdateRole",
    "UpdateRoleDescription",
    "UpdateUser",
];

/// Operations of the Resource Groups Tagging API that are about tags of single resources.
const TAGGING: &[&str] = &["GetResources", "GetTagKeys", "GetTagValues", "TagResources", "UntagResources"];

/// Operations of CloudTrail that are about trails and the events of management.
const CLOUDTRAIL: &[&str] = &[
    "AddTags",
    "CreateTrail",
    "DeleteTrail",
    "DescribeTrails",
    "GetEventSelectors",
    "GetTrail",
    "GetTrailStatus",
    "ListPublicKeys",
    "ListTags",
    "ListTrails",
    "LookupEvents",
    "PutEventSelectors",
    "RemoveTags",
    "StartLogging",
    "StopLogging",
    "UpdateTrail",
];

/// What is kept of an operation and of a shape.
const OPERATION: [&str; 4] = ["name", "input", "output", "errors"];
const SHAPE: [&str; 13] = [
    "type",
    "required",
    "members",
    "member",
    "key",
    "value",
    "enum",
    "min",
    "max",
    "pattern",
    "sensitive",
    "exception",
    "union",
];
/// What is kept of the metadata.
const METADATA: [&str; 4] = ["apiVersion", "protocol", "targetPrefix", "xmlNamespace"];

/// The trimmed model, as text that is stable from run to run.
pub(super) fn trim(service: &str, text: &str) -> Result<String> {
    let model: Value = serde_json::from_str(text)?;
    let section = |name: &str| model.get(name).and_then(Value::as_object).ok_or(format!("no {name}"));
    let mut operations = Map::new();
    for (name, operation) in section("operations")? {
        let offered: Option<&[&str]> = match service {
            "iam" => Some(IAM),
            "tagging" => Some(TAGGING),
            "cloudtrail" => Some(CLOUDTRAIL),
            _ => None,
        };
        if offered.is_none_or(|offered| offered.contains(&name.as_str())) {
            operations.insert(name.clone(), keep(operation, &OPERATION));
        }
    }
    let all = section("shapes")?;
    let mut wanted = BTreeSet::new();
    operations.values().for_each(|operation| reach(operation, all, &mut wanted));
    let shapes: Map<String, Value> = all
        .iter()
        .filter(|(name, _)| wanted.contains(name.as_str()))
        .map(|(name, shape)| (name.clone(), keep(shape, &SHAPE)))
        .collect();
    let metadata = keep(model.get("metadata").unwrap_or(&Value::Null), &METADATA);
    let trimmed = serde_json::json!({ "metadata": metadata, "operations": operations, "shapes": shapes });
    Ok(serde_json::to_string_pretty(&trimmed)? + "\n")
}

/// The listed members; of references, only the reference.
fn keep(value: &Value, members: &[&str]) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let kept = object.iter().filter(|(name, _)| members.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), references(value))).collect::<Map<_, _>>().into()
}

fn references(value: &Value) -> Value {
    match value {
        Value::Object(object) => match object.get("shape") {
            Some(Value::String(shape)) => serde_json::json!({ "shape": shape }),
            _ => object
                .iter()
                .map(|(name, value)| (name.clone(), references(value)))
                .collect::<Map<_, _>>()
                .into(),
        },
        Value::Array(items) => items.iter().map(references).collect(),
        other => other.clone(),
    }
}

/// Every shape that something refers to.
fn reach(value: &Value, all: &Map<String, Value>, wanted: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(shape)) = object.get("shape")
                && wanted.insert(shape.clone())
                && let Some(shape) = all.get(shape)
            {
                reach(shape, all, wanted);
            }
            object.values().for_each(|value| reach(value, all, wanted));
        }
        Value::Array(items) => items.iter().for_each(|item| reach(item, all, wanted)),
        _ => {}
    }
}

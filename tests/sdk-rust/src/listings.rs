//! Aliases, and all that comes in pages.

use aws_sdk_kms::Client;
use serde_json::{Value, json};

use crate::{
    Output,
    input::{Input, seconds},
    keys::empty,
};

/// The call's outcome; `None` when it is not about these.
pub(crate) async fn call(kms: &Client, operation: &str, input: Input<'_>) -> Option<Output> {
    Some(match operation {
        "CreateAlias" => {
            let call = kms.create_alias().set_alias_name(input.text("AliasName"));
            empty(call.set_target_key_id(input.text("TargetKeyId")).send().await)
        }
        "UpdateAlias" => {
            let call = kms.update_alias().set_alias_name(input.text("AliasName"));
            empty(call.set_target_key_id(input.text("TargetKeyId")).send().await)
        }
        "DeleteAlias" => empty(kms.delete_alias().set_alias_name(input.text("AliasName")).send().await),
        "ListAliases" => aliases(kms, input).await,
        "ListGrants" => grants(kms, input).await,
        "ListKeyPolicies" => policies(kms, input).await,
        "ListKeys" => keys(kms, input).await,
        "ListResourceTags" => tags(kms, input).await,
        _ => return None,
    })
}

async fn aliases(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.list_aliases().set_key_id(input.text("KeyId"));
    let output = call.set_limit(input.number("Limit")).set_marker(input.text("Marker")).send().await?;
    let aliases = output.aliases.unwrap_or_default().into_iter().map(|alias| {
        json!({
            "AliasName": alias.alias_name,
            "AliasArn": alias.alias_arn,
            "TargetKeyId": alias.target_key_id,
            "CreationDate": seconds(alias.creation_date),
        })
    });
    let aliases: Vec<Value> = aliases.collect();
    Ok(json!({ "Aliases": aliases, "Truncated": output.truncated, "NextMarker": output.next_marker }))
}

async fn grants(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.list_grants().set_key_id(input.text("KeyId"));
    let output = call.set_limit(input.number("Limit")).set_marker(input.text("Marker")).send().await?;
    let grants = output.grants.unwrap_or_default().into_iter().map(|grant| {
        json!({ "GrantId": grant.grant_id, "Name": grant.name, "GranteePrincipal": grant.grantee_principal })
    });
    let grants: Vec<Value> = grants.collect();
    Ok(json!({ "Grants": grants, "Truncated": output.truncated, "NextMarker": output.next_marker }))
}

async fn policies(kms: &Client, input: Input<'_>) -> Output {
    let output = kms.list_key_policies().set_key_id(input.text("KeyId")).send().await?;
    Ok(json!({ "PolicyNames": output.policy_names, "Truncated": output.truncated }))
}

async fn keys(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.list_keys().set_limit(input.number("Limit")).set_marker(input.text("Marker"));
    let output = call.send().await?;
    let keys = output.keys.unwrap_or_default().into_iter();
    let keys: Vec<Value> = keys.map(|key| json!({ "KeyId": key.key_id, "KeyArn": key.key_arn })).collect();
    Ok(json!({ "Keys": keys, "Truncated": output.truncated, "NextMarker": output.next_marker }))
}

async fn tags(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.list_resource_tags().set_key_id(input.text("KeyId"));
    let output = call.set_limit(input.number("Limit")).set_marker(input.text("Marker")).send().await?;
    let tags = output.tags.unwrap_or_default().into_iter();
    let tags: Vec<Value> =
        tags.map(|tag| json!({ "TagKey": tag.tag_key, "TagValue": tag.tag_value })).collect();
    Ok(json!({ "Tags": tags, "Truncated": output.truncated, "NextMarker": output.next_marker }))
}

//! Policies, grants and tags.

use aws_sdk_kms::Client;
use serde_json::json;

use crate::{Output, input::Input, keys::empty};

/// The call's outcome; `None` when it is not about these.
pub(crate) async fn call(kms: &Client, operation: &str, input: Input<'_>) -> Option<Output> {
    Some(match operation {
        "GetKeyPolicy" => get(kms, input).await,
        "PutKeyPolicy" => {
            let call = kms.put_key_policy().set_key_id(input.text("KeyId")).set_policy(input.text("Policy"));
            empty(call.set_policy_name(input.text("PolicyName")).send().await)
        }
        "CreateGrant" => grant(kms, input).await,
        "RevokeGrant" => {
            let call = kms.revoke_grant().set_key_id(input.text("KeyId"));
            empty(call.set_grant_id(input.text("GrantId")).send().await)
        }
        "TagResource" => {
            let call = kms.tag_resource().set_key_id(input.text("KeyId"));
            empty(call.set_tags(input.tags("Tags")).send().await)
        }
        "UntagResource" => {
            let call = kms.untag_resource().set_key_id(input.text("KeyId"));
            empty(call.set_tag_keys(input.texts("TagKeys")).send().await)
        }
        _ => return None,
    })
}

async fn get(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.get_key_policy().set_key_id(input.text("KeyId"));
    let output = call.set_policy_name(input.text("PolicyName")).send().await?;
    Ok(json!({ "Policy": output.policy, "PolicyName": output.policy_name }))
}

async fn grant(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.create_grant().set_key_id(input.text("KeyId")).set_name(input.text("Name"));
    let call = call.set_grantee_principal(input.text("GranteePrincipal"));
    let output = call.set_operations(input.several("Operations")).send().await?;
    Ok(json!({ "GrantId": output.grant_id, "GrantToken": output.grant_token }))
}

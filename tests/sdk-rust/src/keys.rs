//! Keys and their life.

use aws_sdk_kms::{Client, types::KeyMetadata};
use serde_json::{Value, json};

use crate::{
    Output, Stopped,
    input::{Input, name, names, seconds},
};

/// The call's outcome; `None` when it is not about keys.
pub(crate) async fn call(kms: &Client, operation: &str, input: Input<'_>) -> Option<Output> {
    Some(match operation {
        "CreateKey" => create(kms, input).await,
        "DescribeKey" => describe(kms, input).await,
        "EnableKey" => empty(kms.enable_key().set_key_id(input.text("KeyId")).send().await),
        "DisableKey" => empty(kms.disable_key().set_key_id(input.text("KeyId")).send().await),
        "UpdateKeyDescription" => {
            let call = kms.update_key_description().set_key_id(input.text("KeyId"));
            empty(call.set_description(input.text("Description")).send().await)
        }
        "ScheduleKeyDeletion" => schedule(kms, input).await,
        "CancelKeyDeletion" => cancel(kms, input).await,
        _ => return None,
    })
}

/// The outcome of a call whose output has no members.
pub(crate) fn empty<T, E: Into<Stopped>>(done: Result<T, E>) -> Output {
    done.map(|_| json!({})).map_err(Into::into)
}

async fn create(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.create_key().set_description(input.text("Description")).set_policy(input.text("Policy"));
    let call = call.set_key_spec(input.one("KeySpec")).set_key_usage(input.one("KeyUsage"));
    let call = call.set_origin(input.one("Origin")).set_multi_region(input.flag("MultiRegion"));
    let output = call.set_tags(input.tags("Tags")).send().await?;
    Ok(json!({ "KeyMetadata": output.key_metadata.as_ref().map(metadata) }))
}

async fn describe(kms: &Client, input: Input<'_>) -> Output {
    let output = kms.describe_key().set_key_id(input.text("KeyId")).send().await?;
    Ok(json!({ "KeyMetadata": output.key_metadata.as_ref().map(metadata) }))
}

async fn schedule(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.schedule_key_deletion().set_key_id(input.text("KeyId"));
    let output = call.set_pending_window_in_days(input.number("PendingWindowInDays")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "DeletionDate": seconds(output.deletion_date),
        "KeyState": name(output.key_state.as_ref()),
        "PendingWindowInDays": output.pending_window_in_days,
    }))
}

async fn cancel(kms: &Client, input: Input<'_>) -> Output {
    let output = kms.cancel_key_deletion().set_key_id(input.text("KeyId")).send().await?;
    Ok(json!({ "KeyId": output.key_id }))
}

fn metadata(key: &KeyMetadata) -> Value {
    crate::present(json!({
        "AWSAccountId": key.aws_account_id,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": seconds(key.creation_date),
        "Enabled": key.enabled,
        "Description": key.description,
        "KeyUsage": name(key.key_usage.as_ref()),
        "KeyState": name(key.key_state.as_ref()),
        "DeletionDate": seconds(key.deletion_date),
        "Origin": name(key.origin.as_ref()),
        "KeyManager": name(key.key_manager.as_ref()),
        "KeySpec": name(key.key_spec.as_ref()),
        "MultiRegion": key.multi_region,
        "EncryptionAlgorithms": names(key.encryption_algorithms.as_ref()),
        "SigningAlgorithms": names(key.signing_algorithms.as_ref()),
        "MacAlgorithms": names(key.mac_algorithms.as_ref()),
        "CurrentKeyMaterialId": key.current_key_material_id,
    }))
}

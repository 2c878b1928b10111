//! Use of keys.

use aws_sdk_kms::Client;
use serde_json::json;

use crate::{
    Output,
    input::{Input, base64, name, names},
};

/// The call's outcome; `None` when it uses no key.
pub(crate) async fn call(kms: &Client, operation: &str, input: Input<'_>) -> Option<Output> {
    Some(match operation {
        "Encrypt" => encrypt(kms, input).await,
        "Decrypt" => decrypt(kms, input).await,
        "ReEncrypt" => re_encrypt(kms, input).await,
        "GenerateDataKey" => data_key(kms, input).await,
        "GenerateDataKeyWithoutPlaintext" => sealed_data_key(kms, input).await,
        "GenerateRandom" => random(kms, input).await,
        "Sign" => sign(kms, input).await,
        "Verify" => verify(kms, input).await,
        "GetPublicKey" => public_key(kms, input).await,
        "GenerateMac" => generate_mac(kms, input).await,
        "VerifyMac" => verify_mac(kms, input).await,
        _ => return None,
    })
}

async fn encrypt(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.encrypt().set_key_id(input.text("KeyId")).set_plaintext(input.blob("Plaintext"));
    let call = call.set_encryption_algorithm(input.one("EncryptionAlgorithm"));
    let output = call.set_encryption_context(input.map("EncryptionContext")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "CiphertextBlob": base64(output.ciphertext_blob),
        "EncryptionAlgorithm": name(output.encryption_algorithm.as_ref()),
    }))
}

async fn decrypt(kms: &Client, input: Input<'_>) -> Output {
    let call =
        kms.decrypt().set_key_id(input.text("KeyId")).set_ciphertext_blob(input.blob("CiphertextBlob"));
    let call = call.set_encryption_algorithm(input.one("EncryptionAlgorithm"));
    let output = call.set_encryption_context(input.map("EncryptionContext")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "Plaintext": base64(output.plaintext),
        "EncryptionAlgorithm": name(output.encryption_algorithm.as_ref()),
    }))
}

async fn re_encrypt(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.re_encrypt().set_ciphertext_blob(input.blob("CiphertextBlob"));
    let call = call.set_source_key_id(input.text("SourceKeyId"));
    let call = call.set_source_encryption_context(input.map("SourceEncryptionContext"));
    let call = call.set_destination_key_id(input.text("DestinationKeyId"));
    let output =
        call.set_destination_encryption_context(input.map("DestinationEncryptionContext")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "SourceKeyId": output.source_key_id,
        "CiphertextBlob": base64(output.ciphertext_blob),
    }))
}

async fn data_key(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.generate_data_key().set_key_id(input.text("KeyId")).set_key_spec(input.one("KeySpec"));
    let call = call.set_number_of_bytes(input.number("NumberOfBytes"));
    let output = call.set_encryption_context(input.map("EncryptionContext")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "Plaintext": base64(output.plaintext),
        "CiphertextBlob": base64(output.ciphertext_blob),
    }))
}

async fn sealed_data_key(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.generate_data_key_without_plaintext().set_key_id(input.text("KeyId"));
    let call = call.set_key_spec(input.one("KeySpec")).set_number_of_bytes(input.number("NumberOfBytes"));
    let output = call.set_encryption_context(input.map("EncryptionContext")).send().await?;
    Ok(json!({ "KeyId": output.key_id, "CiphertextBlob": base64(output.ciphertext_blob) }))
}

async fn random(kms: &Client, input: Input<'_>) -> Output {
    let output = kms.generate_random().set_number_of_bytes(input.number("NumberOfBytes")).send().await?;
    Ok(json!({ "Plaintext": base64(output.plaintext) }))
}

async fn sign(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.sign().set_key_id(input.text("KeyId")).set_message(input.blob("Message"));
    let call = call.set_message_type(input.one("MessageType"));
    let output = call.set_signing_algorithm(input.one("SigningAlgorithm")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "Signature": base64(output.signature),
        "SigningAlgorithm": name(output.signing_algorithm.as_ref()),
    }))
}

async fn verify(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.verify().set_key_id(input.text("KeyId")).set_message(input.blob("Message"));
    let call = call.set_message_type(input.one("MessageType")).set_signature(input.blob("Signature"));
    let output = call.set_signing_algorithm(input.one("SigningAlgorithm")).send().await?;
    Ok(json!({ "KeyId": output.key_id, "SignatureValid": output.signature_valid }))
}

async fn public_key(kms: &Client, input: Input<'_>) -> Output {
    let output = kms.get_public_key().set_key_id(input.text("KeyId")).send().await?;
    Ok(json!({
        "KeyId": output.key_id,
        "PublicKey": base64(output.public_key),
        "KeySpec": name(output.key_spec.as_ref()),
        "SigningAlgorithms": names(output.signing_algorithms.as_ref()),
    }))
}

async fn generate_mac(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.generate_mac().set_key_id(input.text("KeyId")).set_message(input.blob("Message"));
    let output = call.set_mac_algorithm(input.one("MacAlgorithm")).send().await?;
    Ok(json!({ "KeyId": output.key_id, "Mac": base64(output.mac) }))
}

async fn verify_mac(kms: &Client, input: Input<'_>) -> Output {
    let call = kms.verify_mac().set_key_id(input.text("KeyId")).set_message(input.blob("Message"));
    let call = call.set_mac_algorithm(input.one("MacAlgorithm")).set_mac(input.blob("Mac"));
    let output = call.send().await?;
    Ok(json!({ "KeyId": output.key_id, "MacValid": output.mac_valid }))
}

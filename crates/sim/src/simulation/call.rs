//! The calls that a simulation makes.

use serde_json::{Value, json};

use strongroom::testing::Seeded;

use super::oracle::Oracle;

/// One call of the first account's root user to KMS.
#[derive(Debug, Clone)]
pub(super) enum Call {
    CreateKey { description: String, mac: bool },
    Enable { key: String },
    Disable { key: String },
    Schedule { key: String, days: u32 },
    Cancel { key: String },
    Describe { key: String },
    UpdateDescription { key: String, description: String },
    Tag { key: String, name: String, value: String },
    Untag { key: String, name: String },
    CreateAlias { alias: String, key: String },
    UpdateAlias { alias: String, key: String },
    DeleteAlias { alias: String },
    Encrypt { key: String, plaintext: String, context: String },
    Decrypt { blob: usize, context: String },
    ReEncrypt { blob: usize, key: String, context: String },
    DataKey { key: String, context: String },
    Mac { key: String, message: String },
    Rotate { key: String },
    Random,
}

/// A key that no simulation makes.
const NOWHERE: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
/// Keys beyond which creating pauses, so that looking at all of them stays quick.
const KEYS_MAX: usize = 12;
const ALIASES: [&str; 5] = ["alias/a", "alias/b", "alias/c/d", "alias/E", "alias/e"];
const NAMES: [&str; 3] = ["team", "stage", "cost"];
const CONTEXTS: [&str; 3] = ["", "blue", "green"];

impl Call {
    /// A call that is worth making in this state, by chance.
    pub(super) fn draw(oracle: &Oracle, chance: &Seeded) -> Self {
        let key = || key(oracle, chance);
        let text = || format!("{:x}", chance.next());
        let pick = |from: &[&str]| (*chance.pick(from)).to_owned();
        let blob = chance.below(oracle.blobs.len());
        match chance.below(23) {
            0 | 1 if oracle.keys.len() < KEYS_MAX => {
                Self::CreateKey { description: text(), mac: chance.below(4) == 0 }
            }
            2 => Self::Enable { key: key() },
            3 => Self::Disable { key: key() },
            4 => Self::Schedule { key: key(), days: 7 + u32::try_from(chance.below(24)).unwrap_or_default() },
            5 => Self::Cancel { key: key() },
            6 => Self::UpdateDescription { key: key(), description: text() },
            7 => Self::Tag { key: key(), name: pick(&NAMES), value: text() },
            8 => Self::Untag { key: key(), name: pick(&NAMES) },
            9 => Self::CreateAlias { alias: pick(&ALIASES), key: key() },
            10 => Self::UpdateAlias { alias: pick(&ALIASES), key: key() },
            11 => Self::DeleteAlias { alias: pick(&ALIASES) },
            12 | 13 if !oracle.blobs.is_empty() => Self::Decrypt { blob, context: pick(&CONTEXTS) },
            14 if !oracle.blobs.is_empty() => Self::ReEncrypt { blob, key: key(), context: pick(&CONTEXTS) },
            15 => Self::DataKey { key: key(), context: pick(&CONTEXTS) },
            16 => Self::Describe { key: key() },
            17 => Self::Random,
            18 | 19 => Self::Mac { key: key(), message: base64(pick(&NAMES).as_bytes()) },
            20 => Self::Rotate { key: key() },
            _ => Self::Encrypt {
                key: key(),
                plaintext: base64(&chance.next().to_be_bytes()),
                context: pick(&CONTEXTS),
            },
        }
    }

    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::CreateKey { .. } => "CreateKey",
            Self::Enable { .. } => "EnableKey",
            Self::Disable { .. } => "DisableKey",
            Self::Schedule { .. } => "ScheduleKeyDeletion",
            Self::Cancel { .. } => "CancelKeyDeletion",
            Self::Describe { .. } => "DescribeKey",
            Self::UpdateDescription { .. } => "UpdateKeyDescription",
            Self::Tag { .. } => "TagResource",
            Self::Untag { .. } => "UntagResource",
            Self::CreateAlias { .. } => "CreateAlias",
            Self::UpdateAlias { .. } => "UpdateAlias",
            Self::DeleteAlias { .. } => "DeleteAlias",
            Self::Encrypt { .. } => "Encrypt",
            Self::Decrypt { .. } => "Decrypt",
            Self::ReEncrypt { .. } => "ReEncrypt",
            Self::DataKey { .. } => "GenerateDataKey",
            Self::Mac { .. } => "GenerateMac",
            Self::Rotate { .. } => "RotateKeyOnDemand",
            Self::Random => "GenerateRandom",
        }
    }

    pub(super) fn input(&self, oracle: &Oracle) -> Value {
        let blob = |index: usize| oracle.blobs.get(index).map(|blob| &blob.ciphertext);
        match self {
            Self::CreateKey { description, mac: false } => json!({ "Description": description }),
            Self::CreateKey { description, mac: true } => {
                json!({ "Description": description, "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" })
            }
            Self::Enable { key }
            | Self::Disable { key }
            | Self::Cancel { key }
            | Self::Describe { key }
            | Self::Rotate { key } => json!({ "KeyId": key }),
            Self::Schedule { key, days } => json!({ "KeyId": key, "PendingWindowInDays": days }),
            Self::UpdateDescription { key, description } => {
                json!({ "KeyId": key, "Description": description })
            }
            Self::Tag { key, name, value } => {
                json!({ "KeyId": key, "Tags": [{ "TagKey": name, "TagValue": value }] })
            }
            Self::Untag { key, name } => json!({ "KeyId": key, "TagKeys": [name] }),
            Self::CreateAlias { alias, key } | Self::UpdateAlias { alias, key } => {
                json!({ "AliasName": alias, "TargetKeyId": key })
            }
            Self::DeleteAlias { alias } => json!({ "AliasName": alias }),
            Self::Encrypt { key, plaintext, context } => {
                json!({ "KeyId": key, "Plaintext": plaintext, "EncryptionContext": map(context) })
            }
            Self::Decrypt { blob: index, context } => {
                json!({ "CiphertextBlob": blob(*index), "EncryptionContext": map(context) })
            }
            Self::ReEncrypt { blob: index, key, context } => {
                let source = oracle.blobs.get(*index).map(|blob| map(&blob.context));
                json!({
                    "CiphertextBlob": blob(*index), "DestinationKeyId": key,
                    "SourceEncryptionContext": source, "DestinationEncryptionContext": map(context),
                })
            }
            Self::DataKey { key, context } => {
                json!({ "KeyId": key, "NumberOfBytes": 24, "EncryptionContext": map(context) })
            }
            Self::Mac { key, message } => {
                json!({ "KeyId": key, "Message": message, "MacAlgorithm": "HMAC_SHA_256" })
            }
            Self::Random => json!({ "NumberOfBytes": 16 }),
        }
    }
}

/// Mostly a key that there is, by id or alias; sometimes one that is gone or never was.
fn key(oracle: &Oracle, chance: &Seeded) -> String {
    let keys: Vec<_> = oracle.keys.keys().collect();
    let gone: Vec<_> = oracle.gone.iter().collect();
    match chance.below(12) {
        0 => NOWHERE.to_owned(),
        1 if !gone.is_empty() => (*chance.pick(&gone)).clone(),
        _ if !keys.is_empty() => (*chance.pick(&keys)).clone(),
        _ => NOWHERE.to_owned(),
    }
}

/// The encryption context of a name.
fn map(context: &str) -> Value {
    if context.is_empty() { json!({}) } else { json!({ "colour": context, "of": "everything" }) }
}

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

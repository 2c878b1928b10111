//! What keys are used for: one row for each purpose.
//!
//! A purpose fixes the action that policies are asked about, the usage the key must have, the states it may
//! be in and how it may be named. `Usable<ToEncrypt>` cannot decrypt.

use model::kms::KeyUsageType;

use crate::lifecycle::{Refusal, State};

/// A purpose.
pub(crate) trait Use {
    /// The operation's name in messages.
    const OPERATION: &'static str;
    /// The action that policies decide about.
    const ACTION: &'static str;
    /// The usage that the key must have, if it matters.
    const USAGE: Option<KeyUsageType>;
    /// What the key's state must allow.
    const STATE: fn(State) -> Result<(), Refusal>;
    /// Whether the key may be named by an alias.
    const ALIASES: bool;
    /// Whether keys of other accounts can be used.
    const FOREIGN: bool;
}

/// Purposes that encrypt.
pub(crate) trait Encrypts: Use {}
/// Purposes that decrypt.
pub(crate) trait Decrypts: Use {}
/// Purposes that sign.
pub(crate) trait Signs: Use {}
/// Purposes that verify signatures.
pub(crate) trait Verifies: Use {}
/// Purposes that make message authentication codes.
pub(crate) trait MakesMacs: Use {}
/// Purposes that verify message authentication codes.
pub(crate) trait VerifiesMacs: Use {}
/// Purposes that agree on secrets.
pub(crate) trait Agrees: Use {}
/// Purposes that make secrets for the owner of a key.
pub(crate) trait Encapsulates: Use {}
/// Purposes that take such secrets out.
pub(crate) trait Decapsulates: Use {}
/// Purposes that change the key's record.
pub(crate) trait Changes: Use {}

/// Any state.
fn any(_: State) -> Result<(), Refusal> {
    Ok(())
}

macro_rules! uses {
    ($($name:ident: $operation:literal, $action:literal, $usage:expr, $state:expr, $aliases:literal, $foreign:literal $(, $kind:ident)?;)*) => {
        $(
            #[doc = concat!("The purpose of `", $action, "`.")]
            pub(crate) struct $name;
            impl Use for $name {
                const OPERATION: &'static str = $operation;
                const ACTION: &'static str = $action;
                const USAGE: Option<KeyUsageType> = $usage;
                const STATE: fn(State) -> Result<(), Refusal> = $state;
                const ALIASES: bool = $aliases;
                const FOREIGN: bool = $foreign;
            }
            $(impl $kind for $name {})?
        )*
    };
}

const ENCRYPTION: Option<KeyUsageType> = Some(KeyUsageType::EncryptDecrypt);
const SIGNATURES: Option<KeyUsageType> = Some(KeyUsageType::SignVerify);
const MACS: Option<KeyUsageType> = Some(KeyUsageType::GenerateVerifyMac);
const AGREEMENT: Option<KeyUsageType> = Some(KeyUsageType::KeyAgreement);
const ENCAPSULATION: Option<KeyUsageType> = Some(KeyUsageType::EncapsulateDecapsulate);

// purpose: operation, action, usage, state, may be an alias, may be another account's
uses! {
    ToEncrypt: "Encrypt", "kms:Encrypt", ENCRYPTION, State::usable, true, true, Encrypts;
    ToDecrypt: "Decrypt", "kms:Decrypt", ENCRYPTION, State::usable, true, true, Decrypts;
    ToReEncryptFrom: "ReEncrypt", "kms:ReEncryptFrom", ENCRYPTION, State::usable, true, true, Decrypts;
    ToReEncryptTo: "ReEncrypt", "kms:ReEncryptTo", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKey: "GenerateDataKey", "kms:GenerateDataKey", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyWithoutPlaintext: "GenerateDataKeyWithoutPlaintext", "kms:GenerateDataKeyWithoutPlaintext",
        ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyPair: "GenerateDataKeyPair", "kms:GenerateDataKeyPair", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyPairWithoutPlaintext: "GenerateDataKeyPairWithoutPlaintext", "kms:GenerateDataKeyPairWithoutPlaintext",
        ENCRYPTION, State::usable, true, true, Encrypts;
    ToSign: "Sign", "kms:Sign", SIGNATURES, State::usable, true, true, Signs;
    ToVerify: "Verify", "kms:Verify", SIGNATURES, State::usable, true, true, Verifies;
    ToGenerateMac: "GenerateMac", "kms:GenerateMac", MACS, State::usable, true, true, MakesMacs;
    ToVerifyMac: "VerifyMac", "kms:VerifyMac", MACS, State::usable, true, true, VerifiesMacs;
    ToDeriveSharedSecret: "DeriveSharedSecret", "kms:DeriveSharedSecret", AGREEMENT, State::usable, true, true, Agrees;
    ToEncapsulate: "Encapsulate", "kms:Encapsulate", ENCAPSULATION, State::usable, true, true, Encapsulates;
    ToDecapsulate: "Decapsulate", "kms:Decapsulate", ENCAPSULATION, State::usable, true, true, Decapsulates;
    ToGetPublicKey: "GetPublicKey", "kms:GetPublicKey", None, State::usable, true, true;
    ToDescribe: "DescribeKey", "kms:DescribeKey", None, any, true, true;
    ToEnable: "EnableKey", "kms:EnableKey", None, State::switchable, false, false, Changes;
    ToDisable: "DisableKey", "kms:DisableKey", None, State::switchable, false, false, Changes;
    ToScheduleDeletion: "ScheduleKeyDeletion", "kms:ScheduleKeyDeletion", None, State::changeable, false, false, Changes;
    ToCancelDeletion: "CancelKeyDeletion", "kms:CancelKeyDeletion", None, any, false, false, Changes;
    ToUpdateDescription: "UpdateKeyDescription", "kms:UpdateKeyDescription", None, State::changeable, false, false, Changes;
    ToGetPolicy: "GetKeyPolicy", "kms:GetKeyPolicy", None, any, false, false;
    ToPutPolicy: "PutKeyPolicy", "kms:PutKeyPolicy", None, any, false, false, Changes;
    ToListPolicies: "ListKeyPolicies", "kms:ListKeyPolicies", None, any, false, false;
    ToCreateAlias: "CreateAlias", "kms:CreateAlias", None, State::changeable, false, false;
    ToUpdateAliasFrom: "UpdateAlias", "kms:UpdateAlias", None, any, false, false;
    ToUpdateAlias: "UpdateAlias", "kms:UpdateAlias", None, State::changeable, false, false;
    ToDeleteAlias: "DeleteAlias", "kms:DeleteAlias", None, any, false, false;
    ToTag: "TagResource", "kms:TagResource", None, State::changeable, false, false, Changes;
    ToUntag: "UntagResource", "kms:UntagResource", None, State::changeable, false, false, Changes;
    ToCreateGrant: "CreateGrant", "kms:CreateGrant", None, State::usable, false, true;
    ToListGrants: "ListGrants", "kms:ListGrants", None, any, false, true;
    ToRevokeGrant: "RevokeGrant", "kms:RevokeGrant", None, any, false, true;
    ToGetLastUsage: "GetKeyLastUsage", "kms:GetKeyLastUsage", None, any, false, false;
    ToListTags: "ListResourceTags", "kms:ListResourceTags", None, any, false, false;
    ToEnableRotation: "EnableKeyRotation", "kms:EnableKeyRotation", None, State::switched_on, false, false, Changes;
    ToDisableRotation: "DisableKeyRotation", "kms:DisableKeyRotation", None, State::switched_on, false, false, Changes;
    ToGetRotation: "GetKeyRotationStatus", "kms:GetKeyRotationStatus", None, any, false, true;
    ToRotate: "RotateKeyOnDemand", "kms:RotateKeyOnDemand", None, State::usable, false, false, Changes;
    ToListRotations: "ListKeyRotations", "kms:ListKeyRotations", None, any, false, false;
    ToGetImportParameters: "GetParametersForImport", "kms:GetParametersForImport", None, any, false, false;
    ToImport: "ImportKeyMaterial", "kms:ImportKeyMaterial", None, any, false, false, Changes;
    ToDeleteMaterial: "DeleteImportedKeyMaterial", "kms:DeleteImportedKeyMaterial", None, any, false, false, Changes;
    ToReplicate: "ReplicateKey", "kms:ReplicateKey", None, State::usable, false, false, Changes;
    ToUpdatePrimary: "UpdatePrimaryRegion", "kms:UpdatePrimaryRegion", None, State::usable, false, false, Changes;
}

//! What keys are used for: one row for each purpose.
//!
//! A purpose fixes the action that policies are asked about, the usage the key must have, the states it may
//! be in and how it may be named. `Usable<ToEncrypt>` cannot decrypt.

use model::kms::KeyUsageType;

use crate::lifecycle::{Refusal, State};

/// A purpose.
pub(crate) trait Use {
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
    ($($name:ident: $action:literal, $usage:expr, $state:expr, $aliases:literal, $foreign:literal $(, $kind:ident)?;)*) => {
        $(
            #[doc = concat!("The purpose of `", $action, "`.")]
            pub(crate) struct $name;
            impl Use for $name {
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

// purpose: action, usage, state, may be an alias, may be another account's
uses! {
    ToEncrypt: "kms:Encrypt", ENCRYPTION, State::usable, true, true, Encrypts;
    ToDecrypt: "kms:Decrypt", ENCRYPTION, State::usable, true, true, Decrypts;
    ToReEncryptFrom: "kms:ReEncryptFrom", ENCRYPTION, State::usable, true, true, Decrypts;
    ToReEncryptTo: "kms:ReEncryptTo", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKey: "kms:GenerateDataKey", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyWithoutPlaintext: "kms:GenerateDataKeyWithoutPlaintext",
        ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyPair: "kms:GenerateDataKeyPair", ENCRYPTION, State::usable, true, true, Encrypts;
    ToGenerateDataKeyPairWithoutPlaintext: "kms:GenerateDataKeyPairWithoutPlaintext",
        ENCRYPTION, State::usable, true, true, Encrypts;
    ToSign: "kms:Sign", SIGNATURES, State::usable, true, true, Signs;
    ToVerify: "kms:Verify", SIGNATURES, State::usable, true, true, Verifies;
    ToGenerateMac: "kms:GenerateMac", MACS, State::usable, true, true, MakesMacs;
    ToVerifyMac: "kms:VerifyMac", MACS, State::usable, true, true, VerifiesMacs;
    ToDeriveSharedSecret: "kms:DeriveSharedSecret", AGREEMENT, State::usable, true, true, Agrees;
    ToEncapsulate: "kms:Encapsulate", ENCAPSULATION, State::usable, true, true, Encapsulates;
    ToDecapsulate: "kms:Decapsulate", ENCAPSULATION, State::usable, true, true, Decapsulates;
    ToGetPublicKey: "kms:GetPublicKey", None, State::usable, true, true;
    ToDescribe: "kms:DescribeKey", None, any, true, true;
    ToEnable: "kms:EnableKey", None, State::switchable, false, false, Changes;
    ToDisable: "kms:DisableKey", None, State::switchable, false, false, Changes;
    ToScheduleDeletion: "kms:ScheduleKeyDeletion", None, State::changeable, false, false, Changes;
    ToCancelDeletion: "kms:CancelKeyDeletion", None, any, false, false, Changes;
    ToUpdateDescription: "kms:UpdateKeyDescription", None, State::changeable, false, false, Changes;
    ToGetPolicy: "kms:GetKeyPolicy", None, any, false, false;
    ToPutPolicy: "kms:PutKeyPolicy", None, any, false, false, Changes;
    ToListPolicies: "kms:ListKeyPolicies", None, any, false, false;
    ToCreateAlias: "kms:CreateAlias", None, State::changeable, false, false;
    ToUpdateAliasFrom: "kms:UpdateAlias", None, any, false, false;
    ToUpdateAlias: "kms:UpdateAlias", None, State::changeable, false, false;
    ToDeleteAlias: "kms:DeleteAlias", None, any, false, false;
    ToTag: "kms:TagResource", None, State::changeable, false, false, Changes;
    ToUntag: "kms:UntagResource", None, State::changeable, false, false, Changes;
    ToCreateGrant: "kms:CreateGrant", None, State::usable, false, true;
    ToListGrants: "kms:ListGrants", None, any, false, true;
    ToRevokeGrant: "kms:RevokeGrant", None, any, false, true;
    ToGetLastUsage: "kms:GetKeyLastUsage", None, any, false, false;
    ToListTags: "kms:ListResourceTags", None, any, false, false;
    ToEnableRotation: "kms:EnableKeyRotation", None, State::switched_on, false, false, Changes;
    ToDisableRotation: "kms:DisableKeyRotation", None, State::switched_on, false, false, Changes;
    ToGetRotation: "kms:GetKeyRotationStatus", None, any, false, true;
    ToRotate: "kms:RotateKeyOnDemand", None, State::usable, false, false, Changes;
    ToListRotations: "kms:ListKeyRotations", None, any, false, false;
    ToGetImportParameters: "kms:GetParametersForImport", None, any, false, false;
    ToImport: "kms:ImportKeyMaterial", None, any, false, false, Changes;
    ToDeleteMaterial: "kms:DeleteImportedKeyMaterial", None, any, false, false, Changes;
    ToReplicate: "kms:ReplicateKey", None, State::usable, false, false, Changes;
    ToUpdatePrimary: "kms:UpdatePrimaryRegion", None, State::usable, false, false, Changes;
}

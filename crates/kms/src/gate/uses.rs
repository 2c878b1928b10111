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
    /// What becomes of an alias that names the key.
    const ALIASES: Aliases;
    /// Whether keys of other accounts can be used.
    const FOREIGN: bool;
}

/// What becomes of an alias in the place of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aliases {
    /// It stands for its key.
    Taken,
    /// It is refused as what it is.
    Refused,
    /// It is no id of a key. AWS answered so where this was recorded.
    Unknown,
}
use Aliases::{Refused, Taken, Unknown};

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
    ($($name:ident: $action:literal, $usage:expr, $state:expr, $aliases:expr, $foreign:literal $(, $kind:ident)?;)*) => {
        $(
            #[doc = concat!("The purpose of `", $action, "`.")]
            pub(crate) struct $name;
            impl Use for $name {
                const ACTION: &'static str = $action;
                const USAGE: Option<KeyUsageType> = $usage;
                const STATE: fn(State) -> Result<(), Refusal> = $state;
                const ALIASES: Aliases = $aliases;
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

// purpose: action, usage, state, an alias is, may be another account's
uses! {
    ToEncrypt: "kms:Encrypt", ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToDecrypt: "kms:Decrypt", ENCRYPTION, State::usable, Taken, true, Decrypts;
    ToReEncryptFrom: "kms:ReEncryptFrom", ENCRYPTION, State::usable, Taken, true, Decrypts;
    ToReEncryptTo: "kms:ReEncryptTo", ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToGenerateDataKey: "kms:GenerateDataKey", ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToGenerateDataKeyWithoutPlaintext: "kms:GenerateDataKeyWithoutPlaintext",
        ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToGenerateDataKeyPair: "kms:GenerateDataKeyPair", ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToGenerateDataKeyPairWithoutPlaintext: "kms:GenerateDataKeyPairWithoutPlaintext",
        ENCRYPTION, State::usable, Taken, true, Encrypts;
    ToSign: "kms:Sign", SIGNATURES, State::usable, Taken, true, Signs;
    ToVerify: "kms:Verify", SIGNATURES, State::usable, Taken, true, Verifies;
    ToGenerateMac: "kms:GenerateMac", MACS, State::usable, Taken, true, MakesMacs;
    ToVerifyMac: "kms:VerifyMac", MACS, State::usable, Taken, true, VerifiesMacs;
    ToDeriveSharedSecret: "kms:DeriveSharedSecret", AGREEMENT, State::usable, Taken, true, Agrees;
    ToEncapsulate: "kms:Encapsulate", ENCAPSULATION, State::usable, Taken, true, Encapsulates;
    ToDecapsulate: "kms:Decapsulate", ENCAPSULATION, State::usable, Taken, true, Decapsulates;
    ToGetPublicKey: "kms:GetPublicKey", None, State::usable, Taken, true;
    ToDescribe: "kms:DescribeKey", None, any, Taken, true;
    ToEnable: "kms:EnableKey", None, State::switchable, Refused, false, Changes;
    ToDisable: "kms:DisableKey", None, State::switchable, Refused, false, Changes;
    ToScheduleDeletion: "kms:ScheduleKeyDeletion", None, State::changeable, Refused, false, Changes;
    ToCancelDeletion: "kms:CancelKeyDeletion", None, any, Refused, false, Changes;
    ToUpdateDescription: "kms:UpdateKeyDescription", None, State::changeable, Refused, false, Changes;
    ToGetPolicy: "kms:GetKeyPolicy", None, any, Refused, false;
    ToPutPolicy: "kms:PutKeyPolicy", None, any, Unknown, false, Changes;
    ToListPolicies: "kms:ListKeyPolicies", None, any, Refused, false;
    ToCreateAlias: "kms:CreateAlias", None, State::changeable, Refused, false;
    ToUpdateAliasFrom: "kms:UpdateAlias", None, any, Refused, false;
    ToUpdateAlias: "kms:UpdateAlias", None, State::changeable, Refused, false;
    ToDeleteAlias: "kms:DeleteAlias", None, any, Refused, false;
    ToTag: "kms:TagResource", None, State::changeable, Refused, false, Changes;
    ToUntag: "kms:UntagResource", None, State::changeable, Refused, false, Changes;
    ToCreateGrant: "kms:CreateGrant", None, State::usable, Refused, true;
    ToListGrants: "kms:ListGrants", None, any, Refused, true;
    ToRevokeGrant: "kms:RevokeGrant", None, any, Refused, true;
    ToGetLastUsage: "kms:GetKeyLastUsage", None, any, Refused, false;
    ToListTags: "kms:ListResourceTags", None, any, Refused, false;
    ToEnableRotation: "kms:EnableKeyRotation", None, State::switched_on, Unknown, false, Changes;
    ToDisableRotation: "kms:DisableKeyRotation", None, State::switched_on, Refused, false, Changes;
    ToGetRotation: "kms:GetKeyRotationStatus", None, any, Refused, true;
    ToRotate: "kms:RotateKeyOnDemand", None, State::usable, Refused, false, Changes;
    ToListRotations: "kms:ListKeyRotations", None, any, Refused, false;
    ToGetImportParameters: "kms:GetParametersForImport", None, any, Refused, false;
    ToImport: "kms:ImportKeyMaterial", None, any, Refused, false, Changes;
    ToDeleteMaterial: "kms:DeleteImportedKeyMaterial", None, any, Refused, false, Changes;
    ToReplicate: "kms:ReplicateKey", None, State::usable, Refused, false, Changes;
    ToUpdatePrimary: "kms:UpdatePrimaryRegion", None, State::usable, Refused, false, Changes;
}

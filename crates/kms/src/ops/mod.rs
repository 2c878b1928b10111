//! The operations, one file each, and the table that everything else is derived from.

mod cancel_key_deletion;
mod create_alias;
mod create_grant;
mod create_key;
mod decapsulate;
mod decrypt;
mod delete_alias;
mod delete_imported_key_material;
mod derive_shared_secret;
mod describe_key;
mod disable_key;
mod disable_key_rotation;
mod enable_key;
mod enable_key_rotation;
mod encapsulate;
mod encrypt;
mod generate_data_key;
mod generate_data_key_pair;
mod generate_mac;
mod generate_random;
mod get_key_last_usage;
mod get_key_policy;
mod get_key_rotation_status;
mod get_parameters_for_import;
mod get_public_key;
mod import_key_material;
mod list_aliases;
mod list_grants;
mod list_key_policies;
mod list_key_rotations;
mod list_keys;
mod list_resource_tags;
mod list_retirable_grants;
mod put_key_policy;
mod re_encrypt;
mod replicate_key;
mod retire_grant;
mod revoke_grant;
mod rotate_key_on_demand;
mod schedule_key_deletion;
mod sign;
mod tag_resource;
mod untag_resource;
mod update_alias;
mod update_key_description;
mod update_primary_region;
mod verify;
mod verify_mac;

use dispatch::Row;

use crate::Kms;

/// Every operation, sorted by name.
pub(crate) static TABLE: &[Row<Kms>] = &[
    Row::of::<cancel_key_deletion::CancelKeyDeletion>(),
    Row::of::<create_alias::CreateAlias>(),
    Row::of::<create_grant::CreateGrant>(),
    Row::of::<create_key::CreateKey>(),
    Row::of::<decapsulate::Decapsulate>(),
    Row::of::<decrypt::Decrypt>(),
    Row::of::<delete_alias::DeleteAlias>(),
    Row::of::<delete_imported_key_material::DeleteImportedKeyMaterial>(),
    Row::of::<derive_shared_secret::DeriveSharedSecret>(),
    Row::of::<describe_key::DescribeKey>(),
    Row::of::<disable_key::DisableKey>(),
    Row::of::<disable_key_rotation::DisableKeyRotation>(),
    Row::of::<enable_key::EnableKey>(),
    Row::of::<enable_key_rotation::EnableKeyRotation>(),
    Row::of::<encapsulate::Encapsulate>(),
    Row::of::<encrypt::Encrypt>(),
    Row::of::<generate_data_key::GenerateDataKey>(),
    Row::of::<generate_data_key_pair::GenerateDataKeyPair>(),
    Row::of::<generate_data_key_pair::GenerateDataKeyPairWithoutPlaintext>(),
    Row::of::<generate_data_key::GenerateDataKeyWithoutPlaintext>(),
    Row::of::<generate_mac::GenerateMac>(),
    Row::of::<generate_random::GenerateRandom>(),
    Row::of::<get_key_last_usage::GetKeyLastUsage>(),
    Row::of::<get_key_policy::GetKeyPolicy>(),
    Row::of::<get_key_rotation_status::GetKeyRotationStatus>(),
    Row::of::<get_parameters_for_import::GetParametersForImport>(),
    Row::of::<get_public_key::GetPublicKey>(),
    Row::of::<import_key_material::ImportKeyMaterial>(),
    Row::of::<list_aliases::ListAliases>(),
    Row::of::<list_grants::ListGrants>(),
    Row::of::<list_key_policies::ListKeyPolicies>(),
    Row::of::<list_key_rotations::ListKeyRotations>(),
    Row::of::<list_keys::ListKeys>(),
    Row::of::<list_resource_tags::ListResourceTags>(),
    Row::of::<list_retirable_grants::ListRetirableGrants>(),
    Row::of::<put_key_policy::PutKeyPolicy>(),
    Row::of::<re_encrypt::ReEncrypt>(),
    Row::of::<replicate_key::ReplicateKey>(),
    Row::of::<retire_grant::RetireGrant>(),
    Row::of::<revoke_grant::RevokeGrant>(),
    Row::of::<rotate_key_on_demand::RotateKeyOnDemand>(),
    Row::of::<schedule_key_deletion::ScheduleKeyDeletion>(),
    Row::of::<sign::Sign>(),
    Row::of::<tag_resource::TagResource>(),
    Row::of::<untag_resource::UntagResource>(),
    Row::of::<update_alias::UpdateAlias>(),
    Row::of::<update_key_description::UpdateKeyDescription>(),
    Row::of::<update_primary_region::UpdatePrimaryRegion>(),
    Row::of::<verify::Verify>(),
    Row::of::<verify_mac::VerifyMac>(),
];

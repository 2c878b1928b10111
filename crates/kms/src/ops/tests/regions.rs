use super::code;
use crate::{
    ops::{
        create_key::CreateKey, enable_key_rotation::EnableKeyRotation,
        get_parameters_for_import::GetParametersForImport, import_key_material::ImportKeyMaterial,
        put_key_policy::PutKeyPolicy, replicate_key::ReplicateKey,
        update_primary_region::UpdatePrimaryRegion,
    },
    testing::{OWNER, World, root, statement, user},
};
use model::{
    arn::{KeyArn, KeyId, Region},
    kms::{
        AlgorithmSpec, CreateKeyRequest, EnableKeyRotationRequest, GetParametersForImportRequest,
        ImportKeyMaterialRequest, OriginType, PutKeyPolicyRequest, ReplicateKeyRequest,
        UpdatePrimaryRegionRequest, WrappingKeySpec,
    },
};

fn primary(world: &World, origin: OriginType) -> KeyArn {
    let input =
        CreateKeyRequest { multi_region: Some(true), origin: Some(origin), ..CreateKeyRequest::default() };
    let made = world.call::<CreateKey>(&root(OWNER), input).unwrap().key_metadata.unwrap();
    KeyArn {
        region: Region::parse("eu-west-1").unwrap(),
        account: root(OWNER).account,
        key_id: KeyId::parse(&made.key_id).unwrap(),
    }
}

fn replicate(key: &KeyArn, to: &str) -> ReplicateKeyRequest {
    ReplicateKeyRequest {
        key_id: key.to_string(),
        replica_region: to.to_owned(),
        policy: None,
        bypass_policy_lockout_safety_check: None,
        description: None,
        tags: None,
    }
}

/// A statement that allows what it allows in one Region only.
fn there(action: &str, region: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Action":"{action}","Resource":"*",
            "Condition":{{"StringEquals":{{"aws:RequestedRegion":"{region}"}}}}}}"#
    )
}

#[test]
fn a_replica_needs_permission_in_both_regions() {
    let world = World::new();
    let key = primary(&world, OriginType::AwsKms);
    let (here, lockout) = (there("kms:ReplicateKey", "eu-west-1"), statement("Allow", "kms:PutKeyPolicy"));
    for (statements, expected) in [
        (vec![here.clone()], "AccessDeniedException"),
        (vec![there("kms:CreateKey", "us-east-1")], "AccessDeniedException"),
        (vec![here.clone(), there("kms:CreateKey", "eu-west-1")], "AccessDeniedException"),
        (vec![here.clone(), there("kms:CreateKey", "us-east-1")], "MalformedPolicyDocumentException"),
        (vec![here, there("kms:CreateKey", "us-east-1"), lockout], "ok"),
    ] {
        let alice = user(OWNER, "alice", &statements.join(","));
        let answered = world.call::<ReplicateKey>(&alice, replicate(&key, "us-east-1"));
        assert_eq!(code(answered), expected, "{statements:?}");
    }
}

#[test]
fn a_primary_moves_with_permission_on_both_keys() {
    let world = World::new();
    let key = primary(&world, OriginType::AwsKms);
    world.call::<ReplicateKey>(&root(OWNER), replicate(&key, "us-east-1")).unwrap();
    let input =
        || UpdatePrimaryRegionRequest { key_id: key.to_string(), primary_region: "us-east-1".to_owned() };
    for (region, expected) in [("eu-west-1", "AccessDeniedException"), ("us-east-1", "AccessDeniedException")]
    {
        let alice = user(OWNER, "alice", &there("kms:UpdatePrimaryRegion", region));
        assert_eq!(code(world.call::<UpdatePrimaryRegion>(&alice, input())), expected, "{region}");
    }
    let alice = user(OWNER, "alice", &statement("Allow", "kms:UpdatePrimaryRegion"));
    assert_eq!(code(world.call::<UpdatePrimaryRegion>(&alice, input())), "ok");
}

/// A key policy that denies an action where a condition key has this value.
fn denying(world: &World, key: &KeyArn, action: &str, condition: &str, value: &str) {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{OWNER}:root"}},"Action":"kms:*","Resource":"*"}},
            {{"Effect":"Deny","Principal":"*","Action":"{action}","Resource":"*",
              "Condition":{{"StringEquals":{{"{condition}":"{value}"}}}}}}]}}"#
    );
    let input = PutKeyPolicyRequest { key_id: key.to_string(), policy, ..PutKeyPolicyRequest::default() };
    world.call::<PutKeyPolicy>(&root(OWNER), input).unwrap();
}

/// A call on a key, and what becomes of it.
type Ask = fn(&World, &dispatch::Caller, &KeyArn) -> &'static str;

#[test]
fn condition_keys_say_what_is_asked() {
    let owner = root(OWNER);
    let parameters: Ask = |world, caller, key| {
        let input = GetParametersForImportRequest {
            key_id: key.to_string(),
            wrapping_algorithm: AlgorithmSpec::RsaesPkcs1V15,
            wrapping_key_spec: WrappingKeySpec::Rsa3072,
        };
        code(world.call::<GetParametersForImport>(caller, input))
    };
    let import: Ask = |world, caller, key| {
        let input = ImportKeyMaterialRequest {
            key_id: key.to_string(),
            import_token: vec![0].into(),
            encrypted_key_material: vec![0].into(),
            valid_to: Some(world.now.plus_days(1)),
            expiration_model: Some(model::kms::ExpirationModelType::KeyMaterialExpires),
            import_type: None,
            key_material_description: None,
            key_material_id: None,
        };
        code(world.call::<ImportKeyMaterial>(caller, input))
    };
    let rotation: Ask = |world, caller, key| {
        let input = EnableKeyRotationRequest { key_id: key.to_string(), rotation_period_in_days: Some(100) };
        code(world.call::<EnableKeyRotation>(caller, input))
    };
    let replication: Ask =
        |world, caller, key| code(world.call::<ReplicateKey>(caller, replicate(key, "us-east-1")));
    let tomorrow = World::new().now.plus_days(1).as_seconds().to_string();
    let (external, own) = (OriginType::External, OriginType::AwsKms);
    for (origin, action, condition, value, ask, otherwise) in [
        (
            external,
            "GetParametersForImport",
            "WrappingAlgorithm",
            "RSAES_PKCS1_V1_5",
            parameters,
            "UnsupportedOperationException",
        ),
        (
            external,
            "GetParametersForImport",
            "WrappingKeySpec",
            "RSA_3072",
            parameters,
            "UnsupportedOperationException",
        ),
        (
            external,
            "ImportKeyMaterial",
            "ExpirationModel",
            "KEY_MATERIAL_EXPIRES",
            import,
            "InvalidImportTokenException",
        ),
        (external, "ImportKeyMaterial", "ValidTo", &tomorrow, import, "InvalidImportTokenException"),
        (external, "ImportKeyMaterial", "KeyOrigin", "EXTERNAL", import, "InvalidImportTokenException"),
        (own, "EnableKeyRotation", "RotationPeriodInDays", "100", rotation, "ok"),
        (own, "EnableKeyRotation", "MultiRegion", "true", rotation, "ok"),
        (own, "EnableKeyRotation", "MultiRegionKeyType", "PRIMARY", rotation, "ok"),
        (own, "ReplicateKey", "ReplicaRegion", "us-east-1", replication, "ok"),
    ] {
        let world = World::new();
        let key = primary(&world, origin);
        let (action, condition) = (format!("kms:{action}"), format!("kms:{condition}"));
        denying(&world, &key, &action, &condition, value);
        assert_eq!(ask(&world, &owner, &key), "AccessDeniedException", "{condition}");
        denying(&world, &key, &action, &condition, "something else");
        assert_eq!(ask(&world, &owner, &key), otherwise, "{condition}");
    }
}

#[test]
fn a_replica_is_made_where_the_deployment_serves() {
    let mut world = World::new();
    let served = ["eu-west-1", "us-east-1"].map(|name| Region::parse(name).unwrap());
    world.service().regions = dispatch::Regions::Only(served.into());
    let key = primary(&world, OriginType::AwsKms);
    let answered = |to| code(world.call::<ReplicateKey>(&root(OWNER), replicate(&key, to)));
    assert_eq!((answered("us-west-2"), answered("us-east-1")), ("ValidationException", "ok"));
}

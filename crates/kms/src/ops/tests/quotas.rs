use model::{
    Timestamp,
    kms::{
        CreateAliasRequest, CreateGrantRequest, CreateKeyRequest, GrantOperation, ListKeysRequest,
        PutKeyPolicyRequest, ReEncryptRequest,
    },
};

use super::{code, key};
use crate::{
    Overrides, Quotas, Rates, RequestRates,
    ops::{
        create_alias::CreateAlias, create_grant::CreateGrant, create_key::CreateKey, list_keys::ListKeys,
        put_key_policy::PutKeyPolicy, re_encrypt::ReEncrypt,
    },
    testing::{OTHER, OWNER, World, root},
};

#[test]
fn quotas_hold_one_by_one() {
    let mut world = World::new();
    world.service().quotas = Quotas {
        keys_per_region: 2,
        aliases_per_key: 1,
        grants_per_key: 1,
        key_policy_bytes: 300,
        on_demand_rotations: 0,
    };
    let owner = root(OWNER);
    let (first, _) = (key(&world, None).to_string(), key(&world, None));
    let make = |caller| code(world.call::<CreateKey>(caller, CreateKeyRequest::default()));
    assert_eq!(make(&owner), "LimitExceededException");
    assert_eq!(make(&root(OTHER)), "ok");

    let alias = |name: &str| {
        let input = CreateAliasRequest { alias_name: name.to_owned(), target_key_id: first.clone() };
        code(world.call::<CreateAlias>(&owner, input))
    };
    assert_eq!((alias("alias/a"), alias("alias/b")), ("ok", "LimitExceededException"));

    let grant = |name: &str| {
        let input = CreateGrantRequest {
            key_id: first.clone(),
            grantee_principal: Some("arn:aws:iam::111122223333:user/alice".to_owned()),
            operations: vec![GrantOperation::Decrypt],
            name: Some(name.to_owned()),
            ..CreateGrantRequest::default()
        };
        code(world.call::<CreateGrant>(&owner, input))
    };
    // The one that exists is no other.
    assert_eq!((grant("a"), grant("b"), grant("a")), ("ok", "LimitExceededException", "ok"));

    let policy = format!(r#"{{"Version":"2012-10-17","Id":"{}","Statement":[]}}"#, "x".repeat(300));
    let input = PutKeyPolicyRequest { key_id: first.clone(), policy, ..PutKeyPolicyRequest::default() };
    assert_eq!(code(world.call::<PutKeyPolicy>(&owner, input)), "LimitExceededException");
}

#[test]
fn rates_are_kept_for_each_account_and_a_call_counts_once() {
    let mut world = World::new();
    let (first, second) = (key(&world, None).to_string(), key(&world, None).to_string());
    let input = model::kms::EncryptRequest {
        key_id: first,
        plaintext: secret::Plaintext::zeroed(5),
        encryption_context: None,
        grant_tokens: None,
        encryption_algorithm: None,
        dry_run: None,
    };
    let blob = world.call::<crate::ops::encrypt::Encrypt>(&root(OWNER), input).unwrap().ciphertext_blob;
    world.service().rates =
        Rates::new(RequestRates::Limited(Overrides { symmetric: Some(2), ..Overrides::default() }));

    let re_encrypt = |world: &World| {
        let input = ReEncryptRequest {
            ciphertext_blob: blob.clone(),
            destination_key_id: second.clone(),
            ..ReEncryptRequest::default()
        };
        world.call::<ReEncrypt>(&root(OWNER), input)
    };
    assert!(re_encrypt(&world).is_ok() && re_encrypt(&world).is_ok());
    let refused = re_encrypt(&world).unwrap_err();
    assert_eq!(refused.kind.json, "ThrottlingException");
    assert_eq!(
        refused.message.as_deref(),
        Some("You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.")
    );
    assert_eq!(code(world.call::<ListKeys>(&root(OWNER), ListKeysRequest::default())), "ok");
    world.now = Timestamp::from_millis(world.now.as_millis() + 500);
    assert!(re_encrypt(&world).is_ok() && re_encrypt(&world).is_err());

    for account in [OWNER, OTHER] {
        let made = || code(world.call::<CreateKey>(&root(account), CreateKeyRequest::default()));
        assert_eq!([(); 6].map(|()| made()), ["ok", "ok", "ok", "ok", "ok", "ThrottlingException"]);
    }
}

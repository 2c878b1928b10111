use std::time::Duration;

use kms::{Overrides, Quotas, RequestRates};
use serde_json::{Value, json};
use sim::{Settings, Stage, World};

use crate::code;

#[test]
fn quotas_hold_one_by_one() {
    let quotas = Quotas {
        keys_per_region: 2,
        aliases_per_key: 1,
        grants_per_key: 1,
        key_policy_bytes: 300,
        on_demand_rotations: 0,
    };
    let stage = Stage::on(World::of(Settings { quotas, ..Settings::default() }));
    stage.user("alice");
    let (first, _) = (stage.key(json!({})), stage.key(json!({})));
    let too_many = "LimitExceededException";
    assert_eq!(stage.kms("CreateKey", json!({})).fault(), too_many);
    assert_eq!(stage.kms_as(&stage.world.stranger(), "CreateKey", json!({})).code, None);

    let call = |operation, input| code(&stage.kms(operation, input)).to_owned();
    let alias = |name: &str| call("CreateAlias", json!({ "AliasName": name, "TargetKeyId": first }));
    assert_eq!([alias("alias/a"), alias("alias/b")], ["ok", too_many]);

    let grant = |name: &str| {
        let grantee = "arn:aws:iam::111122223333:user/alice";
        let input = json!({
            "KeyId": first, "GranteePrincipal": grantee, "Operations": ["Decrypt"], "Name": name,
        });
        call("CreateGrant", input)
    };
    // The one that exists is no other.
    assert_eq!([grant("a"), grant("b"), grant("a")], ["ok", too_many, "ok"]);

    let policy = json!({ "Version": "2012-10-17", "Id": "x".repeat(300), "Statement": [] }).to_string();
    assert_eq!(call("PutKeyPolicy", json!({ "KeyId": first, "Policy": policy })), too_many);
    assert_eq!(call("RotateKeyOnDemand", json!({ "KeyId": first })), too_many);
}

#[test]
fn rates_are_kept_for_each_account_and_a_call_counts_once() {
    let overrides = Overrides { symmetric: Some(2), ..Overrides::default() };
    let request_rates = RequestRates::Limited(overrides);
    let stage = Stage::on(World::of(Settings { request_rates, ..Settings::default() }));
    let wait = |millis| stage.world.clock().advance(Duration::from_millis(millis));
    let (first, second) = (stage.key(json!({})), stage.key(json!({})));
    let blob = stage.encrypt(&first);
    wait(60_000);

    let re_encrypt = || stage.kms("ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": second }));
    assert_eq!((re_encrypt().code, re_encrypt().code), (None, None));
    let message = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    assert_eq!(re_encrypt().refusal(), ("ThrottlingException", message));
    assert_eq!(stage.kms("ListKeys", json!({})).code, None);
    wait(500);
    assert_eq!((re_encrypt().code, re_encrypt().fault()), (None, "ThrottlingException"));

    for root in [stage.world.root(), stage.world.stranger()] {
        let made = |_: i32| code(&stage.kms_as(&root, "CreateKey", Value::Object(<_>::default()))).to_owned();
        let made: Vec<String> = (0..6).map(made).collect();
        assert_eq!(made, ["ok", "ok", "ok", "ok", "ok", "ThrottlingException"]);
    }
}

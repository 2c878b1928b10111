//! AWS managed keys: made when they are first used, and nobody's to manage.

use audit::EventKind;
use serde_json::{Value, json};
use sim::{Answer, sign};

use crate::stage::{ACCOUNT, ALICE, FOR, REGION, Stage};

const S3: &str = "alias/aws/s3";

/// Encrypts with an AWS managed key through the gateway.
fn encrypt(stage: &Stage, alias: &str) -> Answer {
    let input = json!({ "KeyId": alias, "Plaintext": "c2VjcmV0" });
    stage.call(&stage.gateway, &[(FOR, ALICE)], "Encrypt", &input)
}

/// All aliases, in pages of so many.
fn aliases(stage: &Stage, limit: usize) -> Vec<Value> {
    let (mut all, mut marker) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "Limit": limit });
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = stage.world.call(&stage.root, "kms", "ListAliases", input).ok();
        let items = page["Aliases"].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        if page["Truncated"] == false {
            return all;
        }
        marker = page["NextMarker"].clone();
    }
}

fn describe(stage: &Stage, key: &str) -> Value {
    stage.world.call(&stage.root, "kms", "DescribeKey", json!({ "KeyId": key })).ok()["KeyMetadata"].clone()
}

/// The keys that were made by themselves, as the journal has it.
fn made(stage: &Stage) -> Vec<String> {
    let records = stage.world.records().into_iter();
    let made =
        records.filter(|record| record.kind == EventKind::ServiceEvent && record.operation == "CreateKey");
    made.map(|record| record.resources.first().unwrap().to_string()).collect()
}

#[test]
fn every_account_has_their_aliases_before_there_are_keys() {
    let stage = Stage::new();
    for name in ["alias/a", "alias/aws-like", "alias/z"] {
        let input = json!({ "AliasName": name, "TargetKeyId": stage.key });
        stage.world.call(&stage.root, "kms", "CreateAlias", input).ok();
    }
    let all = aliases(&stage, 100);
    let names: Vec<&str> = all.iter().map(|alias| alias["AliasName"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "alias/a",
            "alias/aws-like",
            "alias/aws/backup",
            "alias/aws/dynamodb",
            "alias/aws/ebs",
            "alias/aws/elasticfilesystem",
            "alias/aws/kinesis",
            "alias/aws/lambda",
            "alias/aws/rds",
            "alias/aws/redshift",
            "alias/aws/s3",
            "alias/aws/secretsmanager",
            "alias/aws/sns",
            "alias/aws/sqs",
            "alias/aws/ssm",
            "alias/z",
        ]
    );
    let s3 = json!({ "AliasName": S3, "AliasArn": format!("arn:aws:kms:{REGION}:{ACCOUNT}:{S3}") });
    assert!(all.contains(&s3), "nothing but name and ARN");
    for limit in [1, 2, 3, 7] {
        assert_eq!(aliases(&stage, limit), all, "{limit}");
    }
    let key = describe(&stage, S3)["KeyId"].clone();
    let now = aliases(&stage, 4);
    assert_eq!(now.len(), all.len());
    let s3 = now.iter().find(|alias| alias["AliasName"] == S3).unwrap();
    assert_eq!(s3["TargetKeyId"], key);
    assert!(s3["CreationDate"].is_number() && s3["LastUpdatedDate"].is_number());
    let of_key = stage.world.call(&stage.root, "kms", "ListAliases", json!({ "KeyId": key })).ok();
    assert_eq!(of_key["Aliases"], json!([s3]));
}

#[test]
fn a_key_is_made_when_it_is_first_looked_at() {
    let stage = Stage::new();
    let key = describe(&stage, S3);
    assert_eq!(
        (&key["KeyManager"], &key["Enabled"], &key["KeySpec"]),
        (&json!("AWS"), &json!(true), &json!("SYMMETRIC_DEFAULT"),)
    );
    assert_eq!(key["Description"], "Default key that protects my S3 objects when no other key is defined");
    let by_arn = describe(&stage, &format!("arn:aws:kms:{REGION}:{ACCOUNT}:{S3}"));
    assert_eq!((&by_arn, &describe(&stage, key["Arn"].as_str().unwrap())), (&key, &key));
    assert_eq!(made(&stage), [key["Arn"].as_str().unwrap()]);
    let keys = stage.world.call(&stage.root, "kms", "ListKeys", json!({})).ok();
    assert!(keys["Keys"].as_array().unwrap().iter().any(|listed| listed["KeyArn"] == key["Arn"]));

    let policy = stage.world.call(&stage.root, "kms", "GetKeyPolicy", json!({ "KeyId": key["Arn"] })).ok();
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Condition"],
        json!({ "StringEquals": {
        "kms:CallerAccount": ACCOUNT, "kms:ViaService": "s3.us-east-1.amazonaws.com",
    } })
    );

    let Stage { world, root, .. } = stage;
    let world = world.restart();
    let after = world.call(&root, "kms", "DescribeKey", json!({ "KeyId": S3 })).ok();
    assert_eq!(after["KeyMetadata"], key);
}

#[test]
fn whoever_comes_through_the_service_uses_its_key_and_nobody_else_does() {
    let stage = Stage::new();
    let answer = encrypt(&stage, S3);
    let key = describe(&stage, S3)["Arn"].clone();
    assert_eq!((&answer.ok()["KeyId"], made(&stage).len()), (&key, 1), "alice needs no policy");
    let resources = stage.record_of(&answer).resources;
    assert_eq!(resources, [key.as_str().unwrap()]);

    let blob = json!({ "CiphertextBlob": answer.ok()["CiphertextBlob"] });
    let opened = stage.call(&stage.gateway, &[(FOR, ALICE)], "Decrypt", &blob).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
    stage.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    for by in [&stage.alice, &stage.root] {
        assert_eq!(stage.world.call(by, "kms", "Decrypt", blob.clone()).fault(), "AccessDeniedException");
        let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0" });
        assert_eq!(stage.world.call(by, "kms", "Encrypt", input).fault(), "AccessDeniedException");
    }
    assert_eq!(encrypt(&stage, "alias/aws/ebs").fault(), "AccessDeniedException", "that of another service");
    let input = json!({ "KeyId": S3, "Plaintext": "c2VjcmV0" });
    let itself = stage.call(&stage.gateway, &[(FOR, "service")], "Encrypt", &input);
    assert_eq!(itself.fault(), "AccessDeniedException");
}

#[test]
fn nothing_is_made_for_whom_it_would_be_of_no_use() {
    let stage = Stage::new();
    let before = stage.world.state();
    let input = |alias: &str| json!({ "KeyId": alias, "Plaintext": "c2VjcmV0" });
    let arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:{S3}");
    let refused = |by, operation, input| stage.world.call(by, "kms", operation, input).fault().to_owned();
    assert_eq!(refused(&stage.root, "Encrypt", input(S3)), "AccessDeniedException");
    assert_eq!(refused(&stage.alice, "DescribeKey", json!({ "KeyId": S3 })), "AccessDeniedException");
    let stranger = stage.world.stranger();
    assert_eq!(refused(&stranger, "DescribeKey", json!({ "KeyId": arn })), "AccessDeniedException");
    assert_eq!(encrypt(&stage, "alias/aws/ebs").fault(), "AccessDeniedException");
    for unknown in ["alias/aws/other", "alias/aws/ec2", "alias/s3"] {
        assert_eq!(encrypt(&stage, unknown).fault(), "NotFoundException");
        assert_eq!(refused(&stage.root, "DescribeKey", json!({ "KeyId": unknown })), "NotFoundException");
    }
    assert_eq!(refused(&stage.root, "GetKeyPolicy", json!({ "KeyId": S3 })), "InvalidArnException");
    assert_eq!(stage.world.state(), before);
    assert!(made(&stage).is_empty());
}

#[test]
fn each_account_and_region_has_its_own() {
    let stage = Stage::new();
    let stranger = stage.world.stranger();
    let of = |region, by| {
        let answer = stage.world.call_in(region, by, "kms", "DescribeKey", json!({ "KeyId": S3 })).ok();
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    };
    let keys = [of(REGION, &stage.root), of("eu-west-1", &stage.root), of(REGION, &stranger)];
    assert_eq!(keys, [of(REGION, &stage.root), of("eu-west-1", &stage.root), of(REGION, &stranger)]);
    assert_eq!(made(&stage).len(), 3);
}

#[test]
fn of_many_first_uses_one_makes_the_key() {
    let stage = Stage::new();
    let request = |operation, input: Value| sign_for(&stage, operation, &input);
    let encrypt = json!({ "KeyId": S3, "Plaintext": "c2VjcmV0" });
    let requests = (0..20).map(|number| match number % 2 {
        0 => request("Encrypt", encrypt.clone()),
        _ => request("DescribeKey", json!({ "KeyId": S3 })),
    });
    let answers = stage.world.send_together(requests.collect());
    let key = describe(&stage, S3)["Arn"].clone();
    for (number, answer) in answers.iter().enumerate() {
        let answer = answer.ok();
        let arn = if number % 2 == 0 { &answer["KeyId"] } else { &answer["KeyMetadata"]["Arn"] };
        assert_eq!(arn, &key);
    }
    assert_eq!(made(&stage), [key.as_str().unwrap()]);
    let keys = stage.world.state().into_keys().filter(|at| at.windows(5).any(|part| part == b"/key/"));
    assert_eq!(keys.count(), 2, "the root user's and this");
}

fn sign_for(stage: &Stage, operation: &str, input: &Value) -> http::Request<bytes::Bytes> {
    let mut request = stage.world.request("kms", operation, input);
    request.headers_mut().insert(FOR, http::HeaderValue::from_static(ALICE));
    sign(request, &stage.gateway, &sim::Scope { service: "kms", region: REGION, at: stage.world.now() })
}

#[test]
fn nobody_manages_them() {
    let stage = Stage::new();
    let key = describe(&stage, S3)["KeyId"].clone();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let call = |operation: &str, more: Value| {
        let mut input = json!({ "KeyId": key });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stage.world.call(&stage.root, "kms", operation, input)
    };
    for (operation, more) in [
        ("PutKeyPolicy", json!({ "Policy": policy.to_string() })),
        ("ScheduleKeyDeletion", json!({ "PendingWindowInDays": 7 })),
        ("CancelKeyDeletion", json!({})),
        ("DisableKey", json!({})),
        ("EnableKey", json!({})),
        ("UpdateKeyDescription", json!({ "Description": "mine" })),
        ("EnableKeyRotation", json!({})),
        ("DisableKeyRotation", json!({})),
        ("RotateKeyOnDemand", json!({})),
        ("TagResource", json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] })),
        ("UntagResource", json!({ "TagKeys": ["a"] })),
        ("CreateGrant", json!({ "GranteePrincipal": ALICE, "Operations": ["Decrypt"] })),
        ("ReplicateKey", json!({ "ReplicaRegion": "eu-west-1" })),
        ("DeleteImportedKeyMaterial", json!({})),
    ] {
        let answer = call(operation, more);
        assert_eq!(answer.fault(), "AccessDeniedException", "{operation}");
        let because = format!("because no resource-based policy allows the kms:{operation} action");
        assert!(answer.message.as_deref().unwrap().ends_with(&because), "{operation}: {answer:?}");
    }
    let alias = json!({ "AliasName": "alias/mine", "TargetKeyId": key });
    assert_eq!(stage.world.call(&stage.root, "kms", "CreateAlias", alias).fault(), "AccessDeniedException");
    let own = json!({ "AliasName": "alias/own", "TargetKeyId": stage.key });
    stage.world.call(&stage.root, "kms", "CreateAlias", own).ok();
    let moved = json!({ "AliasName": "alias/own", "TargetKeyId": key });
    assert_eq!(stage.world.call(&stage.root, "kms", "UpdateAlias", moved).fault(), "AccessDeniedException");
    for (operation, input) in [
        ("CreateAlias", json!({ "AliasName": "alias/aws/sqs", "TargetKeyId": stage.key })),
        ("UpdateAlias", json!({ "AliasName": S3, "TargetKeyId": stage.key })),
        ("DeleteAlias", json!({ "AliasName": S3 })),
    ] {
        let answer = stage.world.call(&stage.root, "kms", operation, input);
        assert_eq!(answer.refusal(), ("NotAuthorizedException", ""), "{operation}");
    }
    for operation in [
        "DescribeKey",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListKeyPolicies",
        "ListGrants",
        "ListResourceTags",
        "ListKeyRotations",
        "GetKeyLastUsage",
    ] {
        assert_eq!(call(operation, json!({})).code, None, "{operation}");
    }
}

#[test]
fn a_service_that_makes_grants_makes_them_for_its_users() {
    let stage = Stage::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "volumes", "AssumeRolePolicyDocument": trust.to_string() });
    stage.iam(&stage.root, "CreateRole", role);
    let input =
        json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/volumes"), "RoleSessionName": "host-1" });
    let volumes = stage.world.call(&stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT);
    let key = describe(&stage, "alias/aws/ebs")["Arn"].clone();
    let grant = json!({ "KeyId": key, "GranteePrincipal": ALICE, "Operations": ["Decrypt"] });
    let made = stage.call(&volumes, &[(FOR, ALICE)], "CreateGrant", &grant).ok();
    let listed = stage.world.call(&stage.root, "kms", "ListGrants", json!({ "KeyId": key })).ok();
    assert_eq!(listed["Grants"][0]["GrantId"], made["GrantId"]);
    let revoke = json!({ "KeyId": key, "GrantId": made["GrantId"] });
    stage.world.call(&stage.root, "kms", "RevokeGrant", revoke).ok();
}

#[test]
fn they_rotate_every_year() {
    let stage = Stage::new();
    let blob = json!({ "CiphertextBlob": encrypt(&stage, S3).ok()["CiphertextBlob"] });
    let key = describe(&stage, S3);
    let status = |of: &Value| {
        let input = json!({ "KeyId": of["KeyId"] });
        stage.world.call(&stage.root, "kms", "GetKeyRotationStatus", input).ok()
    };
    let first = status(&key);
    assert_eq!((&first["KeyRotationEnabled"], &first["RotationPeriodInDays"]), (&json!(true), &json!(365)));
    stage.world.clock().advance_days(364);
    stage.world.tick().unwrap();
    assert_eq!(describe(&stage, S3)["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"]);
    stage.world.clock().advance_days(1);
    stage.world.tick().unwrap();
    let turned = describe(&stage, S3);
    assert_ne!(turned["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"]);
    assert_eq!((&turned["KeyManager"], &turned["Arn"]), (&json!("AWS"), &key["Arn"]));
    let year = f64::from(365 * 24 * 60 * 60);
    let next = |status: &Value| status["NextRotationDate"].as_f64().unwrap();
    assert!((next(&status(&turned)) - next(&first) - year).abs() < 1.0);
    let opened = stage.call(&stage.gateway, &[(FOR, ALICE)], "Decrypt", &blob).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
}

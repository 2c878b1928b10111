//! AWS managed keys: made when they are first used, and nobody's to manage.

use audit::EventKind;
use serde_json::{Value, json};
use sim::{
    Answer, Stage, sign,
    stage::{ACCOUNT, HOME},
};

use crate::gateway::{ALICE, FOR, Gateway};

const S3: &str = "alias/aws/s3";

/// Encrypts with an AWS managed key through the gateway.
fn encrypt(gateway: &Gateway, alias: &str) -> Answer {
    let input = json!({ "KeyId": alias, "Plaintext": "c2VjcmV0" });
    gateway.call(&gateway.credentials, &[(FOR, ALICE)], "Encrypt", &input)
}

/// All aliases, in pages of so many.
fn aliases(gateway: &Gateway, limit: usize) -> Vec<Value> {
    let (mut all, mut marker) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "Limit": limit });
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = gateway.stage.kms("ListAliases", input).ok();
        let items = page["Aliases"].as_array().unwrap();
        assert!(items.len() <= limit);
        all.extend(items.iter().cloned());
        if page["Truncated"] == false {
            return all;
        }
        marker = page["NextMarker"].clone();
    }
}

fn describe(gateway: &Gateway, key: &str) -> Value {
    gateway.stage.kms("DescribeKey", json!({ "KeyId": key })).ok()["KeyMetadata"].clone()
}

/// The keys that were made by themselves, as the journal has it.
fn made(gateway: &Gateway) -> Vec<String> {
    let records = gateway.stage.world.records().into_iter();
    let made =
        records.filter(|record| record.kind == EventKind::ServiceEvent && record.operation == "CreateKey");
    made.map(|record| record.resources.first().unwrap().to_string()).collect()
}

#[test]
fn every_account_has_their_aliases_before_there_are_keys() {
    let gateway = Gateway::new();
    for name in ["alias/a", "alias/aws-like", "alias/z"] {
        let input = json!({ "AliasName": name, "TargetKeyId": gateway.key });
        gateway.stage.kms("CreateAlias", input).ok();
    }
    let all = aliases(&gateway, 100);
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
    let s3 = json!({ "AliasName": S3, "AliasArn": format!("arn:aws:kms:{HOME}:{ACCOUNT}:{S3}") });
    assert!(all.contains(&s3), "nothing but name and ARN");
    for limit in [1, 2, 3, 7] {
        assert_eq!(aliases(&gateway, limit), all, "{limit}");
    }
    let key = describe(&gateway, S3)["KeyId"].clone();
    let now = aliases(&gateway, 4);
    assert_eq!(now.len(), all.len());
    let s3 = now.iter().find(|alias| alias["AliasName"] == S3).unwrap();
    assert_eq!(s3["TargetKeyId"], key);
    assert!(s3["CreationDate"].is_number() && s3["LastUpdatedDate"].is_number());
    let of_key = gateway.stage.kms("ListAliases", json!({ "KeyId": key })).ok();
    assert_eq!(of_key["Aliases"], json!([s3]));
}

#[test]
fn a_key_is_made_when_it_is_first_looked_at() {
    let gateway = Gateway::new();
    let key = describe(&gateway, S3);
    assert_eq!(
        (&key["KeyManager"], &key["Enabled"], &key["KeySpec"]),
        (&json!("AWS"), &json!(true), &json!("SYMMETRIC_DEFAULT"),)
    );
    assert_eq!(key["Description"], "Default key that protects my S3 objects when no other key is defined");
    let by_arn = describe(&gateway, &format!("arn:aws:kms:{HOME}:{ACCOUNT}:{S3}"));
    assert_eq!((&by_arn, &describe(&gateway, key["Arn"].as_str().unwrap())), (&key, &key));
    assert_eq!(made(&gateway), [key["Arn"].as_str().unwrap()]);
    let keys = gateway.stage.kms("ListKeys", json!({})).ok();
    assert!(keys["Keys"].as_array().unwrap().iter().any(|listed| listed["KeyArn"] == key["Arn"]));

    let policy = gateway.stage.kms("GetKeyPolicy", json!({ "KeyId": key["Arn"] })).ok();
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][0]["Condition"],
        json!({ "StringEquals": {
        "kms:CallerAccount": ACCOUNT, "kms:ViaService": "s3.us-east-1.amazonaws.com",
    } })
    );

    let Stage { world, root, .. } = gateway.stage;
    let world = world.restart();
    let after = world.call(&root, "kms", "DescribeKey", json!({ "KeyId": S3 })).ok();
    assert_eq!(after["KeyMetadata"], key);
}

#[test]
fn whoever_comes_through_the_service_uses_its_key_and_nobody_else_does() {
    let gateway = Gateway::new();
    let answer = encrypt(&gateway, S3);
    let key = describe(&gateway, S3)["Arn"].clone();
    assert_eq!((&answer.ok()["KeyId"], made(&gateway).len()), (&key, 1), "alice needs no policy");
    let resources = gateway.stage.record_of(&answer).resources;
    assert_eq!(resources, [key.as_str().unwrap()]);

    let blob = json!({ "CiphertextBlob": answer.ok()["CiphertextBlob"] });
    let opened = gateway.call(&gateway.credentials, &[(FOR, ALICE)], "Decrypt", &blob).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
    gateway.put_policy("alice", json!([{ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }]));
    for by in [&gateway.alice, &gateway.stage.root] {
        assert_eq!(gateway.stage.kms_as(by, "Decrypt", blob.clone()).fault(), "AccessDeniedException");
        let input = json!({ "KeyId": key, "Plaintext": "c2VjcmV0" });
        assert_eq!(gateway.stage.kms_as(by, "Encrypt", input).fault(), "AccessDeniedException");
    }
    assert_eq!(
        encrypt(&gateway, "alias/aws/ebs").fault(),
        "AccessDeniedException",
        "that of another service"
    );
    let input = json!({ "KeyId": S3, "Plaintext": "c2VjcmV0" });
    let itself = gateway.call(&gateway.credentials, &[(FOR, "service")], "Encrypt", &input);
    assert_eq!(itself.fault(), "AccessDeniedException");
}

#[test]
fn nothing_is_made_for_whom_it_would_be_of_no_use() {
    let gateway = Gateway::new();
    // The first use of the identity, which is noted, is not about keys.
    assert_eq!(gateway.encrypt_for(ALICE).fault(), "AccessDeniedException");
    let before = gateway.stage.world.state();
    let input = |alias: &str| json!({ "KeyId": alias, "Plaintext": "c2VjcmV0" });
    let arn = format!("arn:aws:kms:{HOME}:{ACCOUNT}:{S3}");
    let refused = |by, operation, input| gateway.stage.kms_as(by, operation, input).fault().to_owned();
    assert_eq!(refused(&gateway.stage.root, "Encrypt", input(S3)), "AccessDeniedException");
    assert_eq!(refused(&gateway.alice, "DescribeKey", json!({ "KeyId": S3 })), "AccessDeniedException");
    let stranger = gateway.stage.world.stranger();
    assert_eq!(refused(&stranger, "DescribeKey", json!({ "KeyId": arn })), "AccessDeniedException");
    assert_eq!(encrypt(&gateway, "alias/aws/ebs").fault(), "AccessDeniedException");
    for unknown in ["alias/aws/other", "alias/aws/ec2", "alias/s3"] {
        assert_eq!(encrypt(&gateway, unknown).fault(), "NotFoundException");
        assert_eq!(
            refused(&gateway.stage.root, "DescribeKey", json!({ "KeyId": unknown })),
            "NotFoundException"
        );
    }
    assert_eq!(refused(&gateway.stage.root, "GetKeyPolicy", json!({ "KeyId": S3 })), "InvalidArnException");
    assert_eq!(gateway.stage.world.state(), before);
    assert!(made(&gateway).is_empty());
}

#[test]
fn each_account_and_region_has_its_own() {
    let gateway = Gateway::new();
    let stranger = gateway.stage.world.stranger();
    let of = |region, by| {
        let answer =
            gateway.stage.world.call_in(region, by, "kms", "DescribeKey", json!({ "KeyId": S3 })).ok();
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    };
    let keys = [of(HOME, &gateway.stage.root), of("eu-west-1", &gateway.stage.root), of(HOME, &stranger)];
    assert_eq!(
        keys,
        [of(HOME, &gateway.stage.root), of("eu-west-1", &gateway.stage.root), of(HOME, &stranger)]
    );
    assert_eq!(made(&gateway).len(), 3);
}

#[test]
fn of_many_first_uses_one_makes_the_key() {
    let gateway = Gateway::new();
    let request = |operation, input: Value| sign_for(&gateway, operation, &input);
    let encrypt = json!({ "KeyId": S3, "Plaintext": "c2VjcmV0" });
    let requests = (0..20).map(|number| match number % 2 {
        0 => request("Encrypt", encrypt.clone()),
        _ => request("DescribeKey", json!({ "KeyId": S3 })),
    });
    let answers = gateway.stage.world.send_together(requests.collect());
    let key = describe(&gateway, S3)["Arn"].clone();
    for (number, answer) in answers.iter().enumerate() {
        let answer = answer.ok();
        let arn = if number % 2 == 0 { &answer["KeyId"] } else { &answer["KeyMetadata"]["Arn"] };
        assert_eq!(arn, &key);
    }
    assert_eq!(made(&gateway), [key.as_str().unwrap()]);
    let keys =
        gateway.stage.world.state().into_keys().filter(|at| at.windows(5).any(|part| part == b"/key/"));
    assert_eq!(keys.count(), 2, "the root user's and this");
}

fn sign_for(gateway: &Gateway, operation: &str, input: &Value) -> http::Request<bytes::Bytes> {
    let mut request = gateway.stage.world.request("kms", operation, input);
    request.headers_mut().insert(FOR, http::HeaderValue::from_static(ALICE));
    sign(
        request,
        &gateway.credentials,
        &sim::Scope { service: "kms", region: HOME, at: gateway.stage.world.now() },
    )
}

/// What an account may do with an AWS managed key outside of its service: look at it. The list is AWS's, and not read off
/// `Facts::on_managed`: expectations that were would agree with a wrong fact.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key>
const LOOKING: [&str; 9] = [
    "DescribeKey",
    "GetKeyLastUsage",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListResourceTags",
];

/// What ends a grant that a service has made; see `a_service_that_makes_grants_makes_them_for_its_users`.
const ENDING_GRANTS: [&str; 2] = ["RetireGrant", "RevokeGrant"];

#[test]
fn nobody_manages_them() {
    let stage = Stage::new();
    let key = stage.kms("DescribeKey", json!({ "KeyId": S3 })).ok()["KeyMetadata"]["KeyId"].clone();
    let of_other_kinds = ["{sign-key}", "{mac-key}", "{agree-key}", "{kem-key}"];
    let mut refused = 0;
    for (service, facts) in stage.world.operations() {
        let mut input: Value = match service {
            "kms" => serde_json::from_str(&stage.fill(facts.example)).unwrap(),
            _ => continue,
        };
        if input.get("KeyId").is_none() || ENDING_GRANTS.contains(&facts.name) {
            continue;
        }
        input["KeyId"] = key.clone();
        let answer = stage.kms(facts.name, input);
        if LOOKING.contains(&facts.name) {
            assert_eq!(answer.code, None, "{}: {answer:?}", facts.name);
            continue;
        }
        if of_other_kinds.iter().any(|key| facts.example.contains(key)) {
            assert!(answer.code.is_some(), "{}: {answer:?}", facts.name);
            continue;
        }
        assert_eq!(answer.fault(), "AccessDeniedException", "{}", facts.name);
        let because = format!("because no resource-based policy allows the kms:{} action", facts.name);
        assert!(answer.message.as_deref().unwrap().ends_with(&because), "{answer:?}");
        refused += 1;
    }
    assert!(refused >= 20, "{refused} operations are refused");
}

#[test]
fn nobody_gives_them_other_aliases() {
    let gateway = Gateway::new();
    let key = describe(&gateway, S3)["KeyId"].clone();
    let call = |operation, alias: &str, key: &Value| {
        gateway.stage.kms(operation, json!({ "AliasName": alias, "TargetKeyId": key }))
    };
    let own = json!(gateway.key);
    assert_eq!(call("CreateAlias", "alias/mine", &key).fault(), "AccessDeniedException");
    call("CreateAlias", "alias/own", &own).ok();
    assert_eq!(call("UpdateAlias", "alias/own", &key).fault(), "AccessDeniedException");
    let answers = [
        call("CreateAlias", "alias/aws/sqs", &own),
        call("UpdateAlias", S3, &own),
        gateway.stage.kms("DeleteAlias", json!({ "AliasName": S3 })),
    ];
    for answer in answers {
        assert_eq!(answer.refusal(), ("NotAuthorizedException", ""));
    }
}

#[test]
fn a_service_that_makes_grants_makes_them_for_its_users() {
    let gateway = Gateway::new();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
    }] });
    let role = json!({ "RoleName": "volumes", "AssumeRolePolicyDocument": trust.to_string() });
    gateway.stage.iam("CreateRole", role);
    let input =
        json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/volumes"), "RoleSessionName": "host-1" });
    let volumes =
        gateway.stage.world.call(&gateway.stage.root, "sts", "AssumeRole", input).credentials(ACCOUNT);
    let key = describe(&gateway, "alias/aws/ebs")["Arn"].clone();
    let grant = json!({ "KeyId": key, "GranteePrincipal": ALICE, "Operations": ["Decrypt"] });
    let made = gateway.call(&volumes, &[(FOR, ALICE)], "CreateGrant", &grant).ok();
    let listed = gateway.stage.kms("ListGrants", json!({ "KeyId": key })).ok();
    assert_eq!(listed["Grants"][0]["GrantId"], made["GrantId"]);
    let revoke = json!({ "KeyId": key, "GrantId": made["GrantId"] });
    gateway.stage.kms("RevokeGrant", revoke).ok();
}

#[test]
fn they_rotate_every_year() {
    let gateway = Gateway::new();
    let blob = json!({ "CiphertextBlob": encrypt(&gateway, S3).ok()["CiphertextBlob"] });
    let key = describe(&gateway, S3);
    let status = |of: &Value| {
        let input = json!({ "KeyId": of["KeyId"] });
        gateway.stage.kms("GetKeyRotationStatus", input).ok()
    };
    let first = status(&key);
    assert_eq!((&first["KeyRotationEnabled"], &first["RotationPeriodInDays"]), (&json!(true), &json!(365)));
    gateway.stage.world.clock().advance_days(364);
    gateway.stage.world.tick().unwrap();
    assert_eq!(describe(&gateway, S3)["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"]);
    gateway.stage.world.clock().advance_days(1);
    gateway.stage.world.tick().unwrap();
    let turned = describe(&gateway, S3);
    assert_ne!(turned["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"]);
    assert_eq!((&turned["KeyManager"], &turned["Arn"]), (&json!("AWS"), &key["Arn"]));
    let year = f64::from(365 * 24 * 60 * 60);
    let next = |status: &Value| status["NextRotationDate"].as_f64().unwrap();
    assert!((next(&status(&turned)) - next(&first) - year).abs() < 1.0);
    let opened = gateway.call(&gateway.credentials, &[(FOR, ALICE)], "Decrypt", &blob).ok();
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
}

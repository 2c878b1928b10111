use std::sync::Arc;

use forward::{ActFor, CacheLimits, CachingKms, Context, DataKeyLength, GrantConstraint, KmsError, NewGrant};
use secret::Plaintext;
use serde_json::json;

use crate::world::{Came, Server, Step};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/k1";

fn plaintext(text: &str) -> Plaintext {
    Plaintext::new(text.as_bytes().to_vec())
}

fn context() -> Context {
    Context::from([("aws:ebs:id".to_owned(), "vol-1".to_owned())])
}

fn only(server: &Server) -> Came {
    let [came] = <[Came; 1]>::try_from(server.came()).unwrap();
    came
}

#[tokio::test]
async fn data_keys_are_generated_and_decrypted() {
    let server = Server::start().await;
    let kms = server.client();
    let itself = ActFor::Itself;

    let answer = r#"{"KeyId":"arn:aws:kms:eu-west-1:111122223333:key/k1","Plaintext":"cGxhaW4=","CiphertextBlob":"YmxvYg==",
        "KeyMaterialId":"m1","CiphertextForRecipient":"ignored"}"#;
    server.will([Step::Answer(200, answer)]);
    let made = kms.generate_data_key(&itself, "alias/k", DataKeyLength::Aes256, &context()).await.unwrap();
    assert_eq!(
        (made.key.as_str(), made.plaintext.reveal(), &made.blob[..]),
        (KEY, &b"plain"[..], &b"blob"[..])
    );
    assert_eq!(made.material.as_deref(), Some("m1"));
    let came = only(&server);
    assert_eq!((came.target.as_str(), came.service.as_str()), ("TrentService.GenerateDataKey", "kms"));
    assert_eq!(
        came.body,
        json!({"KeyId": "alias/k", "KeySpec": "AES_256", "EncryptionContext": {"aws:ebs:id": "vol-1"}})
    );

    let answer = r#"{"KeyId":"k","CiphertextBlob":"YmxvYg=="}"#;
    server.will([Step::Answer(200, answer)]);
    let length = DataKeyLength::Bytes(64);
    let made = kms.generate_data_key_without_plaintext(&itself, "k", length, &Context::new()).await.unwrap();
    assert_eq!((&made.blob[..], made.material), (&b"blob"[..], None));
    let came = only(&server);
    assert_eq!(came.target, "TrentService.GenerateDataKeyWithoutPlaintext");
    assert_eq!(came.body, json!({"KeyId": "k", "NumberOfBytes": 64}));

    let answer = r#"{"KeyId":"k","Plaintext":"cGxhaW4=","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#;
    server.will([Step::Answer(200, answer)]);
    let opened = kms.decrypt(&itself, Some("k"), b"blob", &context()).await.unwrap();
    assert_eq!(opened.plaintext.reveal(), b"plain");
    let came = only(&server);
    assert_eq!(came.target, "TrentService.Decrypt");
    let expected =
        json!({"CiphertextBlob": "YmxvYg==", "KeyId": "k", "EncryptionContext": {"aws:ebs:id": "vol-1"}});
    assert_eq!(came.body, expected);
}

#[tokio::test]
async fn secrets_are_encrypted_and_put_under_other_keys() {
    let server = Server::start().await;
    let kms = server.client();
    let itself = ActFor::Itself;

    server.will([Step::Answer(200, r#"{"KeyId":"k","CiphertextBlob":"YmxvYg=="}"#)]);
    let made = kms.encrypt(&itself, "k", &plaintext("plain"), &context()).await.unwrap();
    assert_eq!(made.blob, b"blob");
    let came = only(&server);
    assert_eq!(came.target, "TrentService.Encrypt");
    let expected =
        json!({"KeyId": "k", "Plaintext": "cGxhaW4=", "EncryptionContext": {"aws:ebs:id": "vol-1"}});
    assert_eq!(came.body, expected);

    let answer = r#"{"KeyId":"k2","SourceKeyId":"k","CiphertextBlob":"bmV3","SourceKeyMaterialId":"m1",
        "DestinationKeyMaterialId":"m2"}"#;
    server.will([Step::Answer(200, answer)]);
    let made = kms.re_encrypt(&itself, b"blob", &context(), "k2", &Context::new()).await.unwrap();
    assert_eq!((made.key.as_str(), made.source_key.as_str(), &made.blob[..]), ("k2", "k", &b"new"[..]));
    assert_eq!((made.source_material.as_deref(), made.material.as_deref()), (Some("m1"), Some("m2")));
    let came = only(&server);
    assert_eq!(came.target, "TrentService.ReEncrypt");
    assert_eq!(
        came.body,
        json!({"CiphertextBlob": "YmxvYg==", "SourceEncryptionContext": {"aws:ebs:id": "vol-1"},
            "DestinationKeyId": "k2"})
    );
}

#[tokio::test]
async fn keys_are_described_and_grants_made_and_ended() {
    let server = Server::start().await;
    let kms = server.client();
    let itself = ActFor::Itself;

    let answer = r#"{"KeyMetadata":{"Arn":"a","KeyId":"k","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT",
        "CreationDate":1.5,"CurrentKeyMaterialId":"m1"}}"#;
    server.will([Step::Answer(200, answer)]);
    let described = kms.describe_key(&itself, "alias/k").await.unwrap();
    assert_eq!((described.arn.as_str(), described.key_state.as_str()), ("a", "Enabled"));
    assert_eq!((described.material.as_deref(), described.key_manager), (Some("m1"), None));
    assert_eq!(only(&server).body, json!({"KeyId": "alias/k"}));

    server.will([Step::Answer(200, r#"{"GrantId":"g1","GrantToken":"t1"}"#)]);
    let grant = NewGrant {
        key: KEY.to_owned(),
        grantee: "arn:aws:iam::111122223333:user/host".to_owned(),
        retiring: None,
        operations: vec!["Decrypt".to_owned()],
        constraints: Some(GrantConstraint::Subset(context())),
        name: Some("attach-vol-1-host".to_owned()),
    };
    let made = kms.create_grant(&itself, &grant).await.unwrap();
    assert_eq!((made.id.as_str(), made.token.as_str()), ("g1", "t1"));
    assert_eq!(
        only(&server).body,
        json!({"KeyId": KEY, "GranteePrincipal": "arn:aws:iam::111122223333:user/host", "Operations": ["Decrypt"],
            "Constraints": {"EncryptionContextSubset": {"aws:ebs:id": "vol-1"}}, "Name": "attach-vol-1-host"})
    );

    // AWS answers these with nothing at all.
    server.will([Step::Answer(200, ""), Step::Answer(200, "")]);
    kms.retire_grant(&itself, KEY, "g1").await.unwrap();
    kms.revoke_grant(&itself, KEY, "g1").await.unwrap();
    let came = server.came();
    let targets: Vec<_> = came.iter().map(|came| came.target.as_str()).collect();
    assert_eq!(targets, ["TrentService.RetireGrant", "TrentService.RevokeGrant"]);
    assert!(came.iter().all(|came| came.body == json!({"KeyId": KEY, "GrantId": "g1"})));
}

#[tokio::test]
async fn for_whom_a_call_is_stands_in_a_signed_header() {
    let server = Server::start().await;
    let kms = server.client();
    let alice = "arn:aws:iam::111122223333:user/alice";
    let token = Arc::new(plaintext("t0k/en+="));
    let id = "ASIAEXAMPLEEXAMPLE09".to_owned();
    for (act_for, stated) in [
        (ActFor::Itself, None),
        (ActFor::Principal(alice.to_owned()), Some(alice)),
        (ActFor::Session { access_key_id: id, token }, Some("ASIAEXAMPLEEXAMPLE09:t0k/en+=")),
        (ActFor::SERVICE, Some("service")),
    ] {
        let body = plaintext(r#"{"AccessKeyId":"AKIA"}"#);
        let answer = kms.call(&act_for, "keywright", "Keywright_20261130.GetSigningKey", body).await.unwrap();
        assert_eq!(answer.reveal(), b"{}");
        let came = only(&server);
        assert_eq!(came.act_for.as_deref(), stated);
        assert_eq!(
            (came.service.as_str(), came.target.as_str()),
            ("keywright", "Keywright_20261130.GetSigningKey")
        );
        assert_eq!(came.body, json!({"AccessKeyId": "AKIA"}));
    }
    let nobody = kms.describe_key(&ActFor::Principal("service".to_owned()), "k").await;
    assert!(matches!(nobody, Err(KmsError::Request(_))));
    assert!(server.came().is_empty(), "nothing is sent for whom nobody can be");
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Server::start().await;
    let kms = server.client();
    for _ in 0..50 {
        kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    }
    assert_eq!((server.came().len(), server.connections()), (50, 1));
}

#[tokio::test]
async fn data_keys_are_used_again_within_their_limits_and_never_for_another_caller() {
    let server = Server::start().await;
    let limits =
        CacheLimits { entries: 10, age: std::time::Duration::from_secs(60), messages: 3, bytes: 1000 };
    let kms = CachingKms::new(server.client(), limits);
    let answer = r#"{"KeyId":"k","Plaintext":"cGxhaW4=","CiphertextBlob":"YmxvYg=="}"#;
    server.will(std::iter::repeat_with(|| Step::Answer(200, answer)).take(20));
    let alice = ActFor::Principal("arn:aws:iam::111122223333:user/alice".to_owned());
    let bob = ActFor::Principal("arn:aws:iam::111122223333:user/bob".to_owned());
    let mut calls = Vec::new();
    for act_for in [&alice, &alice, &alice, &alice, &bob] {
        kms.generate_data_key(act_for, "k", DataKeyLength::Aes256, &context(), 10).await.unwrap();
        calls.push(server.came().len());
    }
    assert_eq!(calls, [1, 0, 0, 1, 1]);
    kms.generate_data_key(&bob, "k", DataKeyLength::Aes256, &context(), 991).await.unwrap();
    assert_eq!(server.came().len(), 1, "it would be more than 1000 bytes");

    let mut calls = Vec::new();
    for act_for in [&alice, &alice, &bob, &bob] {
        kms.decrypt(act_for, None, b"blob", &context()).await.unwrap();
        calls.push(server.came().len());
    }
    assert_eq!(calls, [1, 0, 1, 0]);
    kms.cache().clear();
    kms.decrypt(&bob, None, b"blob", &context()).await.unwrap();
    assert_eq!(server.came().len(), 1);
}

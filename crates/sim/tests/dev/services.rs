//! Services of a development server, and the keys of AWS's services.

use dev::DevConfig;
use dispatch::{Policies, Reach, ServiceIdentity};
use http::HeaderValue;
use model::{AwsService, Timestamp};
use serde_json::{Value, json};
use sim::{Answer, Credentials, Scope, form, json as aws_json, sign};

use crate::server::{Server, anybody, config};

const GATEWAY: &str = "arn:aws:iam::000000000000:user/gateway";
const OTHERS: &str = "arn:aws:iam::111122223333:root";

/// A server with a gateway, and the gateway's access key.
fn served(policies: Policies) -> (Server, Credentials) {
    let s3 = AwsService::parse("s3").unwrap();
    let services = vec![ServiceIdentity::new(s3, GATEWAY, Some(Reach::Everywhere)).unwrap()];
    let server = Server::with(&DevConfig { policies, services, ..config() });
    let iam = |action: &str| {
        let scope = Scope { service: "iam", region: "us-east-1", at: Timestamp::from_millis(0) };
        server.send(sign(form("2010-05-08", action, "UserName=gateway"), &anybody("test"), &scope))
    };
    assert_eq!(iam("CreateUser").status, 200);
    let gateway = anybody(&iam("CreateAccessKey").xml("AccessKeyId").unwrap());
    // The account is there once it has called.
    server.call(&anybody("111122223333"), "ListKeys", &json!({})).ok();
    (server, gateway)
}

fn call_for(server: &Server, by: &Credentials, operation: &str, input: &Value) -> Answer {
    let mut request = aws_json("TrentService", operation, input.to_string());
    request.headers_mut().insert("x-keywright-act-for", HeaderValue::from_static(OTHERS));
    let scope = Scope { service: "kms", region: "us-east-1", at: Timestamp::from_millis(0) };
    server.send(sign(request, by, &scope))
}

#[test]
fn a_gateway_encrypts_for_others_with_the_key_of_its_service() {
    let (server, gateway) = served(Policies::Enforced);
    let input = json!({ "KeyId": "alias/aws/s3", "Plaintext": "QQ==" });
    let made = call_for(&server, &gateway, "Encrypt", &input).ok();
    assert!(made["KeyId"].as_str().unwrap().starts_with("arn:aws:kms:us-east-1:111122223333:key/"));
    assert_eq!(call_for(&server, &anybody("test"), "Encrypt", &input).fault(), "AccessDeniedException");
}

#[test]
fn the_keys_of_services_are_nobodys_to_manage_even_when_policies_are_ignored() {
    let (server, gateway) = served(Policies::Ignored);
    let key =
        server.kms("DescribeKey", json!({ "KeyId": "alias/aws/s3" })).ok()["KeyMetadata"]["Arn"].clone();
    for operation in ["DisableKey", "ScheduleKeyDeletion", "EnableKeyRotation", "RotateKeyOnDemand"] {
        let refused = server.kms(operation, json!({ "KeyId": key }));
        assert_eq!(refused.fault(), "AccessDeniedException", "{operation}");
    }
    server.kms("Encrypt", json!({ "KeyId": key, "Plaintext": "QQ==" })).ok();
    let refused = call_for(&server, &anybody("test"), "ListAliases", &json!({}));
    assert_eq!(refused.fault(), "AccessDeniedException", "whoever it is that signs is still no service");
    call_for(&server, &gateway, "ListAliases", &json!({})).ok();
}

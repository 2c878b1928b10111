//! A gateway, a user for whom it calls, and a key.

use audit::Record;
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use sim::{Answer, Credentials, Scope, World, sign};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const FOR: &str = "x-keywright-act-for";
pub(crate) const SOURCE_ARN: &str = "x-keywright-source-arn";
pub(crate) const SOURCE_ACCOUNT: &str = "x-keywright-source-account";
pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
pub(crate) const REGION: &str = "us-east-1";

/// A world in which `gateway` is S3 and alice is its user, and the key of the root user that they use.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) root: Credentials,
    pub(crate) gateway: Credentials,
    pub(crate) alice: Credentials,
    pub(crate) key: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let world = World::new();
        let root = world.root();
        let made = world.call(&root, "kms", "CreateKey", json!({})).ok();
        let key = made["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        let gateway = user(&world, &root, "gateway");
        let alice = user(&world, &root, "alice");
        Self { world, root, gateway, alice, key }
    }

    /// Lets a user do what a policy says.
    #[track_caller]
    pub(crate) fn put_policy(&self, user: &str, statements: Value) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let input = json!({ "UserName": user, "PolicyName": "p", "PolicyDocument": policy });
        self.iam(&self.root, "PutUserPolicy", input);
    }

    /// A call to IAM that is answered.
    #[track_caller]
    pub(crate) fn iam(&self, by: &Credentials, operation: &str, input: Value) -> Answer {
        iam(&self.world, by, operation, input)
    }

    /// Sets the policy of the key, with its account's statement before the others.
    #[track_caller]
    pub(crate) fn put_key_policy(&self, statements: &[Value]) {
        let own = json!({
            "Effect": "Allow", "Action": "kms:*", "Resource": "*",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
        });
        let statements: Vec<&Value> = std::iter::once(&own).chain(statements).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let input = json!({ "KeyId": self.key, "Policy": policy });
        self.world.call(&self.root, "kms", "PutKeyPolicy", input).ok();
    }

    /// A call to KMS with these headers among those that are signed.
    pub(crate) fn call(
        &self,
        by: &Credentials,
        headers: &[(&'static str, &str)],
        operation: &str,
        input: &Value,
    ) -> Answer {
        self.call_service("kms", by, headers, operation, input)
    }

    /// The same to any service.
    pub(crate) fn call_service(
        &self,
        service: &str,
        by: &Credentials,
        headers: &[(&'static str, &str)],
        operation: &str,
        input: &Value,
    ) -> Answer {
        let mut request = self.world.request(service, operation, input);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        self.world.send(sign(request, by, &Scope { service, region: REGION, at: self.world.now() }))
    }

    /// The record of a call.
    #[track_caller]
    pub(crate) fn record_of(&self, answer: &Answer) -> Record<'static> {
        let id = answer.headers["x-amzn-requestid"].to_str().unwrap().replace('-', "");
        let hex = |record: &Record<'_>| Some(format!("{:032x}", u128::from_be_bytes(record.request_id?)));
        let mut records = self.world.records().into_iter();
        records.find(|record| hex(record).as_deref() == Some(&*id)).expect("a record")
    }

    /// Encrypts with the key, through the gateway and for whom it is said.
    pub(crate) fn encrypt_for(&self, whom: &str) -> Answer {
        self.call(&self.gateway, &[(FOR, whom)], "Encrypt", &self.secret())
    }

    /// What is encrypted.
    pub(crate) fn secret(&self) -> Value {
        json!({ "KeyId": self.key, "Plaintext": "c2VjcmV0" })
    }
}

/// A new user with an access key.
#[track_caller]
pub(crate) fn user(world: &World, root: &Credentials, name: &str) -> Credentials {
    iam(world, root, "CreateUser", json!({ "UserName": name }));
    iam(world, root, "CreateAccessKey", json!({ "UserName": name })).credentials(&root.account)
}

#[track_caller]
fn iam(world: &World, by: &Credentials, operation: &str, input: Value) -> Answer {
    let answer = world.call(by, "iam", operation, input);
    assert_eq!(answer.code, None, "{operation}: {answer:?}");
    answer
}

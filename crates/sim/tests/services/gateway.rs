//! A gateway, a user for whom it calls, and a key.

use serde_json::{Value, json};
use sim::{Answer, Credentials, Stage};

pub(crate) const FOR: &str = "x-keywright-act-for";
pub(crate) const SOURCE_ARN: &str = "x-keywright-source-arn";
pub(crate) const SOURCE_ACCOUNT: &str = "x-keywright-source-account";
pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

/// The user `gateway`, which is S3, on a stage with its user alice and the key of the root user that they use.
pub(crate) struct Gateway {
    pub(crate) stage: Stage,
    pub(crate) credentials: Credentials,
    pub(crate) alice: Credentials,
    pub(crate) key: String,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        Self::on(Stage::new())
    }

    /// The same on this stage.
    pub(crate) fn on(stage: Stage) -> Self {
        let key = stage.key(json!({}));
        let credentials = stage.user("gateway");
        let alice = stage.user("alice");
        Self { stage, credentials, alice, key }
    }

    /// Lets a user do what these statements say.
    #[track_caller]
    pub(crate) fn put_policy(&self, user: &str, statements: Value) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        self.stage.put_user_policy(user, &policy);
    }

    /// Gives the key a policy that hands decisions on to its account, and has these statements besides.
    #[track_caller]
    pub(crate) fn put_key_policy(&self, statements: &[Value]) {
        self.stage.put_key_policy(&self.key, statements);
    }

    /// A call of anybody to KMS, with these headers among those that are signed.
    pub(crate) fn call(
        &self,
        by: &Credentials,
        headers: &[(&'static str, &str)],
        operation: &str,
        input: &Value,
    ) -> Answer {
        self.stage.call_with(headers, by, "kms", operation, input)
    }

    /// Encrypts with the key, through the gateway and for whom it is said.
    pub(crate) fn encrypt_for(&self, whom: &str) -> Answer {
        self.call(&self.credentials, &[(FOR, whom)], "Encrypt", &self.secret())
    }

    /// What is encrypted.
    pub(crate) fn secret(&self) -> Value {
        json!({ "KeyId": self.key, "Plaintext": "c2VjcmV0" })
    }
}

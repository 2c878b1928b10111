//! A world with an administrator, and the calls that tests make in it.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sim::{Answer, Credentials, World};

/// The first account.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A world, and the root user of its first account.
pub(crate) struct People {
    pub(crate) world: World,
    pub(crate) root: Credentials,
}

impl People {
    pub(crate) fn new() -> Self {
        let world = World::new();
        Self { root: world.root(), world }
    }

    /// A call of the root user to IAM, which succeeds.
    #[track_caller]
    pub(crate) fn iam(&self, operation: &str, input: Value) -> Answer {
        let answer = self.iam_as(&self.root, operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
        answer
    }

    /// A call of the root user to IAM, which is refused: code and text.
    #[track_caller]
    pub(crate) fn refusal(&self, operation: &str, input: Value) -> (String, String) {
        let answer = self.iam_as(&self.root, operation, input);
        let (code, message) = answer.refusal();
        (code.to_owned(), message.replace("&quot;", "\""))
    }

    /// A call of anybody to IAM.
    pub(crate) fn iam_as(&self, who: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(who, "iam", operation, input)
    }

    /// A call of anybody to KMS.
    pub(crate) fn kms_as(&self, who: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(who, "kms", operation, input)
    }

    /// A new user with an access key.
    #[track_caller]
    pub(crate) fn user(&self, name: &str) -> Credentials {
        self.iam("CreateUser", json!({ "UserName": name }));
        self.access_key(name)
    }

    /// A new access key of a user.
    #[track_caller]
    pub(crate) fn access_key(&self, name: &str) -> Credentials {
        self.iam("CreateAccessKey", json!({ "UserName": name })).credentials(ACCOUNT)
    }

    /// A new key of the account, by its ARN.
    #[track_caller]
    pub(crate) fn key(&self, input: Value) -> String {
        let made = self.kms_as(&self.root, "CreateKey", input).ok();
        made.pointer("/KeyMetadata/Arn").and_then(Value::as_str).unwrap().to_owned()
    }

    /// Lets a user do things, by an inline policy.
    #[track_caller]
    pub(crate) fn allow(&self, user: &str, actions: &[&str]) {
        let document = policy("Allow", actions, "*");
        let input = json!({ "UserName": user, "PolicyName": "inline", "PolicyDocument": document });
        self.iam("PutUserPolicy", input);
    }
}

/// A policy of one statement.
pub(crate) fn policy(effect: &str, actions: &[&str], resource: &str) -> String {
    let statement = json!({ "Effect": effect, "Action": actions, "Resource": resource });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A trust policy for a principal in the form of AWS.
pub(crate) fn trust(principal: &str) -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// A policy as an answer carries it, decoded.
#[track_caller]
pub(crate) fn decoded(answer: &Answer, element: &str) -> String {
    let text = answer.xml(element).unwrap();
    percent_decode_str(&text).decode_utf8().unwrap().into_owned()
}

/// The texts of all elements of a name.
pub(crate) fn all(answer: &Answer, element: &str) -> Vec<String> {
    let body = std::str::from_utf8(&answer.body).unwrap();
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let rest = body.split(&open).skip(1);
    rest.filter_map(|rest| rest.split_once(&close)).map(|(text, _)| text.to_owned()).collect()
}

//! A world with its first account's root user, and what tests do with both: keys, people, and the examples of the
//! operations made into calls.
//!
//! ```
//! use serde_json::json;
//! use sim::{Stage, stage::allow};
//!
//! let stage = Stage::new();
//! let key = stage.key(json!({ "Description": "a key" }));
//! let alice = stage.user("alice");
//! assert_eq!(stage.kms_as(&alice, "DescribeKey", json!({ "KeyId": key })).fault(), "AccessDeniedException");
//! stage.put_user_policy("alice", &allow(&["kms:DescribeKey"]));
//! assert_eq!(stage.kms_as(&alice, "DescribeKey", json!({ "KeyId": key })).code, None);
//! ```

mod documents;
mod examples;
mod identities;
mod keys;
mod people;

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
};

use audit::Record;
use dispatch::Regions;
use http::{HeaderName, HeaderValue};
use model::arn::Partition;
use serde_json::Value;

use crate::{Answer, Credentials, Settings, World};

pub use documents::{allow, trusting, trusting_if};
pub use keys::{id, region};

/// The first account.
pub const ACCOUNT: &str = "111122223333";
/// Where calls go that name no other Region.
pub const HOME: &str = "us-east-1";
/// Where replicas are.
pub const AWAY: &str = "eu-west-1";

/// A world whose first account has whatever a test asks for.
pub struct Stage {
    /// The world.
    pub world: World,
    /// The root user of its first account.
    pub root: Credentials,
    /// What placeholders of examples stand for, once made.
    made: RefCell<BTreeMap<String, String>>,
    /// The service that calls operations which are for services alone.
    service: OnceCell<Credentials>,
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Stage {
    /// A stage on a new world.
    #[must_use]
    pub fn new() -> Self {
        Self::on(World::new())
    }

    /// A stage on a new world of another partition.
    #[must_use]
    pub fn in_partition(partition: Partition) -> Self {
        Self::on(World::of(Settings { regions: Regions::any(partition), ..Settings::default() }))
    }

    /// A stage on this world.
    #[must_use]
    pub fn on(world: World) -> Self {
        Self { root: world.root(), world, made: RefCell::default(), service: OnceCell::new() }
    }

    /// A call of the root user to KMS, at home.
    pub fn kms(&self, operation: &str, input: Value) -> Answer {
        self.kms_as(&self.root, operation, input)
    }

    /// A call of the root user to KMS in a Region.
    pub fn kms_in(&self, region: &str, operation: &str, input: Value) -> Answer {
        self.world.call_in(region, &self.root, "kms", operation, input)
    }

    /// A call of anybody to KMS, at home.
    pub fn kms_as(&self, who: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(who, "kms", operation, input)
    }

    /// A call of the root user to IAM.
    ///
    /// # Panics
    /// If it is refused.
    #[track_caller]
    pub fn iam(&self, operation: &str, input: Value) -> Answer {
        let answer = self.iam_as(&self.root, operation, input);
        assert_eq!(answer.code, None, "{operation}: {answer:?}");
        answer
    }

    /// A call of the root user to IAM that is refused: code and text.
    ///
    /// # Panics
    /// If it is answered.
    #[track_caller]
    pub fn iam_refusal(&self, operation: &str, input: Value) -> (String, String) {
        let answer = self.iam_as(&self.root, operation, input);
        let (code, message) = answer.refusal();
        (code.to_owned(), message.replace("&quot;", "\""))
    }

    /// A call of anybody to IAM.
    pub fn iam_as(&self, who: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(who, "iam", operation, input)
    }

    /// A call of anybody to STS.
    pub fn sts_as(&self, who: &Credentials, operation: &str, input: Value) -> Answer {
        self.world.call(who, "sts", operation, input)
    }

    /// A call of anybody to a service, with these headers among those that are signed.
    ///
    /// # Panics
    /// If a value cannot stand in a header.
    pub fn call_with(
        &self,
        headers: &[(&'static str, &str)],
        who: &Credentials,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Answer {
        let mut request = self.world.request(service, operation, input);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).expect("the value of a header");
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        self.world.send(self.world.sign(request, who, service))
    }

    /// The record of a call.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    #[must_use]
    pub fn record_of(&self, answer: &Answer) -> Record<'static> {
        let id = answer.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
        let id = id.unwrap_or_else(|| panic!("no request id: {answer:?}")).replace('-', "");
        let hex = |record: &Record<'_>| Some(format!("{:032x}", u128::from_be_bytes(record.request_id?)));
        let mut records = self.world.records().into_iter();
        records.find(|record| hex(record).as_deref() == Some(&*id)).expect("a record")
    }
}

/// The text at this place of an answer.
///
/// # Panics
/// If there is none.
#[track_caller]
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{value} has no {pointer}")).to_owned()
}

//! The AWS SDK for Rust, driven by the black-box tests, so that they tell their stories once for all clients.
//!
//! Reads a call a line, `{"service": "kms", "operation": "Encrypt", "input": {"KeyId": "…", "Plaintext": "base64"}}`, and
//! answers in a line: `{"output": {…}}` with the members as the API's model names them, `{"refused": {"code": "…",
//! "message": "…"}}` when the server says no, or `{"failed": "…"}`. Settings come from the environment, as in any
//! program that uses the SDK.

#![expect(clippy::print_stdout, reason = "answers go to standard output")]

mod crypto;
mod input;
mod keys;
mod listings;
mod policies;

use std::{error::Error, io::stdin};

use aws_config::BehaviorVersion;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use serde_json::{Value, json};

use crate::input::Input;

/// What stands in the way of an output.
enum Stopped {
    /// The server says no.
    Refused { code: String, message: Option<String> },
    /// No answer was had, or there is no such call here.
    Failed(String),
}

type Output = Result<Value, Stopped>;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let config = runtime.block_on(aws_config::load_defaults(BehaviorVersion::latest()));
    let (kms, sts) = (aws_sdk_kms::Client::new(&config), aws_sdk_sts::Client::new(&config));
    for line in stdin().lines() {
        let call: Value = serde_json::from_str(&line?)?;
        let text = |member: &str| call.get(member).and_then(Value::as_str).unwrap_or_default();
        let input = Input(call.get("input").unwrap_or(&Value::Null));
        let answer = match (text("service"), text("operation")) {
            ("sts", "GetCallerIdentity") => runtime.block_on(identity(&sts)),
            ("kms", operation) => runtime.block_on(answer(&kms, operation, input)),
            (service, _) => Err(Stopped::Failed(format!("the service {service} is not built in"))),
        };
        println!("{}", shown(answer));
    }
    Ok(())
}

async fn answer(kms: &aws_sdk_kms::Client, operation: &str, input: Input<'_>) -> Output {
    if let Some(output) = keys::call(kms, operation, input).await {
        return output;
    }
    if let Some(output) = crypto::call(kms, operation, input).await {
        return output;
    }
    if let Some(output) = policies::call(kms, operation, input).await {
        return output;
    }
    if let Some(output) = listings::call(kms, operation, input).await {
        return output;
    }
    Err(Stopped::Failed(format!("the operation {operation} is not built in")))
}

async fn identity(sts: &aws_sdk_sts::Client) -> Output {
    let output = sts.get_caller_identity().send().await?;
    Ok(json!({ "UserId": output.user_id, "Account": output.account, "Arn": output.arn }))
}

fn shown(answer: Output) -> Value {
    match answer {
        Ok(output) => json!({ "output": present(output) }),
        Err(Stopped::Refused { code, message }) => json!({ "refused": { "code": code, "message": message } }),
        Err(Stopped::Failed(what)) => json!({ "failed": what }),
    }
}

/// Without the members that the SDK has as `None`: they were not in the answer.
fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let present = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(present.map(|(name, value)| (name, crate::present(value))).collect())
        }
        other => other,
    }
}

impl<E: ProvideErrorMetadata + Error + 'static, R: std::fmt::Debug> From<SdkError<E, R>> for Stopped {
    fn from(error: SdkError<E, R>) -> Self {
        match error.code() {
            Some(code) => {
                Self::Refused { code: code.to_owned(), message: error.message().map(str::to_owned) }
            }
            None => Self::Failed(DisplayErrorContext(&error).to_string()),
        }
    }
}

//! The driver itself: an answer for each line, and none that hides what went wrong.

use std::{
    error::Error,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

/// What the driver answers, without a server.
fn answers(lines: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    let environment = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let mut driver = Command::new(env!("CARGO_BIN_EXE_sdk-rust"))
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    driver.stdin.take().ok_or("no input")?.write_all(lines.as_bytes())?;
    let output = driver.wait_with_output()?;
    assert!(output.status.success());
    Ok(String::from_utf8(output.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[test]
fn what_is_not_built_in_fails() {
    let answers = answers(concat!(
        "{\"service\": \"kms\", \"operation\": \"Launch\", \"input\": {}}\n",
        "{\"service\": \"s3\", \"operation\": \"GetObject\", \"input\": {}}\n",
    ));
    assert_eq!(
        answers.unwrap(),
        [
            json!({ "failed": "the operation Launch is not built in" }),
            json!({ "failed": "the service s3 is not built in" }),
        ]
    );
}

#[test]
fn a_server_that_is_not_there_is_a_failure_and_no_refusal() {
    let call = "{\"service\": \"kms\", \"operation\": \"ListKeys\", \"input\": {}}\n";
    let answers = answers(call).unwrap();
    assert!(answers[0]["failed"].as_str().unwrap().contains("dispatch failure"), "{answers:?}");
}

use std::{fs, path::Path, sync::Arc, time::Duration};

use forward::{ActFor, Kms, KmsError, Settings};
use tokio::time::Instant;

use crate::world::{QUICK, SECRETS, Server, Step, TestMachine};

async fn signer(server: &Server, kms: &Kms) -> String {
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    server.came().pop().unwrap().access_key_id
}

fn write(file: &Path, (id, secret): (&str, &str)) {
    let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    fs::write(file, text).unwrap();
}

#[tokio::test]
async fn a_file_is_read_again_when_its_credentials_are_not_believed() {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("credentials");
    write(&file, SECRETS[0]);
    let machine = Arc::new(TestMachine::default());
    let kms = server
        .client_on(&[("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())], Arc::clone(&machine) as _);
    assert_eq!(signer(&server, &kms).await, SECRETS[0].0);
    write(&file, SECRETS[1]);
    machine.set(5);
    assert_eq!(signer(&server, &kms).await, SECRETS[0].0, "they serve for a minute");

    let unknown = r#"{"__type":"UnrecognizedClientException","message":"The security token is invalid."}"#;
    server.will([Step::Answer(400, unknown)]);
    assert_eq!(signer(&server, &kms).await, SECRETS[1].0);
    machine.set(10);
    server.will([Step::Answer(400, unknown)]);
    let error = kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"), "there are no others");
}

#[tokio::test]
async fn a_file_is_read_again_after_a_minute_and_old_credentials_serve_without_it() {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("credentials");
    write(&file, SECRETS[0]);
    let machine = Arc::new(TestMachine::default());
    let kms = server
        .client_on(&[("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap())], Arc::clone(&machine) as _);
    assert_eq!(signer(&server, &kms).await, SECRETS[0].0);
    fs::remove_file(&file).unwrap();
    machine.set(60);
    assert_eq!(signer(&server, &kms).await, SECRETS[0].0);
    write(&file, SECRETS[1]);
    machine.set(64);
    assert_eq!(signer(&server, &kms).await, SECRETS[0].0);
    machine.set(65);
    assert_eq!(signer(&server, &kms).await, SECRETS[1].0);
}

/// Those of the endpoint on the machine, whose time ends 1000 seconds after the test's beginning.
const HANDED_OUT: &str = r#"{"AccessKeyId":"ASIAEXAMPLEEXAMPLE03","SecretAccessKey":"third-s3cret","Token":"t0ken",
    "Expiration":"2027-01-15T08:16:40Z","RoleArn":"arn:aws:iam::111122223333:role/app"}"#;

#[tokio::test]
async fn an_endpoint_on_the_machine_is_asked_again_before_credentials_end() {
    let (server, on_machine) = (Server::start().await, Server::start().await);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "sh0w\n").unwrap();
    let machine = Arc::new(TestMachine::default());
    let uri = format!("{}/credentials", on_machine.url());
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
    ];
    let kms = server.client_on(&variables, Arc::clone(&machine) as _);

    on_machine.will([Step::Answer(200, HANDED_OUT)]);
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    let came = server.came().pop().unwrap();
    assert_eq!((came.access_key_id.as_str(), came.token.as_deref()), (SECRETS[2].0, Some("t0ken")));
    let asked = on_machine.came().pop().unwrap();
    assert_eq!((asked.target.as_str(), asked.authorization.as_deref()), ("/credentials", Some("sh0w")));

    machine.set(699);
    signer(&server, &kms).await;
    assert!(on_machine.came().is_empty());
    // Five minutes before the end it is asked, in vain.
    on_machine.will([Step::Answer(502, "{}"), Step::Answer(502, "{}")]);
    for at in [700, 704] {
        machine.set(at);
        assert_eq!(signer(&server, &kms).await, SECRETS[2].0);
    }
    assert_eq!(on_machine.came().len(), 1, "it is left alone for a while");
    machine.set(705);
    assert_eq!(signer(&server, &kms).await, SECRETS[2].0);
    machine.set(1000);
    on_machine.will([Step::Answer(403, "{}")]);
    let error = kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    assert!(matches!(error, KmsError::Credentials { may_pass: false, .. }), "{error}");
    assert!(server.came().is_empty(), "nothing is signed with credentials that have ended");
}

#[tokio::test]
async fn refused_calls_do_not_have_an_endpoint_asked_each_time() {
    let (server, on_machine) = (Server::start().await, Server::start().await);
    let uri = format!("{}/credentials", on_machine.url());
    let machine = Arc::new(TestMachine::default());
    let kms = server.client_on(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)], Arc::clone(&machine) as _);
    on_machine.will(std::iter::repeat_with(|| Step::Answer(200, HANDED_OUT)).take(10));
    // As for the access key of a stranger that is asked about.
    let unknown = r#"{"__type":"UnrecognizedClientException","message":"no"}"#;
    server.will(std::iter::repeat_with(|| Step::Answer(400, unknown)).take(30));
    for at in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] {
        machine.set(at);
        kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    }
    assert_eq!((server.came().len(), on_machine.came().len()), (10, 2));
}

#[tokio::test]
async fn an_endpoint_on_the_machine_that_is_slow_is_part_of_a_tries_time() {
    let (server, on_machine) = (Server::start().await, Server::start().await);
    let uri = format!("{}/credentials", on_machine.url());
    let kms = server.client_of(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &uri)]);
    on_machine.will(std::iter::repeat_with(|| Step::Slow(Duration::from_secs(5))).take(20));
    let begun = Instant::now();
    let error = kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    assert!(matches!(error, KmsError::TimedOut(_)), "{error}");
    assert!(begun.elapsed() < QUICK.total * 3, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_endpoint_on_the_machine_is_waited_for() {
    let (server, on_machine) = (Server::start().await, Server::start().await);
    let uri = format!("{}/credentials", on_machine.url());
    let kms = server.client_of(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str())]);
    let lasting = r#"{"AccessKeyId":"AKIAEXAMPLEEXAMPLE02","SecretAccessKey":"second-s3cret"}"#;
    on_machine.will([Step::Drop, Step::Answer(503, ""), Step::Answer(200, lasting)]);
    assert_eq!(signer(&server, &kms).await, SECRETS[1].0);
}

#[tokio::test]
async fn without_credentials_it_is_said_where_they_were_looked_for() {
    let server = Server::start().await;
    let kms = server.client_of(&[("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")]);
    let error = kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    assert!(!error.may_pass());
    let said = error.to_string();
    for place in ["AWS_ACCESS_KEY_ID", "/nowhere", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        assert!(said.contains(place), "{said}");
    }
}

#[test]
fn secrets_are_in_no_debug_text() {
    let variables = |name: &str| match name {
        "AWS_REGION" => Some("eu-west-1".into()),
        "AWS_ACCESS_KEY_ID" => Some("AKIA".into()),
        "AWS_SECRET_ACCESS_KEY" => Some("s3cret".into()),
        "AWS_SESSION_TOKEN" => Some("t0ken".into()),
        _ => None,
    };
    let settings = format!("{:?}", Settings::read(&variables).unwrap());
    assert!(settings.contains("eu-west-1") && !settings.contains("s3cret") && !settings.contains("t0ken"));
}

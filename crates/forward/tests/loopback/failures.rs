use std::time::Duration;

use forward::{ActFor, KmsError};
use tokio::time::Instant;

use crate::world::{QUICK, Server, Step};

const UNAVAILABLE: Step = Step::Answer(503, r#"{"__type":"DependencyTimeoutException","message":"later"}"#);

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = Server::start().await;
    let kms = server.client();
    server.will([
        Step::Answer(500, r#"{"__type":"KMSInternalException","message":"broken"}"#),
        Step::Answer(429, "slow down"),
        Step::Answer(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
        Step::Answer(502, "<html>a proxy</html>"),
        UNAVAILABLE,
        Step::Drop,
    ]);
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    // The one whose connection was dropped had rested before, and was sent once more at once.
    assert_eq!(server.came().len(), 7);
}

#[tokio::test]
async fn denials_and_mistakes_are_not_tried_again() {
    let server = Server::start().await;
    let kms = server.client();
    for (answer, code, message) in [
        (
            r#"{"__type":"AccessDeniedException","Message":"User: a is not authorized"}"#,
            "AccessDeniedException",
            "User: a is not authorized",
        ),
        (r#"{"__type":"ValidationException","message":"no"}"#, "ValidationException", "no"),
        (
            r#"{"__type":"DisabledException","message":"k is disabled."}"#,
            "DisabledException",
            "k is disabled.",
        ),
        (r#"{"__type":"InvalidCiphertextException"}"#, "InvalidCiphertextException", ""),
    ] {
        server.will([Step::Answer(400, answer)]);
        let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
        let (code, message) = (code.to_owned(), message.to_owned());
        let expected = KmsError::Fault { code, message, status: 400, request_id: None };
        assert_eq!(error, expected);
        assert_eq!(server.came().len(), 1);
    }
    server.will([Step::Answer(404, "not here"), Step::Answer(200, r#"{"KeyMetadata":{"Arn":1}}"#)]);
    for status in [404, 200] {
        let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
        assert!(matches!(error, KmsError::Answer { status: told, .. } if told == status), "{error}");
        assert_eq!(server.came().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_try() {
    let server = Server::start().await;
    let kms = server.client();
    server.will([Step::AnswerAndClose(""), Step::Answer(200, ""), Step::Drop]);
    for _ in 0..3 {
        kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    }
    // Twice a new connection: the third request is dropped on the second one.
    assert_eq!((server.came().len(), server.connections()), (4, 3));
}

#[tokio::test]
async fn a_server_that_is_slow_is_given_up_in_time() {
    let server = Server::start().await;
    let kms = server.client();
    server.will(std::iter::repeat_with(|| Step::Slow(Duration::from_secs(5))).take(20));
    let begun = Instant::now();
    let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
    let took = begun.elapsed();
    assert!(matches!(error, KmsError::TimedOut(_)), "{error}");
    assert!(error.may_pass());
    assert!(took > QUICK.total / 2 && took < QUICK.total * 3, "{took:?}");
    assert!((2..=5).contains(&server.came().len()));

    let server = Server::start().await;
    let kms = server.client();
    server.will([Step::Slow(Duration::from_secs(5))]);
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    assert_eq!(server.came().len(), 2, "the next try is answered");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_given_up_in_time() {
    let server = Server::start().await;
    let kms = server.client();
    let url = server.url();
    drop(server);
    // The listener's task ends with the server.
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
    assert!(matches!(&error, KmsError::Unreachable(why) if why.contains(&url)), "{error}");
    assert!(begun.elapsed() < QUICK.total * 3);
}

#[tokio::test]
async fn a_server_that_stays_broken_is_given_up_with_what_it_said() {
    let server = Server::start().await;
    let kms = server.client();
    server.will(std::iter::repeat_with(|| UNAVAILABLE).take(1000));
    let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
    assert_eq!(error.code(), Some("DependencyTimeoutException"));
    assert!((5..200).contains(&server.came().len()), "pauses lie between the tries");
}

#[tokio::test]
async fn a_place_without_tls_is_not_taken_for_one_with_it() {
    let server = Server::start().await;
    let endpoint = format!("https://{}", server.address);
    let kms = server.client_of(&[
        ("AWS_ENDPOINT_URL_KMS", &endpoint),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE01"),
        ("AWS_SECRET_ACCESS_KEY", "first-s3cret"),
    ]);
    let error = kms.describe_key(&ActFor::Itself, "k").await.unwrap_err();
    assert!(matches!(error, KmsError::Tls(_)), "{error}");
}

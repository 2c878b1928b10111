use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use forward::{ActFor, CallObserver, Kms, KmsError, Sts};

use crate::world::{QUICK, SECRETS, Server, Step, TestMachine};

/// A session whose time ends an hour after the test's beginning.
const SESSION: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLEEXAMPLE03</AccessKeyId>\
    <SecretAccessKey>third-s3cret</SecretAccessKey><SessionToken>t0k/en+=</SessionToken><Expiration>2027-01-15T09:00:00Z\
    </Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
/// The next one.
const NEXT: &str = "<AssumeRoleResponse><AccessKeyId>AKIAEXAMPLEEXAMPLE02</AccessKeyId><SecretAccessKey>second-s3cret\
    </SecretAccessKey><SessionToken>next</SessionToken><Expiration>2027-01-15T10:00:00Z</Expiration></AssumeRoleResponse>";
const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: a is not authorized to \
    perform: sts:AssumeRole on resource: &quot;r&quot;</Message></Error><RequestId>id-1</RequestId></ErrorResponse>";
const ALICE: &str = "arn:aws:iam::111122223333:role/alice";

/// KMS, the security token service, a clock, and a role.
struct Stage {
    kms_server: Server,
    sts_server: Server,
    machine: Arc<TestMachine>,
    kms: Kms,
    alice: ActFor,
}

impl Stage {
    async fn new() -> Self {
        let (kms_server, sts_server) = (Server::start().await, Server::start().await);
        let machine = Arc::new(TestMachine::default());
        let url = sts_server.url();
        let settings = || {
            kms_server.settings(&[
                ("AWS_ACCESS_KEY_ID", SECRETS[0].0),
                ("AWS_SECRET_ACCESS_KEY", SECRETS[0].1),
                ("AWS_ENDPOINT_URL_STS", &url),
            ])
        };
        let sts = Arc::new(Sts::new(&settings(), Arc::clone(&machine) as _).unwrap());
        let alice = ActFor::Role(Arc::new(sts.role(ALICE.to_owned(), "alice".to_owned())));
        let kms = Kms::new(settings(), QUICK, Arc::clone(&machine) as _).unwrap();
        Self { kms_server, sts_server, machine, kms, alice }
    }

    /// Calls KMS for alice: which access key signed, and its token.
    async fn signer(&self) -> Result<(String, Option<String>), KmsError> {
        self.kms.retire_grant(&self.alice, "k", "g").await?;
        let came = self.kms_server.came().pop().unwrap();
        assert_eq!(came.act_for, None, "no other KMS knows the header");
        Ok((came.access_key_id, came.token))
    }
}

#[tokio::test]
async fn a_role_signs_and_its_session_is_asked_for_once_and_again_before_its_end() {
    let stage = Stage::new().await;
    stage.sts_server.will([Step::Answer(200, SESSION)]);
    let first = (SECRETS[2].0.to_owned(), Some("t0k/en+=".to_owned()));
    for at in [0, 1, 3299] {
        stage.machine.set(at);
        assert_eq!(stage.signer().await.unwrap(), first);
    }
    let [asked] = <[_; 1]>::try_from(stage.sts_server.came()).unwrap();
    assert_eq!((asked.access_key_id.as_str(), asked.service.as_str()), (SECRETS[0].0, "sts"));
    assert_eq!(
        asked.body,
        "Action=AssumeRole&Version=2011%2D06%2D15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Falice\
         &RoleSessionName=alice&DurationSeconds=3600"
    );
    // Five minutes before the end there is none, and the first serves on.
    stage.sts_server.will([Step::Answer(503, "")]);
    stage.machine.set(3300);
    assert_eq!(stage.signer().await.unwrap(), first);
    stage.sts_server.will([Step::Answer(200, NEXT)]);
    stage.machine.set(3305);
    assert_eq!(stage.signer().await.unwrap(), (SECRETS[1].0.to_owned(), Some("next".to_owned())));
    assert_eq!(stage.sts_server.came().len(), 2);
    // Nothing is signed with a session that has ended.
    stage.sts_server.will([Step::Answer(403, DENIED)]);
    stage.machine.set(7200);
    assert_eq!(stage.signer().await.unwrap_err().code(), Some("AccessDenied"));
    assert!(stage.kms_server.came().is_empty());
}

#[tokio::test]
async fn many_calls_at_once_ask_for_one_session() {
    let stage = Stage::new().await;
    stage.sts_server.will([Step::Answer(200, SESSION)]);
    let calls = [(); 4].map(|()| stage.kms.retire_grant(&stage.alice, "k", "g"));
    let [a, b, c, d] = calls;
    let (a, b, c, d) = tokio::join!(a, b, c, d);
    assert!([a, b, c, d].iter().all(Result::is_ok));
    assert_eq!(stage.sts_server.came().len(), 1);
}

#[tokio::test]
async fn a_denial_is_one_and_is_believed_for_a_moment() {
    let stage = Stage::new().await;
    stage.sts_server.will([Step::Answer(403, DENIED), Step::Answer(200, SESSION)]);
    for at in [0, 1, 4] {
        stage.machine.set(at);
        let denied = stage.signer().await.unwrap_err();
        assert_eq!(denied.code(), Some("AccessDenied"));
        assert!(denied.to_string().ends_with("sts:AssumeRole on resource: \"r\""), "{denied}");
    }
    assert_eq!(stage.sts_server.came().len(), 1);
    stage.machine.set(5);
    stage.signer().await.unwrap();
}

#[tokio::test]
async fn what_else_stands_in_the_way_of_a_session_is_no_fault_of_kms() {
    let stage = Stage::new().await;
    let unknown = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>no</Message></Error></ErrorResponse>";
    for (at, step, tries) in [
        (0, Step::Answer(403, unknown), 1),
        (10, Step::Answer(200, "<html>a proxy</html>"), 1),
        // What may pass is tried again, and then there is an answer without a session.
        (20, Step::Answer(502, "<html>a proxy</html>"), 2),
    ] {
        stage.machine.set(at);
        stage.sts_server.will([step]);
        let called = stage.signer().await;
        assert!(matches!(called, Err(KmsError::Credentials { may_pass: false, .. })), "{called:?}");
        assert_eq!(stage.sts_server.came().len(), tries);
    }
    assert!(stage.kms_server.came().is_empty());
}

#[tokio::test]
async fn a_session_that_is_not_believed_any_more_is_asked_for_again() {
    let stage = Stage::new().await;
    stage.sts_server.will([Step::Answer(200, SESSION), Step::Answer(200, NEXT)]);
    stage.signer().await.unwrap();
    stage.machine.set(10);
    stage.kms_server.will([Step::Answer(400, r#"{"__type":"ExpiredTokenException","message":"over"}"#)]);
    assert_eq!(stage.signer().await.unwrap().1.as_deref(), Some("next"));
}

#[test]
fn a_role_shows_who_and_never_its_session() {
    let server = tokio::runtime::Runtime::new().unwrap().block_on(Server::start());
    let sts = Arc::new(Sts::new(&server.settings(&[]), Arc::new(TestMachine::default())).unwrap());
    let role = ActFor::Role(Arc::new(sts.role(ALICE.to_owned(), "alice".to_owned())));
    assert_eq!(format!("{role:?}"), format!("Role({ALICE:?}, \"alice\")"));
}

/// Writes down what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<(String, Option<String>)>>);

impl CallObserver for Told {
    fn ended(&self, target: &str, outcome: Result<(), &KmsError>, _: Duration) {
        let code = outcome.err().map(|error| error.code().unwrap_or("-").to_owned());
        self.0.lock().unwrap().push((target.to_owned(), code));
    }
}

#[tokio::test]
async fn an_observer_is_told_of_every_call_once() {
    let server = Server::start().await;
    let told = Arc::new(Told::default());
    let kms = server.client().observed(Arc::clone(&told) as _);
    server.will([
        Step::Answer(503, ""),
        Step::Answer(200, "{}"),
        Step::Answer(400, r#"{"__type":"DisabledException"}"#),
    ]);
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap();
    kms.retire_grant(&ActFor::Itself, "k", "g").await.unwrap_err();
    let target = "TrentService.RetireGrant".to_owned();
    let expected = [(target.clone(), None), (target, Some("DisabledException".to_owned()))];
    assert_eq!(*told.0.lock().unwrap(), expected);
    assert!(kms.reach(Duration::from_secs(5)).await.is_ok());
    assert_eq!(server.came().len(), 3, "a connection is no call");
}

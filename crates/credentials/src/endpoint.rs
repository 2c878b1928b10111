//! The endpoint that AWS's clients ask for credentials in a container.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use bytes::Bytes;
use dispatch::{BodyFault, Clock, ConnectionInfo};
use edge::Answer;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use secret::Plaintext;
use serde_json::json;
use tokio::sync::Mutex;

use crate::session::Session;

/// Where the credentials are.
pub(crate) const PATH: &str = "/credentials";

/// After an attempt that failed, what there is serves for so long.
const PAUSE: Duration = Duration::from_secs(5);

/// Something that gives a session whenever it is asked.
pub(crate) trait Assume: Send + Sync + 'static {
    /// A new session, or why there is none, for the operator.
    fn assume(&self) -> impl Future<Output = Result<Session, String>> + Send;
}

/// Answers with a role's credentials.
pub(crate) struct Endpoint<R> {
    role: R,
    token: Plaintext,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

/// The session that is handed out, and when it was last tried in vain to get another.
struct Held {
    session: Arc<Session>,
    failed: Option<Duration>,
}

impl<R: Assume> Endpoint<R> {
    pub(crate) fn new(role: R, first: Session, token: Plaintext, clock: Arc<dyn Clock>) -> Self {
        Self { role, token, clock, held: Mutex::new(Held { session: Arc::new(first), failed: None }) }
    }

    /// A session of which at least half is left; if there is no new one, the old one as long as it lasts.
    async fn session(&self) -> Result<Arc<Session>, String> {
        let mut held = self.held.lock().await;
        let (now, elapsed) = (self.clock.now().as_millis(), self.clock.elapsed());
        let (assumed, expires) = (held.session.assumed.as_millis(), held.session.expires.as_millis());
        let rested = held.failed.is_none_or(|failed| elapsed.saturating_sub(failed) >= PAUSE);
        if expires.saturating_sub(now) > expires.saturating_sub(assumed) / 2 {
            return Ok(Arc::clone(&held.session));
        }
        let failure = if rested {
            match self.role.assume().await {
                Ok(session) => {
                    *held = Held { session: Arc::new(session), failed: None };
                    return Ok(Arc::clone(&held.session));
                }
                Err(error) => {
                    tracing::warn!(error, "the role is not assumed again");
                    held.failed = Some(self.clock.elapsed());
                    error
                }
            }
        } else {
            "the role could not be assumed a moment ago".to_owned()
        };
        if now < expires { Ok(Arc::clone(&held.session)) } else { Err(failure) }
    }

    /// Whether a request has the token.
    fn check(&self, head: &Parts) -> Result<(), StatusCode> {
        let mut sent = head.headers.get_all(AUTHORIZATION).iter();
        match (sent.next(), sent.next()) {
            (None, _) => Err(StatusCode::UNAUTHORIZED),
            (Some(sent), None) => verify_slices_are_equal(sent.as_bytes(), self.token.reveal())
                .map_err(|_| StatusCode::FORBIDDEN),
            (Some(_), Some(_)) => Err(StatusCode::FORBIDDEN),
        }
    }
}

impl<R: Assume> Answer for Endpoint<R> {
    async fn answer(&self, head: Parts, _: Result<Bytes, BodyFault>, _: &ConnectionInfo) -> Response<Bytes> {
        if head.uri.path() != PATH {
            return refusal(StatusCode::NOT_FOUND, "there is nothing here");
        }
        if head.method != Method::GET {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "credentials are got");
        }
        if let Err(status) = self.check(&head) {
            return refusal(status, "the token is missing or wrong");
        }
        match self.session().await {
            Ok(session) => reply(StatusCode::OK, Bytes::from_owner(Body(session.for_container()))),
            Err(error) => refusal(StatusCode::BAD_GATEWAY, &error),
        }
    }
}

/// A body that is wiped when it has been written.
struct Body(Plaintext);

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self.0.reveal()
    }
}

fn refusal(status: StatusCode, message: &str) -> Response<Bytes> {
    let code = status.canonical_reason().unwrap_or_default();
    reply(status, json!({ "code": code, "message": message }).to_string().into())
}

fn reply(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex as StdMutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    };

    use http::Request;
    use model::Timestamp;

    use super::*;

    /// Seconds since the epoch.
    #[derive(Default)]
    struct TestClock(AtomicI64);

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed) * 1000)
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed).unsigned_abs())
        }
    }

    /// Sessions of 1,000 seconds, numbered; none while it is down.
    struct Numbered {
        clock: Arc<TestClock>,
        asked: Arc<AtomicUsize>,
        down: Arc<StdMutex<bool>>,
    }

    impl Assume for Numbered {
        async fn assume(&self) -> Result<Session, String> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            if *self.down.lock().unwrap() {
                Err("it is down".to_owned())
            } else {
                Ok(session(number, &self.clock))
            }
        }
    }

    fn session(number: usize, clock: &TestClock) -> Session {
        let assumed = clock.now();
        let expires = Timestamp::from_millis(assumed.as_millis() + 1_000_000);
        Session {
            role_arn: "arn:aws:iam::111122223333:role/app".to_owned(),
            access_key_id: format!("ASIA{number}"),
            secret: Plaintext::new(b"s/+=".to_vec()),
            token: Plaintext::new(b"t/+=".to_vec()),
            expiration: expires.to_iso8601(),
            assumed,
            expires,
        }
    }

    struct Stage {
        endpoint: Endpoint<Numbered>,
        clock: Arc<TestClock>,
        asked: Arc<AtomicUsize>,
        down: Arc<StdMutex<bool>>,
    }

    impl Stage {
        fn new() -> Self {
            let (clock, asked, down) = (Arc::new(TestClock::default()), Arc::default(), Arc::default());
            let role =
                Numbered { clock: Arc::clone(&clock), asked: Arc::clone(&asked), down: Arc::clone(&down) };
            let first = session(1000, &clock);
            let token = Plaintext::new(b"right".to_vec());
            let endpoint = Endpoint::new(role, first, token, Arc::clone(&clock) as _);
            Self { endpoint, clock, asked, down }
        }

        async fn ask(&self, at: i64) -> (u16, serde_json::Value) {
            self.clock.0.store(at, Ordering::Relaxed);
            self.send(Request::get(PATH).header(AUTHORIZATION, "right")).await
        }

        async fn send(&self, request: http::request::Builder) -> (u16, serde_json::Value) {
            let (head, ()) = request.body(()).unwrap().into_parts();
            let connection = ConnectionInfo::new(([127, 0, 0, 1], 1).into(), None);
            let answer = self.endpoint.answer(head, Ok(Bytes::new()), &connection).await;
            (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
        }
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_session_is_exchanged_at_half_of_its_time() {
        let stage = Stage::new();
        let (status, shown) = stage.ask(499).await;
        assert_eq!((status, &shown["AccessKeyId"]), (200, &json!("ASIA1000")));
        assert_eq!(
            shown,
            json!({
                "AccessKeyId": "ASIA1000", "SecretAccessKey": "s/+=", "Token": "t/+=",
                "Expiration": "1970-01-01T00:16:40Z", "RoleArn": "arn:aws:iam::111122223333:role/app",
            })
        );
        assert_eq!(stage.ask(500).await.1["AccessKeyId"], "ASIA0");
        assert_eq!(stage.ask(999).await.1["AccessKeyId"], "ASIA0");
        assert_eq!(stage.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_there_is_serves_until_it_ends_when_there_is_no_other() {
        let stage = Stage::new();
        *stage.down.lock().unwrap() = true;
        for at in [500, 501, 504] {
            assert_eq!(stage.ask(at).await.1["AccessKeyId"], "ASIA1000");
        }
        assert_eq!(stage.asked.load(Ordering::Relaxed), 1, "it is left alone for a while");
        assert_eq!(stage.ask(999).await.0, 200);
        let (status, shown) = stage.ask(1_000).await;
        assert_eq!((status, shown.get("SecretAccessKey")), (502, None));
        *stage.down.lock().unwrap() = false;
        assert_eq!(stage.ask(1_005).await.0, 200);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn only_who_has_the_token_is_answered() {
        let stage = Stage::new();
        let get = || Request::get(PATH);
        for (request, status) in [
            (get(), 401),
            (get().header(AUTHORIZATION, ""), 403),
            (get().header(AUTHORIZATION, "wrong"), 403),
            (get().header(AUTHORIZATION, "right and more"), 403),
            (get().header(AUTHORIZATION, "right").header(AUTHORIZATION, "right"), 403),
            (Request::post(PATH).header(AUTHORIZATION, "right"), 405),
            (Request::get("/").header(AUTHORIZATION, "right"), 404),
        ] {
            let shown = format!("{request:?}");
            let answer = stage.send(request).await;
            assert_eq!((answer.0, answer.1.get("SecretAccessKey")), (status, None), "{shown}");
        }
    }
}

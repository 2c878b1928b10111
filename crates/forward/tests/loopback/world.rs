//! A server that speaks as KMS does, and what a client of it is made of.

use std::{
    collections::{BTreeMap, VecDeque},
    ffi::OsString,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use forward::{Kms, Machine, Patience, Settings, ThisMachine};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sigv4::{Claim, Head, SigningKey};
use tokio::{net::TcpListener, task::JoinSet};

pub(crate) const SECRETS: [(&str, &str); 3] = [
    ("AKIAEXAMPLEEXAMPLE01", "first-s3cret"),
    ("AKIAEXAMPLEEXAMPLE02", "second-s3cret"),
    ("ASIAEXAMPLEEXAMPLE03", "third-s3cret"),
];

/// What the server does with the next request.
pub(crate) enum Step {
    Answer(u16, &'static str),
    AnswerAndClose(&'static str),
    Drop,
    Slow(Duration),
}

/// A request that came, its signature verified.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) access_key_id: String,
    pub(crate) service: String,
    pub(crate) token: Option<String>,
    pub(crate) target: String,
    pub(crate) act_for: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Shared {
    steps: Mutex<VecDeque<Step>>,
    came: Mutex<Vec<Came>>,
    connections: AtomicUsize,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::<Shared>::default());
        let mut tasks = JoinSet::new();
        let its = Arc::clone(&shared);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                its.connections.fetch_add(1, Ordering::Relaxed);
                let shared = Arc::clone(&its);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(async move { drop(connection.await) });
            }
        });
        Self { address, shared, _tasks: tasks }
    }

    /// Does this with the next requests, in this order, and answers all later ones with `{}`.
    pub(crate) fn will(&self, steps: impl IntoIterator<Item = Step>) {
        self.shared.steps.lock().unwrap().extend(steps);
    }

    /// What came since it was last asked.
    pub(crate) fn came(&self) -> Vec<Came> {
        std::mem::take(&mut self.shared.came.lock().unwrap())
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client with the first access key, of little patience.
    pub(crate) fn client(&self) -> Kms {
        self.client_of(&[("AWS_ACCESS_KEY_ID", SECRETS[0].0), ("AWS_SECRET_ACCESS_KEY", SECRETS[0].1)])
    }

    /// A client with these variables, besides those that name the server.
    pub(crate) fn client_of(&self, variables: &[(&str, &str)]) -> Kms {
        self.client_on(variables, Arc::new(ThisMachine::start()))
    }

    pub(crate) fn client_on(&self, variables: &[(&str, &str)], machine: Arc<dyn Machine>) -> Kms {
        Kms::new(self.settings(variables), QUICK, machine).unwrap()
    }

    pub(crate) fn settings(&self, variables: &[(&str, &str)]) -> Settings {
        let url = self.url();
        let own = [("AWS_ENDPOINT_URL_KMS", url.as_str()), ("AWS_REGION", "eu-west-1")];
        let variables: BTreeMap<_, _> = own.iter().chain(variables).copied().collect();
        Settings::read(&|name| variables.get(name).map(OsString::from)).unwrap()
    }
}

pub(crate) const QUICK: Patience = Patience {
    attempt: Duration::from_millis(300),
    total: Duration::from_secs(1),
    first_pause: Duration::from_millis(2),
    pause_max: Duration::from_millis(20),
};

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<bytes::Bytes>>, String> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let came = verified(&head, &body);
    shared.came.lock().unwrap().push(came);
    let step = shared.steps.lock().unwrap().pop_front();
    let reply =
        |status: u16, body: &'static str| Response::builder().status(status).body(body.into()).unwrap();
    match step {
        None => Ok(reply(200, "{}")),
        Some(Step::Answer(status, body)) => Ok(reply(status, body)),
        Some(Step::AnswerAndClose(body)) => {
            let mut reply = reply(200, body);
            // hyper closes the connection and does not say so before.
            reply.headers_mut().insert("connection", "close".parse().unwrap());
            Ok(reply)
        }
        Some(Step::Drop) => Err("dropped".to_owned()),
        Some(Step::Slow(time)) => {
            tokio::time::sleep(time).await;
            Ok(reply(200, "{}"))
        }
    }
}

/// What a request says; a panic, and so no answer, if it is not signed as it has to be.
fn verified(head: &http::request::Parts, body: &[u8]) -> Came {
    let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    if head.method == "GET" {
        // Who asks for credentials has none to sign with.
        return Came {
            access_key_id: String::new(),
            service: String::new(),
            token: None,
            target: head.uri.to_string(),
            act_for: None,
            authorization: header("authorization"),
            body: Value::Null,
        };
    }
    let claim = Claim::parse(Head { method: &head.method, uri: &head.uri, headers: &head.headers }).unwrap();
    let (_, secret) = SECRETS.iter().find(|(id, _)| *id == claim.access_key_id()).unwrap();
    let key = SigningKey::derive(secret.as_bytes(), claim.scope());
    claim.verify(&key, body, claim.signed_at().seconds()).unwrap();
    for name in head.headers.keys().filter(|name| *name != "authorization" && *name != "content-length") {
        assert!(claim.covers(name.as_str()), "{name} is not signed");
    }
    assert_eq!(claim.scope().region, "eu-west-1");
    let form = claim.scope().service == "sts";
    let kind =
        if form { "application/x-www-form-urlencoded; charset=utf-8" } else { "application/x-amz-json-1.1" };
    assert_eq!(header("content-type").as_deref(), Some(kind));
    Came {
        access_key_id: claim.access_key_id().to_owned(),
        service: claim.scope().service.to_owned(),
        token: claim.security_token().map(str::to_owned),
        target: header("x-amz-target").filter(|_| !form).unwrap_or_else(|| head.uri.to_string()),
        act_for: header("x-keywright-act-for"),
        authorization: None,
        body: if form {
            std::str::from_utf8(body).unwrap().into()
        } else {
            serde_json::from_slice(body).unwrap()
        },
    }
}

/// A machine whose clocks a test moves.
#[derive(Default)]
pub(crate) struct TestMachine(AtomicI64);

/// When the clocks of a test begin, in seconds since 1970.
const BEGIN_SECONDS: i64 = 1_800_000_000;

impl TestMachine {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Machine for TestMachine {
    fn now_seconds(&self) -> i64 {
        BEGIN_SECONDS + self.0.load(Ordering::Relaxed)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed).unsigned_abs())
    }

    fn random(&self) -> u32 {
        0
    }
}

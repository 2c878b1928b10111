//! A gateway in this process: its clock stands still until it is moved, its randomness is counted, its KMS fails on demand.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    ffi::OsString,
    net::IpAddr,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use envelope::{Randomness, RandomnessFailed};
use forward::{ActFor, Kms, Machine, Patience, Settings};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::{client::conn::http1 as client, server::conn::http1 as server, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use policy::Principal;
use s3::{
    Entrance, GatewayMetrics, GatewaySetup, NoRequester, Peer, Requester, RequesterPowers, Requesters,
    SoughtRequester,
};
use sigv4::{Scope, Signer, SigningKey};

use crate::kms::TestKms;

pub(crate) const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
const ACCESS_KEY: &str = "AKIAEXAMPLEEXAMPLE01";
const SECRET: &[u8] = b"nobody's secret";
const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

/// When clocks begin: 2027-01-15T08:00:00Z.
const BEGIN_SECONDS: i64 = 1_800_000_000;

/// A gateway, its KMS, and its clock.
pub(crate) struct World {
    pub(crate) kms: TestKms,
    pub(crate) clock: Arc<TestClock>,
    directory: tempfile::TempDir,
    randomness: Arc<CountedRandomness>,
    /// None while the gateway starts anew.
    entrance: Option<Arc<Entrance>>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Without its end, if the connection ended before.
    pub(crate) body: Bytes,
    pub(crate) is_whole: bool,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (kms, clock) = (TestKms::start().await, Arc::<TestClock>::default());
        let (directory, randomness) = (tempfile::tempdir().unwrap(), Arc::<CountedRandomness>::default());
        let entrance = Some(open(directory.path(), &kms, &clock, &randomness).await);
        Self { kms, clock, directory, randomness, entrance }
    }

    /// Ends the gateway, and starts another one over its directory.
    pub(crate) async fn restart(&mut self) {
        self.entrance = None;
        self.entrance = Some(open(self.directory.path(), &self.kms, &self.clock, &self.randomness).await);
    }

    /// The gateway's directory.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Sends a request, signed now.
    pub(crate) async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.send(self.signed(method, target, headers, body)).await
    }

    /// A request that is signed now.
    pub(crate) fn signed(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request<Full<Bytes>> {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
        request = request.uri(target).header("host", "s3.test").header("x-amz-content-sha256", hash);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Bytes::copy_from_slice(body)).unwrap();
        let signer = Signer {
            access_key_id: ACCESS_KEY,
            secret: SECRET,
            security_token: None,
            region: REGION,
            service: "s3",
        };
        signer.sign(&mut request, self.clock.now_seconds()).unwrap();
        request.map(Full::new)
    }

    /// Sends a request as it is, over a connection of its own.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let entrance = Arc::clone(self.entrance.as_ref().unwrap());
        let peer = Peer { address: IpAddr::from(LOOPBACK), secure: false };
        let serve = service_fn(move |request| {
            let entrance = Arc::clone(&entrance);
            async move { Ok::<_, Infallible>(entrance.answer(request, peer).await) }
        });
        let mut builder = server::Builder::new();
        builder.timer(TokioTimer::new());
        let serving = tokio::spawn(builder.serve_connection(TokioIo::new(theirs), serve));
        let (mut sender, connection) = client::handshake(TokioIo::new(ours)).await.unwrap();
        let sending = tokio::spawn(connection);
        let answer = sender.send_request(request).await.unwrap();
        let (head, mut coming) = answer.into_parts();
        let (mut body, mut is_whole) = (Vec::new(), true);
        while let Some(frame) = coming.frame().await {
            match frame {
                Ok(frame) => body.extend(frame.into_data().unwrap_or_default()),
                Err(_) => is_whole = false,
            }
        }
        drop(sender);
        drop((serving.await, sending.await));
        Answer { status: head.status.as_u16(), headers: head.headers, body: body.into(), is_whole }
    }
}

impl Answer {
    /// What an error says that it is.
    pub(crate) fn code(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        code.map(|(code, _)| code.to_owned()).unwrap_or_default()
    }

    /// Status and code of an error.
    pub(crate) fn refused(&self) -> (u16, String) {
        (self.status, self.code())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn open(
    directory: &Path,
    kms: &TestKms,
    clock: &Arc<TestClock>,
    randomness: &Arc<CountedRandomness>,
) -> Arc<Entrance> {
    let variables = BTreeMap::from([
        ("AWS_ENDPOINT_URL_KMS", format!("http://{}", kms.address)),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "of the gateway".to_owned()),
    ]);
    let settings = Settings::read(&|name| variables.get(name).map(OsString::from)).unwrap();
    let machine: Arc<dyn Machine> = Arc::<TestClock>::clone(clock);
    let entrance = Entrance::open(GatewaySetup {
        data_dir: directory,
        region: REGION.to_owned(),
        kms: Arc::new(Kms::new(settings, IMPATIENCE, Arc::clone(&machine)).unwrap()),
        own_key: "own".to_owned(),
        bucket: None,
        requesters: Arc::new(OneRequester),
        randomness: Arc::<CountedRandomness>::clone(randomness),
        metrics: Arc::new(GatewayMetrics::new(Arc::clone(&machine))),
        machine,
    });
    Arc::new(entrance.await.unwrap())
}

/// No second try: the pause before one is longer than all that may pass.
const IMPATIENCE: Patience = Patience {
    attempt: Duration::from_secs(5),
    total: Duration::from_secs(5),
    first_pause: Duration::from_secs(60),
    pause_max: Duration::from_secs(60),
};

/// The account's root user, and nobody else.
struct OneRequester;

#[async_trait::async_trait]
impl Requesters for OneRequester {
    async fn find(&self, sought: SoughtRequester<'_>) -> Result<Arc<Requester>, NoRequester> {
        if sought.access_key_id != ACCESS_KEY {
            return Err(NoRequester::Unknown);
        }
        let arn = format!("arn:aws:iam::{ACCOUNT}:root");
        Ok(Arc::new(Requester {
            account: ACCOUNT.to_owned(),
            arn: arn.clone(),
            distinct_id: arn.clone(),
            principal: Principal::Root { account: ACCOUNT.to_owned() },
            powers: RequesterPowers { identity: None, boundary: None, session: None },
            tags: BTreeMap::new(),
            told: BTreeMap::new(),
            signing_key: Arc::new(SigningKey::derive(
                SECRET,
                Scope { date: sought.date, region: REGION, service: "s3" },
            )),
            act_for: ActFor::Principal(arn),
        }))
    }

    fn proved(&self, _access_key_id: &str, _token: Option<&str>) {}
}

/// A clock that a test moves.
#[derive(Default)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn go_on(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Machine for TestClock {
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

/// Bytes that never come twice, and are the same in each run.
#[derive(Default)]
struct CountedRandomness(Mutex<u64>);

impl Randomness for CountedRandomness {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        for piece in out.chunks_mut(8) {
            let mut drawn = self.0.lock().unwrap();
            *drawn += 1;
            let mixed = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            piece.copy_from_slice(&mixed[..piece.len()]);
        }
        Ok(())
    }
}

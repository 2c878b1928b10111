//! Keys that an issuer publishes. <https://openid.net/specs/openid-connect-discovery-1_0.html>
//!
//! Of each issuer at most one fetch is under way, and none begins within [`PAUSE`] of the one before, whatever tokens
//! strangers send. What was fetched is used at once; after [`FRESH`] it is fetched again when it is next asked for, and
//! [`GOOD`] ends it even when that fails.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use dispatch::Clock;
use http::{Request, Uri, header::ACCEPT};
use iam::NoKeys;
use oidc::KeySet;
use outbound::{Outbound, is_local};
use serde::Deserialize;
use tokio::sync::Mutex;

/// Between two fetches from one issuer.
const PAUSE: Duration = Duration::from_secs(60);
/// How long keys are used without asking again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How long keys are used when the issuer cannot be reached.
const GOOD: Duration = Duration::from_secs(24 * 60 * 60);

/// Fetches a document of an issuer.
pub(super) trait Fetch: Send + Sync {
    /// The body of an answer of status 200.
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

pub(super) type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Bytes, String>> + Send + 'a>>;

/// The keys of one issuer, as far as they were fetched.
pub(super) struct Discovered {
    issuer: String,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    known: ArcSwapOption<Known>,
    /// Held while a fetch is under way.
    last: Mutex<Option<Attempt>>,
}

/// Keys, and when they were fetched by the clock that never goes back.
struct Known {
    keys: Arc<KeySet>,
    at: Duration,
}

/// The last fetch: when it began, and how it ended.
struct Attempt {
    at: Duration,
    failed: Option<String>,
}

/// What is asked of a discovery document.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

impl Discovered {
    pub(super) fn new(issuer: &str, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            fetch,
            clock,
            known: ArcSwapOption::empty(),
            last: Mutex::new(None),
        }
    }

    /// The keys, fetched if they have to be.
    pub(super) async fn keys(self: &Arc<Self>, key_id: Option<&str>) -> Result<Arc<KeySet>, NoKeys> {
        if let Some(keys) = self.current(key_id) {
            return Ok(keys);
        }
        // A task of its own: who hangs up half-way takes nothing from the others, who would have to wait for the next.
        let (own, key_id) = (Arc::clone(self), key_id.map(str::to_owned));
        let refreshed = tokio::spawn(async move { own.refresh(key_id.as_deref()).await });
        refreshed.await.unwrap_or_else(|_| Err(NoKeys::Unreachable("the server is stopping".to_owned())))
    }

    /// Keys that need not be fetched: young enough, and with the one that is wanted.
    fn current(&self, key_id: Option<&str>) -> Option<Arc<KeySet>> {
        let known = self.known.load_full()?;
        (self.age(&known) < FRESH && known.keys.has(key_id)).then(|| Arc::clone(&known.keys))
    }

    async fn refresh(&self, key_id: Option<&str>) -> Result<Arc<KeySet>, NoKeys> {
        let mut last = self.last.lock().await;
        // Somebody else may have fetched them meanwhile.
        if let Some(keys) = self.current(key_id) {
            return Ok(keys);
        }
        let now = self.clock.elapsed();
        if last.as_ref().is_none_or(|last| now.saturating_sub(last.at) >= PAUSE) {
            let fetched = self.fetch_keys().await;
            match &fetched {
                Ok(keys) => self.known.store(Some(Arc::new(Known { keys: Arc::clone(keys), at: now }))),
                Err(error) => {
                    tracing::warn!(issuer = self.issuer, error, "the keys of an issuer are not fetched");
                }
            }
            *last = Some(Attempt { at: now, failed: fetched.err() });
        }
        let usable = self.known.load_full().filter(|known| self.age(known) < GOOD);
        usable.map(|known| Arc::clone(&known.keys)).ok_or_else(|| {
            let failed = last.as_ref().and_then(|last| last.failed.clone());
            NoKeys::Unreachable(failed.unwrap_or_else(|| "they are too old".to_owned()))
        })
    }

    async fn fetch_keys(&self) -> Result<Arc<KeySet>, String> {
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let document = self.fetch.fetch(&url).await?;
        let document: Document =
            serde_json::from_slice(&document).map_err(|_| "the discovery document is none".to_owned())?;
        // Section 4.3: it must be the issuer that was asked.
        if document.issuer != self.issuer {
            return Err("the discovery document is another issuer's".to_owned());
        }
        if !is_fetched(&document.jwks_uri, &self.issuer) {
            return Err("its `jwks_uri` is not `https`".to_owned());
        }
        let keys = self.fetch.fetch(&document.jwks_uri).await?;
        KeySet::parse(&keys).map(Arc::new).map_err(|error| error.to_string())
    }

    fn age(&self, known: &Known) -> Duration {
        self.clock.elapsed().saturating_sub(known.at)
    }
}

/// An issuer elsewhere cannot have anything of this machine fetched that takes no certificate.
fn is_fetched(url: &str, issuer: &str) -> bool {
    let uri = url.parse::<Uri>();
    uri.is_ok_and(|uri| match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_local(&uri) && issuer.starts_with("http://"),
        _ => false,
    })
}

impl Fetch for Outbound {
    fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(async move {
            let request = Request::get(url).header(ACCEPT, "application/json").body(Bytes::new());
            let request = request.map_err(|_| "it is no URL".to_owned())?;
            let answer = self.send(request).await.map_err(|error| error.to_string())?;
            match answer.status().as_u16() {
                200 => Ok(answer.into_body()),
                status => Err(format!("the answer has status {status}")),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex as StdMutex,
        atomic::{AtomicU64, Ordering},
    };

    use model::Timestamp;

    use super::*;

    #[derive(Default)]
    struct TestClock(AtomicU64);

    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    /// An issuer that counts what it is asked.
    #[derive(Default)]
    struct Idp {
        asked: StdMutex<Vec<String>>,
        document: StdMutex<String>,
        key: StdMutex<Option<&'static str>>,
    }

    impl Fetch for Idp {
        fn fetch<'a>(&'a self, url: &'a str) -> Fetching<'a> {
            self.asked.lock().unwrap().push(url.to_owned());
            let answer = if url.ends_with("openid-configuration") {
                Ok(self.document.lock().unwrap().clone())
            } else {
                self.key.lock().unwrap().map(keys).ok_or_else(|| "it is down".to_owned())
            };
            Box::pin(async move {
                tokio::task::yield_now().await;
                answer.map(Bytes::from)
            })
        }
    }

    fn keys(id: &str) -> String {
        let coordinate = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        format!(
            r#"{{"keys":[{{"kty":"EC","crv":"P-256","kid":"{id}","x":"{coordinate}","y":"{coordinate}"}}]}}"#
        )
    }

    const ISSUER: &str = "https://id.example.com/";

    fn discovered() -> (Arc<Idp>, Arc<TestClock>, Arc<Discovered>) {
        let (idp, clock) = (Arc::new(Idp::default()), Arc::new(TestClock::default()));
        say(&idp, ISSUER, "https://keys.example.com/all");
        *idp.key.lock().unwrap() = Some("a");
        let discovered = Discovered::new(ISSUER, Arc::clone(&idp) as _, Arc::clone(&clock) as _);
        (idp, clock, Arc::new(discovered))
    }

    fn say(idp: &Idp, issuer: &str, uri: &str) {
        *idp.document.lock().unwrap() = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{uri}","other":[]}}"#);
    }

    fn fetches(idp: &Idp) -> usize {
        idp.asked.lock().unwrap().len() / 2
    }

    #[tokio::test(flavor = "current_thread")]
    async fn keys_are_fetched_once_and_again_when_one_is_not_known() {
        let (idp, clock, discovered) = discovered();
        let many = (0..20).map(|_| discovered.keys(Some("a")));
        for keys in futures_join(many).await {
            assert!(keys.unwrap().has(Some("a")));
        }
        assert_eq!(fetches(&idp), 1);
        assert_eq!(
            *idp.asked.lock().unwrap(),
            ["https://id.example.com/.well-known/openid-configuration", "https://keys.example.com/all"]
        );
        // Unknown keys do not have it asked again within a minute, however many they are.
        *idp.key.lock().unwrap() = Some("b");
        for _ in 0..20 {
            assert!(!discovered.keys(Some("b")).await.unwrap().has(Some("b")));
        }
        assert_eq!(fetches(&idp), 1);
        clock.0.store(60, Ordering::Relaxed);
        assert!(discovered.keys(Some("b")).await.unwrap().has(Some("b")));
        assert!(!discovered.keys(Some("c")).await.unwrap().has(Some("c")));
        assert_eq!(fetches(&idp), 2);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn keys_grow_old() {
        let (idp, clock, discovered) = discovered();
        discovered.keys(Some("a")).await.unwrap();
        clock.0.store(3599, Ordering::Relaxed);
        discovered.keys(Some("a")).await.unwrap();
        assert_eq!(fetches(&idp), 1);
        clock.0.store(3600, Ordering::Relaxed);
        *idp.key.lock().unwrap() = None;
        assert!(discovered.keys(Some("a")).await.is_ok(), "what was fetched is good for a day");
        assert_eq!(fetches(&idp), 2);
        clock.0.store(24 * 3600, Ordering::Relaxed);
        let gone = discovered.keys(Some("a")).await.unwrap_err();
        assert_eq!(gone, NoKeys::Unreachable("it is down".to_owned()));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_cannot_be_reached_is_left_alone_for_a_minute() {
        let (idp, clock, discovered) = discovered();
        *idp.key.lock().unwrap() = None;
        for _ in 0..20 {
            assert!(matches!(discovered.keys(Some("a")).await, Err(NoKeys::Unreachable(_))));
        }
        assert_eq!(fetches(&idp), 1);
        clock.0.store(60, Ordering::Relaxed);
        *idp.key.lock().unwrap() = Some("a");
        assert!(discovered.keys(Some("a")).await.is_ok());
    }

    #[tokio::test(flavor = "current_thread")]
    async fn who_hangs_up_does_not_end_the_fetch() {
        let (idp, _, discovered) = discovered();
        let impatient = discovered.keys(Some("a"));
        tokio::select! {
            biased;
            _ = impatient => panic!("it was there at once"),
            () = tokio::task::yield_now() => {}
        }
        assert!(discovered.keys(Some("a")).await.is_ok());
        assert_eq!(fetches(&idp), 1);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_document_must_be_the_issuers_and_lead_nowhere_strange() {
        for (issuer, uri, why) in [
            ("https://id.example.com", "https://keys.example.com/all", "another issuer's"),
            (ISSUER, "http://keys.example.com/all", "`https`"),
            (ISSUER, "http://127.0.0.1/all", "`https`"),
            (ISSUER, "file:///etc/passwd", "`https`"),
        ] {
            let (idp, _, discovered) = discovered();
            say(&idp, issuer, uri);
            let Err(NoKeys::Unreachable(error)) = discovered.keys(None).await else {
                panic!("{issuer} {uri}")
            };
            assert!(error.contains(why), "{error}");
            assert_eq!(idp.asked.lock().unwrap().len(), 1, "nothing else is fetched");
        }
    }

    async fn futures_join<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        let mut pending: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
        let mut done = Vec::new();
        std::future::poll_fn(|cx| {
            pending.retain_mut(|future| match future.as_mut().poll(cx) {
                std::task::Poll::Ready(output) => {
                    done.push(output);
                    false
                }
                std::task::Poll::Pending => true,
            });
            if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        done
    }
}

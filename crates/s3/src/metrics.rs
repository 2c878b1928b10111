//! What the gateway counts. Recording is a few additions; labels are static strings, never names of buckets or users.

use std::{
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use counters::{CallCounts, CallLabels, CallNames, Durations, counter, gauge, head};
use forward::{CallObserver, KmsError, Machine};
use hyper::body::{Body, Frame, SizeHint};
use s3s::S3Error;

/// The gateway's counters.
pub struct GatewayMetrics {
    machine: Arc<dyn Machine>,
    requests: CallCounts,
    kms_calls: CallCounts,
    commits: Durations,
    under_way: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    bucket_key_hits: AtomicU64,
    bucket_key_misses: AtomicU64,
    connections_open: AtomicU64,
    connections: AtomicU64,
    /// When KMS answered last, and when a call last got no answer, in milliseconds by the machine; 0 for never.
    answered_ms: AtomicU64,
    failed_ms: AtomicU64,
}

/// What calls of KMS have told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KmsHeard {
    /// Nothing for a while.
    Nothing,
    /// The last call was answered, a short time ago.
    Answered,
    /// The last call was not answered.
    Failed,
}

/// For so long an answer of KMS tells that it is there.
const HEARD_FOR: Duration = Duration::from_secs(30);

impl GatewayMetrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(machine: Arc<dyn Machine>) -> Self {
        let requests = CallNames {
            total: ("keywright_s3_requests_total", "Requests answered."),
            duration: (
                "keywright_s3_request_duration_seconds",
                "Time from the head of the request to the head of its answer.",
            ),
        };
        let kms_calls = CallNames {
            total: ("keywright_s3_kms_calls_total", "Calls of KMS, each with all its tries."),
            duration: ("keywright_s3_kms_call_duration_seconds", "Time of a call of KMS with all its tries."),
        };
        Self {
            machine,
            requests: CallCounts::new(requests),
            kms_calls: CallCounts::new(kms_calls),
            commits: Durations::default(),
            under_way: AtomicU64::new(0),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            bucket_key_hits: AtomicU64::new(0),
            bucket_key_misses: AtomicU64::new(0),
            connections_open: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            answered_ms: AtomicU64::new(0),
            failed_ms: AtomicU64::new(0),
        }
    }

    /// Counts a connection, which is open until what is returned is dropped.
    #[must_use]
    pub fn connection(self: &Arc<Self>) -> CountedConnection {
        self.connections.fetch_add(1, Relaxed);
        self.connections_open.fetch_add(1, Relaxed);
        CountedConnection(Arc::clone(self))
    }

    /// Open connections, and requests under way.
    pub(crate) fn present(&self) -> (u64, u64) {
        (self.connections_open.load(Relaxed), self.under_way.load(Relaxed))
    }

    /// A request that has come.
    pub(crate) fn request(self: &Arc<Self>) -> RequestUnderWay {
        self.under_way.fetch_add(1, Relaxed);
        RequestUnderWay { metrics: Arc::clone(self), begun: self.machine.elapsed() }
    }

    /// Data that was received.
    pub(crate) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Relaxed);
    }

    /// A bucket key that was looked for.
    pub(crate) fn bucket_key(&self, is_hit: bool) {
        let counted = if is_hit { &self.bucket_key_hits } else { &self.bucket_key_misses };
        counted.fetch_add(1, Relaxed);
    }

    /// A commit of the catalog.
    pub(crate) async fn timed<T>(self: Arc<Self>, commit: impl Future<Output = T>) -> T {
        let begun = self.machine.elapsed();
        let done = commit.await;
        self.commits.add(micros(self.machine.elapsed().saturating_sub(begun)));
        done
    }

    /// What is known of KMS.
    pub(crate) fn kms_heard(&self) -> KmsHeard {
        let (answered, failed) = (self.answered_ms.load(Relaxed), self.failed_ms.load(Relaxed));
        let since = self.now_ms().saturating_sub(answered);
        match (answered, failed) {
            (answered, failed) if failed > answered => KmsHeard::Failed,
            (1.., _) if u128::from(since) <= HEARD_FOR.as_millis() => KmsHeard::Answered,
            _ => KmsHeard::Nothing,
        }
    }

    /// Writes all in the text format of Prometheus.
    pub(crate) fn render(&self, out: &mut String) {
        let of = |count: &AtomicU64| count.load(Relaxed);
        self.requests.render(out);
        let name = "keywright_s3_requests_under_way";
        gauge(out, name, "Requests whose answers were not sent to the end yet.", of(&self.under_way));
        counter(out, "keywright_s3_received_bytes_total", "Bytes of data in requests.", of(&self.received));
        counter(out, "keywright_s3_sent_bytes_total", "Bytes in bodies of answers.", of(&self.sent));
        self.kms_calls.render(out);
        let name = "keywright_s3_bucket_key_hits_total";
        counter(
            out,
            name,
            "Uses of a bucket key that was there, without a call of KMS.",
            of(&self.bucket_key_hits),
        );
        let name = "keywright_s3_bucket_key_misses_total";
        counter(out, name, "Uses of a bucket key that KMS was called for.", of(&self.bucket_key_misses));
        gauge(out, "keywright_s3_connections_open", "Connections that are open.", of(&self.connections_open));
        counter(out, "keywright_s3_connections_total", "Connections accepted.", of(&self.connections));
        let name = "keywright_s3_commit_duration_seconds";
        head(out, name, "histogram", "Time of a commit of the catalog that changes objects.");
        Durations::render(out, name, "", &[&self.commits]);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.machine.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

impl CallObserver for GatewayMetrics {
    fn ended(&self, target: &str, outcome: Result<(), &KmsError>, took: Duration) {
        let operation = known(&KMS_OPERATIONS, target.rsplit('.').next().unwrap_or_default());
        let code = match outcome {
            Ok(()) => "ok",
            Err(KmsError::Fault { code, .. }) => known(&KMS_CODES, code),
            Err(KmsError::Unreachable(_)) => "unreachable",
            Err(KmsError::TimedOut(_)) => "timed_out",
            Err(KmsError::Tls(_)) => "tls",
            Err(KmsError::Credentials { .. }) => "no_credentials",
            Err(KmsError::Answer { .. }) => "not_understood",
            Err(KmsError::Settings(_) | KmsError::Request(_)) => OTHER,
        };
        self.kms_calls.record(CallLabels { service: "", operation, outcome: code }, micros(took));
        let heard = match outcome {
            // A role is assumed elsewhere, and what one user lacks says nothing of KMS.
            _ if operation == "AssumeRole" => return,
            Err(KmsError::Credentials { .. } | KmsError::Settings(_) | KmsError::Request(_)) => return,
            Err(KmsError::Fault { status, .. }) if *status >= 500 => &self.failed_ms,
            Ok(()) | Err(KmsError::Fault { .. }) => &self.answered_ms,
            Err(_) => &self.failed_ms,
        };
        heard.fetch_max(self.now_ms(), Relaxed);
    }
}

/// A connection that is open.
pub struct CountedConnection(Arc<GatewayMetrics>);

impl Drop for CountedConnection {
    fn drop(&mut self) {
        self.0.connections_open.fetch_sub(1, Relaxed);
    }
}

/// A request that is not answered to the end yet.
pub(crate) struct RequestUnderWay {
    metrics: Arc<GatewayMetrics>,
    begun: Duration,
}

impl RequestUnderWay {
    /// Counts the answer, and then its body while it is sent.
    pub(crate) fn answered(self, call: &NotedCall, is_success: bool, body: s3s::Body) -> CountedBody {
        let outcome = call.code.get().copied().unwrap_or(if is_success { "ok" } else { OTHER });
        let operation = call.operation.get().copied().unwrap_or(OTHER);
        let took = self.metrics.machine.elapsed().saturating_sub(self.begun);
        self.metrics.requests.record(CallLabels { service: "", operation, outcome }, micros(took));
        CountedBody { body, under_way: self }
    }
}

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        self.metrics.under_way.fetch_sub(1, Relaxed);
    }
}

/// Which operation a request asked for, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct NotedCall {
    operation: OnceLock<&'static str>,
    code: OnceLock<&'static str>,
}

impl NotedCall {
    /// The operation, by the name of its input.
    pub(crate) fn operation(&self, input: &'static str) {
        let _ = self.operation.set(input.strip_suffix("Input").unwrap_or(input));
    }

    /// Why it is not carried out. The first reason counts.
    pub(crate) fn failed(&self, error: &S3Error) {
        let _ = self.code.set(known(&S3_CODES, error.code().as_str()));
    }
}

/// The body of an answer, counted on its way.
pub struct CountedBody {
    body: s3s::Body,
    under_way: RequestUnderWay,
}

impl Body for CountedBody {
    type Data = Bytes;
    type Error = s3s::StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, s3s::StdError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.under_way.metrics.sent.fetch_add(bytes, Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

/// The text of a table that is this one.
fn known(table: &[&'static str], text: &str) -> &'static str {
    table.iter().find(|known| **known == text).copied().unwrap_or(OTHER)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What is in no table.
const OTHER: &str = "other";

const KMS_OPERATIONS: [&str; 7] =
    ["AssumeRole", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GetSigningKey", "ReEncrypt"];

const KMS_CODES: [&str; 20] = [
    "AccessDenied",
    "AccessDeniedException",
    "DependencyTimeoutException",
    "DisabledException",
    "ExpiredTokenException",
    "IncorrectKeyException",
    "InvalidArnException",
    "InvalidCiphertextException",
    "InvalidClientTokenId",
    "InvalidKeyUsageException",
    "InvalidSignatureException",
    "KMSInternalException",
    "KMSInvalidStateException",
    "KeyUnavailableException",
    "LimitExceededException",
    "NotFoundException",
    "SignatureDoesNotMatch",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
];

const S3_CODES: [&str; 52] = [
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "AuthorizationQueryParametersError",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "ConditionalRequestConflict",
    "EntityTooLarge",
    "EntityTooSmall",
    "ExpiredToken",
    "IllegalLocationConstraintException",
    "IncompleteBody",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidChunkSizeError",
    "InvalidDigest",
    "InvalidPart",
    "InvalidPartNumber",
    "InvalidPartOrder",
    "InvalidRange",
    "InvalidRequest",
    "InvalidTag",
    "InvalidToken",
    "InvalidURI",
    "KMS.DisabledException",
    "KMS.IncorrectKeyException",
    "KMS.InvalidCiphertextException",
    "KMS.InvalidKeyUsageException",
    "KMS.KMSInvalidStateException",
    "KMS.NotFoundException",
    "KeyTooLongError",
    "MalformedPolicy",
    "MalformedTrailerError",
    "MalformedXML",
    "MissingContentLength",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "NotImplemented",
    "NotModified",
    "PreconditionFailed",
    "RequestTimeTooSkewed",
    "ServerSideEncryptionConfigurationNotFoundError",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "XAmzContentSHA256Mismatch",
];

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// A machine whose clock a test moves.
    #[derive(Default)]
    struct Moved(AtomicU64);

    impl Machine for Moved {
        fn now_seconds(&self) -> i64 {
            0
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Relaxed))
        }

        fn random(&self) -> u32 {
            0
        }
    }

    fn fault(code: &str, status: u16) -> KmsError {
        KmsError::Fault { code: code.to_owned(), message: String::new(), status, request_id: None }
    }

    #[test]
    fn calls_tell_whether_kms_is_there() {
        let machine = Arc::new(Moved::default());
        let metrics = GatewayMetrics::new(Arc::clone(&machine) as _);
        let told = |outcome: Result<(), &KmsError>| {
            machine.0.fetch_add(1, Relaxed);
            metrics.ended("TrentService.Decrypt", outcome, Duration::ZERO);
            metrics.kms_heard()
        };
        assert_eq!(metrics.kms_heard(), KmsHeard::Nothing);
        assert_eq!(told(Err(&KmsError::Unreachable(String::new()))), KmsHeard::Failed);
        assert_eq!(
            told(Err(&fault("AccessDeniedException", 400))),
            KmsHeard::Answered,
            "a denial is an answer"
        );
        assert_eq!(told(Err(&fault("KMSInternalException", 500))), KmsHeard::Failed);
        let nobody = KmsError::Credentials { why: String::new(), may_pass: true };
        assert_eq!(told(Err(&nobody)), KmsHeard::Failed, "it says nothing new");
        assert_eq!(told(Ok(())), KmsHeard::Answered);
        assert_eq!(told(Err(&nobody)), KmsHeard::Answered);
        machine.0.fetch_add(30, Relaxed);
        assert_eq!(metrics.kms_heard(), KmsHeard::Nothing);
        metrics.ended("AssumeRole", Err(&KmsError::TimedOut(Duration::ZERO)), Duration::ZERO);
        assert_eq!(metrics.kms_heard(), KmsHeard::Nothing, "STS is another service");
    }

    #[test]
    fn nothing_that_a_client_chooses_is_a_label() {
        let metrics = Arc::new(GatewayMetrics::new(Arc::new(Moved::default())));
        metrics.ended("TrentService.Marker", Err(&fault("MarkerException", 400)), Duration::ZERO);
        let call = NotedCall::default();
        call.failed(&s3s::S3Error::new(s3s::S3ErrorCode::Custom("Marker".to_owned().into())));
        drop(metrics.request().answered(&call, false, s3s::Body::empty()));
        let mut out = String::new();
        metrics.render(&mut out);
        assert!(!out.contains("Marker"), "{out}");
        for line in [
            "keywright_s3_kms_calls_total{operation=\"other\",code=\"other\"} 1\n",
            "keywright_s3_requests_total{operation=\"other\",code=\"other\"} 1\n",
            "keywright_s3_requests_under_way 0\n",
        ] {
            assert!(out.contains(line), "{out}");
        }
    }
}

//! Sessions of roles: `AssumeRole` of the security token service.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Uri,
    header::{CONTENT_TYPE, HOST},
};
use outbound::{Outbound, OwnCredentials, Pool, element};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secret::Plaintext;
use sigv4::Signer;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    credentials::{CredentialKeeper, CredentialSource, FindingCredentials, ProgramCredentials},
    error::KmsError,
    machine::Machine,
    observer::CallObserver,
    settings::Settings,
};

/// A client of the security token service, with the program's own credentials.
pub struct Sts {
    pool: Pool,
    endpoint: Uri,
    region: String,
    own: CredentialKeeper,
    machine: Arc<dyn Machine>,
    observer: Option<Arc<dyn CallObserver>>,
}

/// A role and a name for its sessions. The session is asked for when it is first needed, and again five minutes before it ends.
pub struct AssumedRole {
    arn: String,
    session_name: String,
    session: CredentialKeeper,
}

/// How long a session is asked to last. A role allows as much unless it says otherwise, and a session that assumes another role gets
/// no more.
const SESSION_SECONDS: u32 = 3600;
/// Time for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(3);
/// How long a refusal is believed: nobody makes the program ask for a session with each request.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// Connections at a time.
const CONNECTIONS_MAX: usize = 16;
/// The longest text of a refusal that is shown, in characters.
const TOLD_CHARS_MAX: usize = 500;

impl Sts {
    /// A client with these settings. It connects when it is first needed.
    ///
    /// # Errors
    /// [`KmsError::Settings`]: CAs that cannot be read, an endpoint that is not called.
    pub fn new(settings: &Settings, machine: Arc<dyn Machine>) -> Result<Self, KmsError> {
        let endpoint = settings.sts_endpoint.clone();
        let wrong = |error| KmsError::of_connection(error, &endpoint.to_string());
        let outbound = Outbound::new(settings.ca_file.as_deref()).map_err(wrong)?;
        let sources = Arc::clone(&settings.sources);
        Ok(Self {
            pool: Pool::new(outbound.clone(), &endpoint, CONNECTIONS_MAX).map_err(wrong)?,
            region: settings.region.clone(),
            own: CredentialKeeper::new(ProgramCredentials { sources, outbound }, Arc::clone(&machine)),
            endpoint,
            machine,
            observer: None,
        })
    }

    /// The same, with somebody who is told of every role that is assumed.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn CallObserver>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// A role, for [`ActFor::Role`](crate::ActFor::Role). Nothing is asked yet.
    #[must_use]
    pub fn role(self: &Arc<Self>, arn: String, session_name: String) -> AssumedRole {
        let form = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", &arn),
            ("RoleSessionName", &session_name),
            ("DurationSeconds", &SESSION_SECONDS.to_string()),
        ];
        let form =
            form.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        let source =
            RoleSource { sts: Arc::clone(self), form: form.join("&").into(), refused: Mutex::default() };
        let session = CredentialKeeper::new(source, Arc::clone(&self.machine));
        AssumedRole { arn, session_name, session }
    }

    async fn assume(&self, form: &Bytes) -> Result<(Arc<OwnCredentials>, Option<i64>), KmsError> {
        let begun = self.machine.elapsed();
        let own = self.own.current().await?;
        let assumed = match self.exchange(form, &own).await {
            Err(error) if error.is_of_credentials() => match self.own.newer_than(&own).await {
                Some(newer) => self.exchange(form, &newer).await,
                None => Err(error),
            },
            answer => answer,
        };
        if let Some(observer) = &self.observer {
            let took = self.machine.elapsed().saturating_sub(begun);
            observer.ended("AssumeRole", assumed.as_ref().map(drop), took);
        }
        assumed
    }

    async fn exchange(
        &self,
        form: &Bytes,
        own: &OwnCredentials,
    ) -> Result<(Arc<OwnCredentials>, Option<i64>), KmsError> {
        let request = self.request(form, own)?;
        let answer = self.pool.send_within(ANSWER_TIME, self.machine.elapsed(), request).await;
        let answer = answer.map_err(|error| KmsError::of_connection(error, &self.endpoint.to_string()))?;
        let status = answer.status();
        let text = std::str::from_utf8(answer.body().reveal()).unwrap_or_default();
        if status.is_success() {
            let session = session(text);
            let odd = || KmsError::Answer { why: "there is no session in it".to_owned(), status: 200 };
            return session.map(|(own, ends_seconds)| (Arc::new(own), Some(ends_seconds))).ok_or_else(odd);
        }
        let status = status.as_u16();
        let told = |name| {
            let text = element(text, name)?;
            Some(text.chars().filter(|letter| !letter.is_control()).take(TOLD_CHARS_MAX).collect::<String>())
        };
        Err(match told("Code") {
            Some(code) => KmsError::Fault {
                code,
                message: unescaped(&told("Message").unwrap_or_default()),
                status,
                request_id: told("RequestId"),
            },
            None => KmsError::Answer { why: "there is no fault of STS in it".to_owned(), status },
        })
    }

    fn request(&self, form: &Bytes, own: &OwnCredentials) -> Result<Request<Bytes>, KmsError> {
        let unfit = |what: &str| KmsError::Request(format!("{what} cannot stand in a call"));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let mut request = Request::post(self.endpoint.path())
            .header(HOST, self.pool.host())
            .header(CONTENT_TYPE, kind)
            .body(form.clone())
            .map_err(|_| unfit("the path of the endpoint"))?;
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region: &self.region,
            service: "sts",
        };
        let signed = signer.sign(&mut request, self.machine.now_seconds());
        signed.map_err(|_| unfit("the access key id or the session token"))?;
        Ok(request)
    }
}

impl AssumedRole {
    /// The role's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The name of its sessions.
    #[must_use]
    pub fn session_name(&self) -> &str {
        &self.session_name
    }

    /// What signs for it.
    pub(crate) fn session(&self) -> &CredentialKeeper {
        &self.session
    }
}

/// Never the session.
impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Role({:?}, {:?})", self.arn, self.session_name)
    }
}

/// Sessions of one role.
struct RoleSource {
    sts: Arc<Sts>,
    form: Bytes,
    /// Why there was none, and until when that is believed.
    refused: Mutex<Option<(KmsError, Duration)>>,
}

impl CredentialSource for RoleSource {
    fn find(&self, now: Duration) -> FindingCredentials<'_> {
        Box::pin(async move {
            let refused = || self.refused.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((error, _)) = refused().as_ref().filter(|(_, until)| now < *until) {
                return Err(error.clone());
            }
            let assumed = self.sts.assume(&self.form).await.map_err(of_role);
            let believed = assumed.as_ref().err().filter(|error| !error.may_pass());
            *refused() = believed.map(|error| (error.clone(), now.saturating_add(REFUSED_FOR)));
            assumed
        })
    }
}

/// What it means for a call that there is no session: a denial is one, and everything else is a lack of credentials.
fn of_role(error: KmsError) -> KmsError {
    match error {
        denied @ KmsError::Fault { .. } if denied.code() == Some("AccessDenied") => denied,
        error => KmsError::Credentials {
            why: format!("the role cannot be assumed: {error}"),
            may_pass: error.may_pass(),
        },
    }
}

/// The session in an answer, and when it ends, in seconds since 1970.
fn session(answer: &str) -> Option<(OwnCredentials, i64)> {
    // Neither markup nor an entity: what credentials consist of needs none.
    let is_plain = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<&>\"".contains(&byte))
    };
    let text = |name| element(answer, name).filter(is_plain);
    let own = OwnCredentials {
        access_key_id: text("AccessKeyId")?.to_owned(),
        secret: Plaintext::new(text("SecretAccessKey")?.as_bytes().to_vec()),
        token: Some(text("SessionToken")?.to_owned()),
    };
    Some((own, OffsetDateTime::parse(text("Expiration")?, &Rfc3339).ok()?.unix_timestamp()))
}

/// The text of an element that has no markup in it.
fn unescaped(text: &str) -> String {
    let entities =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
}

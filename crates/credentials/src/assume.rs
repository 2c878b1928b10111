//! `AssumeRole`, as a client calls it.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use dispatch::Clock;
use http::{
    HeaderValue, Request, Uri,
    header::{CONTENT_TYPE, HOST},
};
use model::{Timestamp, arn::Partition};
use outbound::{Outbound, OwnCredentials, element};
use secret::Plaintext;
use sigv4::Signer;

use crate::{
    endpoint::Assume,
    options::Options,
    session::Session,
    source::{own_from_environment, setting},
};

/// A role, and how it is assumed.
pub(crate) struct Role {
    arn: String,
    endpoint: Uri,
    region: String,
    own: Option<(PathBuf, String)>,
    form: String,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
}

impl Role {
    /// From the options and, where they are silent, the environment.
    pub(crate) fn of(options: &Options, clock: &Arc<dyn Clock>) -> Result<Self, String> {
        let region = options.region.clone().or_else(|| setting(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
        let (region, of_aws) = usual_place(&options.role_arn, region);
        let endpoint =
            options.endpoint.clone().or_else(|| setting(&["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]));
        let endpoint = endpoint.unwrap_or(of_aws);
        let endpoint = endpoint.parse().map_err(|_| format!("`{endpoint}` is no URL"))?;
        let ca_file = options.ca_file.clone().or_else(|| setting(&["AWS_CA_BUNDLE"]).map(PathBuf::from));
        let fields = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", &options.role_arn),
            ("RoleSessionName", &options.session_name),
            ("DurationSeconds", &options.duration_seconds.to_string()),
        ];
        Ok(Self {
            arn: options.role_arn.clone(),
            endpoint,
            region,
            own: options.credentials_file.clone().map(|file| (file, options.profile.clone())),
            form: form(&fields),
            outbound: Outbound::new(ca_file.as_deref()).map_err(|error| error.to_string())?,
            clock: Arc::clone(clock),
        })
    }

    fn request(&self, own: &OwnCredentials, now: Timestamp) -> Result<Request<Bytes>, String> {
        let host = self.endpoint.authority().map_or("", http::uri::Authority::as_str);
        let mut request = Request::post(self.endpoint.clone())
            .header(HOST, host)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
            )
            .body(Bytes::from(self.form.clone()))
            .map_err(|error| format!("{}: {error}", self.endpoint))?;
        let signer = Signer {
            access_key_id: &own.access_key_id,
            secret: own.secret.reveal(),
            security_token: own.token.as_deref(),
            region: &self.region,
            service: "sts",
        };
        let unfit = |_| "the own access key id or session token is malformed".to_owned();
        signer.sign(&mut request, now.as_seconds()).map_err(unfit)?;
        Ok(request)
    }

    fn session(&self, answer: &str, now: Timestamp) -> Option<Session> {
        let text = |name| element(answer, name).filter(|text| is_plain(text)).map(str::to_owned);
        let expiration = text("Expiration")?;
        Some(Session {
            role_arn: self.arn.clone(),
            access_key_id: text("AccessKeyId")?,
            secret: Plaintext::new(text("SecretAccessKey")?.into_bytes()),
            token: Plaintext::new(text("SessionToken")?.into_bytes()),
            expires: Timestamp::parse_iso8601(&expiration)?,
            assumed: now,
            expiration,
        })
    }
}

impl Assume for Role {
    async fn assume(&self) -> Result<Session, String> {
        // Read each time: whoever exchanges them in the file need not start this again.
        let own = match &self.own {
            Some((file, profile)) => OwnCredentials::from_file(file, profile)?,
            None => own_from_environment()?,
        };
        let now = self.clock.now();
        let answer = self.outbound.send(self.request(&own, now)?).await;
        let answer = answer.map_err(|error| format!("{}: {error}", self.endpoint))?;
        let status = answer.status().as_u16();
        let text = std::str::from_utf8(answer.body()).unwrap_or_default();
        if status != 200 {
            let told = |name| element(text, name).unwrap_or("?").chars().take(500).collect::<String>();
            return Err(format!("{}: {status} {}: {}", self.endpoint, told("Code"), told("Message")));
        }
        self.session(text, now).ok_or_else(|| format!("{}: the answer holds no credentials", self.endpoint))
    }
}

/// The Region, and AWS's own endpoint there, for a role. Without a Region, that for which calls to IAM are signed in the role's
/// partition.
fn usual_place(role_arn: &str, region: Option<String>) -> (String, String) {
    let partition = Partition::of_arn(role_arn).unwrap_or(Partition::Aws);
    let region = region.unwrap_or_else(|| partition.global_region().to_owned());
    let domain = if partition == Partition::Cn { "amazonaws.com.cn" } else { "amazonaws.com" };
    let endpoint = format!("https://sts.{region}.{domain}");
    (region, endpoint)
}

/// Neither markup nor an entity: what credentials consist of needs none.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<&>\"".contains(&byte))
}

fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    fields.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_assumed_in_its_partition() {
        for (partition, region, place, endpoint) in [
            ("aws", None, "us-east-1", "https://sts.us-east-1.amazonaws.com"),
            ("aws", Some("eu-west-1"), "eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
            ("aws-cn", None, "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
            ("aws-us-gov", None, "us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
        ] {
            let role = format!("arn:{partition}:iam::111122223333:role/app");
            let usual = usual_place(&role, region.map(str::to_owned));
            assert_eq!(usual, (place.to_owned(), endpoint.to_owned()));
        }
    }

    #[test]
    fn elements_are_found_and_markup_is_not_believed() {
        let xml = "<R><Code>AccessDenied</Code><Message>User: a &amp; b</Message></R>";
        assert_eq!((element(xml, "Code"), element(xml, "Nothing")), (Some("AccessDenied"), None));
        assert!(
            is_plain("wJalrXUtnFEMI/K7+DENG=") && !is_plain("a&amp;b") && !is_plain("<a>") && !is_plain("")
        );
        assert_eq!(form(&[("A", "x/y z"), ("B", "1")]), "A=x%2Fy%20z&B=1");
    }
}

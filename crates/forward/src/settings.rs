//! Where KMS is and who signs, as AWS's SDKs read it.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>

use std::{
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use http::Uri;
use outbound::{OwnCredentials, profiles};
use secret::Plaintext;

use crate::{
    container::{Authorization, Container},
    credentials::CredentialSources,
    error::KmsError,
};

/// Where KMS or S3 is, and where the credentials are that calls are signed with.
///
/// | Setting | Environment | Profile | Else |
/// | --- | --- | --- | --- |
/// | endpoint | `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL` | `services`' `kms`' `endpoint_url`, `endpoint_url` | AWS's own in the Region |
/// | endpoint of S3 | `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` | `services`' `s3`' `endpoint_url`, `endpoint_url` | AWS's own in the Region |
/// | that of STS | `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL` | `services`' `sts`' `endpoint_url`, `endpoint_url` | AWS's own in the Region |
/// | Region | `AWS_REGION`, `AWS_DEFAULT_REGION` | `region` | an error |
/// | CAs | `AWS_CA_BUNDLE` | `ca_bundle` | the system's |
/// | credentials | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | `aws_access_key_id` and its like | `AWS_CONTAINER_CREDENTIALS_FULL_URI` |
///
/// The profile is `AWS_PROFILE`'s, else `default`, in the files `AWS_SHARED_CREDENTIALS_FILE` (`~/.aws/credentials`) and
/// `AWS_CONFIG_FILE` (`~/.aws/config`).
pub struct Settings {
    pub(crate) endpoint: Uri,
    pub(crate) sts_endpoint: Uri,
    pub(crate) region: String,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) sources: Arc<CredentialSources>,
}

/// A variable of an environment, by its name.
type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

impl Settings {
    /// From an environment, and the files that it names.
    ///
    /// # Errors
    /// [`KmsError::Settings`]: no Region, an endpoint that is no URL, half an access key, a profile that is nowhere, a file
    /// that cannot be read. Credentials are looked for when the first call is made.
    pub fn read(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, KmsError> {
        Self::of(variable, ("kms", "AWS_ENDPOINT_URL_KMS"))
    }

    /// The same for S3.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub fn read_for_s3(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, KmsError> {
        Self::of(variable, ("s3", "AWS_ENDPOINT_URL_S3"))
    }

    fn of(variable: Variables<'_>, (service, named_by): (&str, &str)) -> Result<Self, KmsError> {
        let profile = text(variable, "AWS_PROFILE")?;
        let files = Files::of(variable);
        let config = SharedProfile::read(&files, profile.as_deref())?;
        let set = |names: &[&str]| names.iter().find_map(|name| text(variable, name).transpose()).transpose();
        let of = |names: &[&str], setting: &str| -> Result<Option<String>, KmsError> {
            Ok(set(names)?.or_else(|| config.value(setting).map(str::to_owned)))
        };
        let region = of(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region")?;
        let region = region.ok_or_else(|| wrong("no Region: set AWS_REGION"))?;
        let endpoint = |service: &str, variable: &str| -> Result<Uri, KmsError> {
            let named = set(&[variable, "AWS_ENDPOINT_URL"])?;
            let named = named.or_else(|| config.endpoint(service).map(str::to_owned));
            let named = named.unwrap_or_else(|| usual_endpoint(service, &region));
            named.parse().map_err(|_| wrong(&format!("`{named}` is no URL")))
        };
        Ok(Self {
            endpoint: endpoint(service, named_by)?,
            sts_endpoint: endpoint("sts", "AWS_ENDPOINT_URL_STS")?,
            ca_file: of(&["AWS_CA_BUNDLE"], "ca_bundle")?.map(PathBuf::from),
            sources: Arc::new(CredentialSources {
                fixed: fixed(variable)?,
                files: [files.credentials, files.config].into_iter().flatten().collect(),
                profile: config.profile.clone(),
                container: container(variable)?,
            }),
            region,
        })
    }

    /// Where the service is.
    #[must_use]
    pub fn endpoint(&self) -> &Uri {
        &self.endpoint
    }

    /// The CAs to trust, in PEM; nothing for the system's.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// The Region that calls are signed for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// Never the credentials.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Where the shared files are.
struct Files {
    credentials: Option<PathBuf>,
    config: Option<PathBuf>,
}

impl Files {
    fn of(variable: Variables<'_>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = set("HOME");
        let usual = |name: &str| home.as_deref().map(|home| home.join(".aws").join(name));
        Self {
            credentials: set("AWS_SHARED_CREDENTIALS_FILE").or_else(|| usual("credentials")),
            config: set("AWS_CONFIG_FILE").or_else(|| usual("config")),
        }
    }
}

/// The configuration file, and the profile in it.
struct SharedProfile {
    text: SharedFile,
    profile: String,
    section: String,
}

impl SharedProfile {
    fn read(files: &Files, wanted: Option<&str>) -> Result<Self, KmsError> {
        let text = SharedFile::read(files.config.as_deref())?;
        let profile = wanted.unwrap_or("default").to_owned();
        let titled = format!("profile {profile}");
        let is_bare = profile == "default" && !profiles::has(text.text(), &titled);
        let section = if is_bare { profile.clone() } else { titled };
        if let Some(wanted) = wanted {
            let credentials = SharedFile::read(files.credentials.as_deref())?;
            if !profiles::has(text.text(), &section) && !profiles::has(credentials.text(), wanted) {
                return Err(wrong(&format!("there is no profile `{wanted}`")));
            }
        }
        Ok(Self { text, profile, section })
    }

    fn value(&self, name: &str) -> Option<&str> {
        profiles::value(self.text.text(), &self.section, name)
    }

    fn endpoint(&self, service: &str) -> Option<&str> {
        let services = self.value("services").map(|services| format!("services {services}"));
        let name = format!("{service}.endpoint_url");
        let of_service = services.and_then(|of| profiles::value(self.text.text(), &of, &name));
        of_service.or_else(|| self.value("endpoint_url"))
    }
}

/// A file that AWS's clients share. It may hold access keys.
struct SharedFile(Plaintext);

impl SharedFile {
    /// Reads it; empty if there is no such file.
    fn read(file: Option<&Path>) -> Result<Self, KmsError> {
        let Some(file) = file else { return Ok(Self(Plaintext::zeroed(0))) };
        match fs::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(Plaintext::zeroed(0))),
            Err(error) => Err(wrong(&format!("`{}`: {error}", file.display()))),
            Ok(bytes) => Ok(Self(Plaintext::new(bytes))),
        }
    }

    /// Its text, as far as it is text.
    fn text(&self) -> &str {
        match std::str::from_utf8(self.0.reveal()) {
            Ok(text) => text,
            Err(error) => {
                let good = self.0.reveal().get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(good).unwrap_or_default()
            }
        }
    }
}

/// The access key in the environment.
fn fixed(variable: Variables<'_>) -> Result<Option<Arc<OwnCredentials>>, KmsError> {
    let (id, secret) = (text(variable, "AWS_ACCESS_KEY_ID")?, text(variable, "AWS_SECRET_ACCESS_KEY")?);
    let secret = secret.map(|secret| Plaintext::new(secret.into_bytes()));
    match (id, secret) {
        (None, None) => Ok(None),
        (Some(access_key_id), Some(secret)) => {
            let token = text(variable, "AWS_SESSION_TOKEN")?;
            Ok(Some(Arc::new(OwnCredentials { access_key_id, secret, token })))
        }
        (Some(_), None) => Err(wrong("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")),
        (None, Some(_)) => Err(wrong("AWS_SECRET_ACCESS_KEY is set, and AWS_ACCESS_KEY_ID is not")),
    }
}

/// The endpoint that hands credentials out, if the environment names one.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
fn container(variable: Variables<'_>) -> Result<Option<Container>, KmsError> {
    let Some(uri) = text(variable, "AWS_CONTAINER_CREDENTIALS_FULL_URI")? else { return Ok(None) };
    let uri = uri.parse().map_err(|_| wrong("AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL"))?;
    let file = text(variable, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?;
    let token = text(variable, "AWS_CONTAINER_AUTHORIZATION_TOKEN")?;
    let authorization = match (file, token) {
        (Some(file), _) => Authorization::File(file.into()),
        (None, Some(token)) => Authorization::Token(Plaintext::new(token.into_bytes())),
        (None, None) => Authorization::Absent,
    };
    Ok(Some(Container { uri, authorization }))
}

fn usual_endpoint(service: &str, region: &str) -> String {
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{service}.{region}.{domain}")
}

/// A variable that is set and not empty.
fn text(variable: Variables<'_>, name: &str) -> Result<Option<String>, KmsError> {
    let value = variable(name).filter(|value| !value.is_empty());
    value.map(OsString::into_string).transpose().map_err(|_| wrong(&format!("{name} is not text")))
}

fn wrong(what: &str) -> KmsError {
    KmsError::Settings(what.to_owned())
}

#[cfg(test)]
mod tests;

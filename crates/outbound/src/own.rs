//! The credentials that calls from here are signed with.

use std::{fs, path::Path};

use secret::Plaintext;

use crate::profiles;

/// An access key, or temporary credentials.
pub struct OwnCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// Its secret.
    pub secret: Plaintext,
    /// The token that belongs to temporary credentials.
    pub token: Option<String>,
}

impl OwnCredentials {
    /// Those of a profile in a file of AWS's form.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
    ///
    /// # Errors
    /// In words for the operator: the file cannot be read, or the profile has no access key.
    pub fn from_file(file: &Path, profile: &str) -> Result<Self, String> {
        let text = fs::read(file).map_err(|error| format!("`{}`: {error}", file.display()))?;
        let text = Plaintext::new(text);
        Self::parse(&String::from_utf8_lossy(text.reveal()), profile)
            .ok_or_else(|| format!("`{}` has no access key in the profile `{profile}`", file.display()))
    }

    fn parse(text: &str, profile: &str) -> Option<Self> {
        let titled = format!("profile {profile}");
        [profile, titled.as_str()].into_iter().find_map(|section| {
            let value = |name| profiles::value(text, section, name).map(str::to_owned);
            Some(Self {
                access_key_id: value("aws_access_key_id")?,
                secret: Plaintext::new(value("aws_secret_access_key")?.into_bytes()),
                token: value("aws_session_token"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_found() {
        let text = "# a file\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s/1=\n\n\
                    [profile other]\naws_access_key_id=AKIA2\naws_secret_access_key = s2\naws_session_token = t2\n\
                    region = eu-west-1\n[half]\naws_access_key_id = AKIA3\n";
        let first = OwnCredentials::parse(text, "default").unwrap();
        assert_eq!(
            (first.access_key_id.as_str(), first.secret.reveal(), first.token),
            ("AKIA1", &b"s/1="[..], None)
        );
        let other = OwnCredentials::parse(text, "other").unwrap();
        assert_eq!((other.access_key_id.as_str(), other.token.as_deref()), ("AKIA2", Some("t2")));
        let remarked = "[default]\n aws_access_key_id = AKIA1\n aws_secret_access_key = s1\n\
                        [prod] # live\naws_access_key_id = AKIA2\naws_secret_access_key = s2\n";
        for (profile, id) in [("default", "AKIA1"), ("prod", "AKIA2")] {
            assert_eq!(OwnCredentials::parse(remarked, profile).unwrap().access_key_id, id);
        }
        assert!(
            OwnCredentials::parse(text, "half").is_none() && OwnCredentials::parse(text, "nobody").is_none()
        );
    }
}

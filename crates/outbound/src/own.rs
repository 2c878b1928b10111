//! The credentials that calls from here are signed with.

use std::{fs, path::Path};

use secret::Plaintext;

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
        let (mut id, mut secret, mut token, mut inside) = (None, None, None, false);
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                let name = name.trim();
                inside = name.strip_prefix("profile ").unwrap_or(name).trim() == profile;
                continue;
            }
            let Some((name, value)) = line.split_once('=').filter(|_| inside) else { continue };
            let place = match name.trim() {
                "aws_access_key_id" => &mut id,
                "aws_secret_access_key" => &mut secret,
                "aws_session_token" => &mut token,
                _ => continue,
            };
            *place = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
        Some(Self { access_key_id: id?, secret: Plaintext::new(secret?.into_bytes()), token })
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
        assert!(
            OwnCredentials::parse(text, "half").is_none() && OwnCredentials::parse(text, "nobody").is_none()
        );
    }
}

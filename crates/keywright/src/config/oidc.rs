//! Identity providers whose tokens are taken: where the keys of each are found.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use http::Uri;
use toml::Value;

use super::{ConfigError, Expected, Wrong, keys::Keys, values::absolute};

/// The issuers, and whom TLS connections to them trust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Oidc {
    /// CAs in PEM that vouch for issuers; the system's if there is none.
    pub(crate) ca_file: Option<PathBuf>,
    /// Where the keys of each issuer are.
    pub(crate) issuers: BTreeMap<IssuerUrl, KeySource>,
}

/// Where an issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// In this file, a JSON Web Key Set.
    File(PathBuf),
    /// Where the issuer's own discovery document says. Only this makes the server open connections.
    Discovery,
}

/// The URL of an issuer, as its tokens name it: `https`, or `http` on this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IssuerUrl(String);

/// The table with a table for each issuer.
pub(super) const TABLE: &str = "oidc.issuers";
const SOURCE: Expected = Expected("either `jwks_file` or `discover = true`");

impl Oidc {
    /// From the keys of a file; `None` if it says nothing of issuers.
    pub(super) fn read(keys: &mut Keys<'_>) -> Result<Option<Self>, ConfigError> {
        let mut oidc = Self { ca_file: keys.path("oidc.ca_file")?, issuers: BTreeMap::new() };
        for (name, value) in keys.under(TABLE) {
            let key = format!("{TABLE}.{name}");
            let wrong = |expected| keys.wrong(&key, Wrong::Value(expected));
            let (url, source) = if let Some(url) = name.strip_suffix(".jwks_file") {
                let file = value.as_str().filter(|file| !file.is_empty()).ok_or(Expected("a path in quotes"));
                (url, Some(KeySource::File(keys.beside(file.map_err(wrong)?))))
            } else if let Some(url) = name.strip_suffix(".discover") {
                let discover = value.as_bool().ok_or_else(|| wrong(Expected("`true` or `false`")))?;
                (url, discover.then_some(KeySource::Discovery))
            } else {
                return Err(wrong(SOURCE));
            };
            let url: IssuerUrl = url.trim_matches('.').parse().map_err(wrong)?;
            if let Some(source) = source
                && oidc.issuers.insert(url, source).is_some()
            {
                return Err(wrong(SOURCE));
            }
        }
        Ok((oidc != Self::default()).then_some(oidc))
    }

    /// The same with full paths.
    pub(super) fn absolute(self) -> Self {
        let full = |source| match source {
            KeySource::File(file) => KeySource::File(absolute(file)),
            KeySource::Discovery => KeySource::Discovery,
        };
        Self {
            ca_file: self.ca_file.map(absolute),
            issuers: self.issuers.into_iter().map(|(url, source)| (url, full(source))).collect(),
        }
    }

    /// As a part of a file.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| Value::from(text).to_string();
        let path = |path: &Path| text(&path.to_string_lossy());
        if let Some(file) = &self.ca_file {
            writeln!(f, "\n[oidc]\nca_file = {}", path(file))?;
        }
        for (url, source) in &self.issuers {
            writeln!(f, "\n[oidc.issuers.{}]", text(url.as_str()))?;
            match source {
                KeySource::File(file) => writeln!(f, "jwks_file = {}", path(file))?,
                KeySource::Discovery => writeln!(f, "discover = true")?,
            }
        }
        Ok(())
    }
}

impl IssuerUrl {
    /// The URL.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        const EXPECTED: Expected =
            Expected("the URL of an issuer such as `https://id.example.com`; `http` only for this machine");
        let uri: Uri = text.parse().map_err(|_| EXPECTED)?;
        let plain = !text.contains(['?', '#', '@']);
        let known = match uri.scheme_str() {
            Some("https") => uri.host().is_some_and(|host| !host.is_empty()),
            Some("http") => outbound::is_local(&uri),
            _ => false,
        };
        if plain && known { Ok(Self(text.to_owned())) } else { Err(EXPECTED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, file};

    fn read(text: &str) -> Result<Oidc, String> {
        let settings = file::parse(Path::new("/etc/k.toml"), text).map_err(|error| error.to_string())?;
        Ok(Config::check(settings).map_err(|error| error.to_string())?.oidc)
    }

    #[test]
    fn issuers_are_named_by_their_urls() {
        let oidc = read(
            "[oidc]\nca_file = \"ca.pem\"\n[oidc.issuers.\"https://id.example.com/realms/a.b\"]\ndiscover = true\n\
             [oidc.issuers]\n\"http://127.0.0.1:80\".jwks_file = \"keys.json\"\n\
             \"https://other.example.com\".discover = false",
        )
        .unwrap();
        assert_eq!(oidc.ca_file.as_deref(), Some(Path::new("/etc/ca.pem")));
        let issuers: Vec<_> =
            oidc.issuers.iter().map(|(url, source)| (url.as_str(), source.clone())).collect();
        assert_eq!(
            issuers,
            [
                ("http://127.0.0.1:80", KeySource::File("/etc/keys.json".into())),
                ("https://id.example.com/realms/a.b", KeySource::Discovery),
            ]
        );
        assert_eq!(read("[oidc]\n[oidc.issuers]").unwrap(), Oidc::default());
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        for (text, expected) in [
            ("\"http://id.example.com\".discover = true", "the URL of an issuer"),
            ("\"id.example.com\".discover = true", "the URL of an issuer"),
            ("\"https://a@id.example.com\".discover = true", "the URL of an issuer"),
            ("\"https://id.example.com?a\".discover = true", "the URL of an issuer"),
            ("\"https://id.example.com\".discover = 1", "`true` or `false`"),
            ("\"https://id.example.com\".jwks_file = \"\"", "a path in quotes"),
            ("\"https://id.example.com\".jwks = \"a\"", "either `jwks_file` or `discover = true`"),
            ("\"https://id.example.com\" = {}", "either `jwks_file` or `discover = true`"),
            ("\"https://id.example.com\" = { discover = true, jwks_file = \"a\" }", "either `jwks_file`"),
        ] {
            let error = read(&format!("[oidc.issuers]\n{text}")).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

//! The roots that attestation documents have to lead to.

use std::{
    convert::Infallible,
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use attestation::{NotARoot, Roots};

/// Where a root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootSource {
    /// In Keywright: AWS's root for Nitro enclaves and NitroTPM.
    Aws,
    /// In a file, in PEM; it may hold several.
    File(PathBuf),
}

/// Why there are no such roots.
#[derive(Debug)]
pub enum RootsError {
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// What a file holds is no root.
    NotARoot(PathBuf, NotARoot),
}

const AWS: &str = "aws";

impl RootSource {
    /// The same, its path made what `change` makes of it.
    #[must_use]
    pub fn map_path(self, change: impl FnOnce(PathBuf) -> PathBuf) -> Self {
        match self {
            Self::Aws => Self::Aws,
            Self::File(file) => Self::File(change(file)),
        }
    }

    /// Reads roots.
    ///
    /// # Errors
    /// [`RootsError`], for the first that is none.
    pub fn load(sources: &[Self]) -> Result<Roots, RootsError> {
        let mut roots = Roots::none();
        for source in sources {
            roots.add(match source {
                Self::Aws => Roots::aws().map_err(|error| RootsError::NotARoot(AWS.into(), error))?,
                Self::File(file) => read(file)?,
            });
        }
        Ok(roots)
    }
}

fn read(file: &Path) -> Result<Roots, RootsError> {
    let pem = fs::read(file).map_err(|error| RootsError::Unreadable(file.to_owned(), error))?;
    let mut roots = Roots::none();
    let added = roots.add_pem(&pem);
    added.map(|()| roots).map_err(|error| RootsError::NotARoot(file.to_owned(), error))
}

impl FromStr for RootSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == AWS { Self::Aws } else { Self::File(text.into()) })
    }
}

impl fmt::Display for RootSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws => f.write_str(AWS),
            Self::File(file) => file.display().fmt(f),
        }
    }
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => write!(f, "`{}` cannot be read: {error}", file.display()),
            Self::NotARoot(file, error) => {
                write!(f, "`{}` holds no root for attestation documents: {error}", file.display())
            }
        }
    }
}

impl std::error::Error for RootsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_read_and_what_is_none_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("root.pem");
        let load = || RootSource::load(&[RootSource::Aws, RootSource::File(file.clone())]);
        let told = |text: &str| {
            fs::write(&file, text).unwrap();
            load().unwrap_err().to_string()
        };
        assert!(load().unwrap_err().to_string().contains("root.pem` cannot be read: "));
        assert!(told("").ends_with(
            "root.pem` holds no root for attestation documents: there is no certificate in PEM in it"
        ));
        let certificate = rcgen::generate_simple_self_signed(vec!["kms.example".to_owned()]).unwrap();
        assert!(told(&certificate.cert.pem()).contains("is not on the curve P-384"));
        let mut root = rcgen::CertificateParams::default();
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        root.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        fs::write(&file, root.self_signed(&key).unwrap().pem()).unwrap();
        assert!(!load().unwrap().is_empty());
        assert!(RootSource::load(&[]).unwrap().is_empty());
    }
}

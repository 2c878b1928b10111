//! The seal, from the file that the configuration names.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use secret::Plaintext;
use strongroom::{
    Entropy, Seal,
    seal::{FileSeal, PassphraseParameters, PassphraseSeal},
};

use crate::{data_dir::write_private, deployment::SealRecord};

/// A file that a deployment's root of all keys comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealFile {
    /// It holds a key.
    Key(PathBuf),
    /// It holds a passphrase.
    Passphrase(PathBuf),
}

/// Why there is no seal.
#[derive(Debug)]
pub enum SealFileError {
    /// The file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The file is no key file.
    NotAKeyFile(PathBuf),
    /// The passphrase is empty, or its parameters are absurd.
    Passphrase(PathBuf),
    /// There is no randomness.
    Entropy,
    /// The deployment has the other kind of seal.
    OtherKind {
        /// What the deployment has.
        has: &'static str,
        /// What the configuration names.
        configured: &'static str,
    },
}

impl fmt::Display for SealFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "the seal's file {}: {error}", path.display()),
            Self::NotAKeyFile(path) => write!(f, "{} is not a seal key file", path.display()),
            Self::Passphrase(path) => write!(f, "{} holds no usable passphrase", path.display()),
            Self::Entropy => f.write_str("the source of random bytes failed"),
            Self::OtherKind { has, configured } => {
                write!(f, "this deployment is sealed by a {has}, the configuration names a {configured}")
            }
        }
    }
}

impl std::error::Error for SealFileError {}

/// Where the seal of a deployment comes from. Asked anew whenever the seal is needed: what was missing may be there now.
pub trait SealSource: Send + Sync {
    /// The seal that the deployment's record describes.
    ///
    /// # Errors
    /// [`SealFileError`]; the strongroom then stays as it is.
    fn open(&self, record: &SealRecord) -> Result<Box<dyn Seal>, SealFileError>;
}

impl SealSource for SealFile {
    fn open(&self, record: &SealRecord) -> Result<Box<dyn Seal>, SealFileError> {
        match (self, record) {
            (Self::Key(path), SealRecord::File) => Ok(Box::new(key_file(path)?)),
            (Self::Passphrase(path), SealRecord::Passphrase(parameters)) => {
                let parameters = PassphraseParameters::from_bytes(parameters);
                let parameters = parameters.map_err(|_| SealFileError::Passphrase(path.clone()))?;
                Ok(Box::new(passphrase(path, &parameters)?))
            }
            (Self::Key(_), SealRecord::Passphrase(_)) => {
                Err(SealFileError::OtherKind { has: PASSPHRASE, configured: KEY_FILE })
            }
            (Self::Passphrase(_), SealRecord::File) => {
                Err(SealFileError::OtherKind { has: KEY_FILE, configured: PASSPHRASE })
            }
        }
    }
}

const KEY_FILE: &str = "key file";
const PASSPHRASE: &str = "passphrase";

impl SealFile {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Key(path) | Self::Passphrase(path) => path,
        }
    }

    /// What kind of seal it makes, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => KEY_FILE,
            Self::Passphrase(_) => PASSPHRASE,
        }
    }

    /// What the operator must know of it.
    #[must_use]
    pub fn advice(&self) -> String {
        let file = self.path().display();
        match self {
            Self::Key(_) => format!(
                "the key in {file} opens everything: keep a copy of it elsewhere, apart from copies of the data. \
                 It protects disks and backups that do not hold it, and nothing else"
            ),
            Self::Passphrase(_) => format!(
                "the passphrase in {file} opens everything: without it nothing does, for nobody. The file has to be \
                 there when the server starts"
            ),
        }
    }

    /// A new seal, and the record to keep of it. A key file that is there already is used, not overwritten: it is
    /// left from a set-up that was interrupted, or an operator put it there.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn create(&self, entropy: &dyn Entropy) -> Result<(SealRecord, Box<dyn Seal>), SealFileError> {
        match self {
            Self::Key(path) => {
                if !path.exists() {
                    let text = FileSeal::generate(entropy).map_err(|_| SealFileError::Entropy)?;
                    write_private(path, text.reveal())
                        .map_err(|error| SealFileError::Io(path.clone(), error))?;
                }
                Ok((SealRecord::File, Box::new(key_file(path)?)))
            }
            Self::Passphrase(path) => {
                let parameters =
                    PassphraseParameters::recommended(entropy).map_err(|_| SealFileError::Entropy)?;
                let seal = passphrase(path, &parameters)?;
                Ok((SealRecord::Passphrase(parameters.to_bytes()), Box::new(seal)))
            }
        }
    }
}

fn key_file(path: &Path) -> Result<FileSeal, SealFileError> {
    FileSeal::parse(&read(path)?).map_err(|_| SealFileError::NotAKeyFile(path.to_path_buf()))
}

/// The first line of the file, without its line break.
fn passphrase(path: &Path, parameters: &PassphraseParameters) -> Result<PassphraseSeal, SealFileError> {
    let file = read(path)?;
    let line = file.reveal().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    PassphraseSeal::new(&Plaintext::new(line.to_vec()), parameters)
        .map_err(|_| SealFileError::Passphrase(path.to_path_buf()))
}

fn read(path: &Path) -> Result<Plaintext, SealFileError> {
    fs::read(path).map(Plaintext::new).map_err(|error| SealFileError::Io(path.to_path_buf(), error))
}

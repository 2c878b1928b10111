//! A root user's access key, on its way to the operator: into a new file, or to standard output. It is shown once.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use server::RootCredentials;

/// Where a root user's access key goes.
pub(crate) enum Destination {
    /// Into a file.
    In(CredentialsFile),
    /// To standard output.
    Out,
}

/// A new file that only its owner reads. It is there before the access key is, so that no access key is without a place
/// to go; it is gone if there is none in the end.
pub(crate) struct CredentialsFile {
    path: PathBuf,
    file: File,
    written: bool,
}

impl Destination {
    /// Into the file, if there is one.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::AlreadyExists`] if there is a file of that name.
    pub(crate) fn new(file: Option<&Path>) -> io::Result<Self> {
        file.map_or(Ok(Self::Out), |path| CredentialsFile::create(path).map(Self::In))
    }

    /// Shows an access key as an AWS credentials file and nothing else.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(self, root: &RootCredentials) -> io::Result<()> {
        match self {
            Self::Out => profile(root, &mut io::stdout().lock()),
            Self::In(mut credentials) => {
                profile(root, &mut credentials.file)?;
                credentials.file.sync_all()?;
                credentials.written = true;
                Ok(())
            }
        }
    }
}

impl CredentialsFile {
    fn create(path: &Path) -> io::Result<Self> {
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(told)?;
        Ok(Self { path: path.to_owned(), file, written: false })
    }
}

impl Drop for CredentialsFile {
    fn drop(&mut self) {
        if !self.written {
            // It is empty, and somebody may look at it first.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes a profile of an AWS credentials file.
fn profile(root: &RootCredentials, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "[default]\naws_access_key_id = {}\naws_secret_access_key = ", root.access_key_id)?;
    out.write_all(root.secret_access_key.reveal())?;
    writeln!(out)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use model::arn::AccountId;
    use secret::Plaintext;

    use super::*;

    fn root() -> RootCredentials {
        RootCredentials {
            account: AccountId::from_u64(111_122_223_333).unwrap(),
            access_key_id: "AKIA".to_owned(),
            secret_access_key: Plaintext::new(b"s3cret".to_vec()),
        }
    }

    #[test]
    fn only_the_owner_reads_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.ini");
        Destination::new(Some(&path)).unwrap().write(&root()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s3cret\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = Destination::new(Some(&path)).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("root.ini"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }

    #[test]
    fn without_an_access_key_there_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.ini");
        drop(Destination::new(Some(&path)).unwrap());
        assert!(!path.exists());
    }
}

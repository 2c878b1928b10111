//! Ways in which a program gets a secret. None of them is its arguments, which everybody on the machine can read.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, Seek, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{
            ffi::OsStringExt,
            fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
        },
    },
    path::{Path, PathBuf},
    str::FromStr,
};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create, statfs};
use secret::Plaintext;

use crate::ending::ClientFailure;

/// The name by which a program knows a secret: that of a variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyName(String);

/// How a program gets a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a file descriptor of memory.
    Fd,
    /// By a file in memory.
    File,
    /// In a variable.
    Env,
}

/// A record, and how a program gets what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOption {
    pub(crate) name: KeyName,
    pub(crate) record: PathBuf,
    pub(crate) way: Way,
}

/// A secret where the program finds it, and keeps finding it as long as this lives.
pub(crate) enum HandedOver {
    Fd(OwnedFd),
    File(TemporaryFile),
    Env(Plaintext),
}

impl HandedOver {
    /// Puts a secret where a program finds it. Files come into `folder`.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that the folder is on a disk; that the secret cannot stand in a variable.
    pub(crate) fn put(
        secret: Plaintext,
        name: &KeyName,
        way: Way,
        folder: &SecretFolder,
    ) -> Result<Self, ClientFailure> {
        let failed = |error: io::Error| ClientFailure::Use(format!("{name}: {error}"));
        match way {
            Way::Fd => in_memory(&name.0, &secret).map(Self::Fd).map_err(failed),
            Way::File => folder.write(name, &secret).map(Self::File),
            Way::Env if secret.reveal().contains(&0) => {
                let why =
                    "the secret has a zero byte, and cannot stand in a variable: use `{hex}` in a template";
                Err(ClientFailure::Use(format!("{name}: {why}")))
            }
            Way::Env => Ok(Self::Env(secret)),
        }
    }

    /// What the variable of its name has.
    pub(crate) fn variable(&self) -> OsString {
        match self {
            Self::Env(secret) => OsString::from_vec(secret.reveal().to_vec()),
            Self::Fd(_) | Self::File(_) => self.path().unwrap_or_default(),
        }
    }

    /// The path that a program opens, which is no secret.
    pub(crate) fn path(&self) -> Option<OsString> {
        match self {
            Self::Fd(fd) => Some(format!("/proc/self/fd/{}", fd.as_raw_fd()).into()),
            Self::File(file) => Some(file.0.clone().into_os_string()),
            Self::Env(_) => None,
        }
    }
}

/// A sealed file of memory, which a program that is started inherits.
///
/// # Errors
/// What the system says.
pub(crate) fn in_memory(name: &str, secret: &Plaintext) -> io::Result<OwnedFd> {
    let fd = memfd_create(name, MemfdFlags::ALLOW_SEALING)?;
    let mut file = fs::File::from(fd);
    file.write_all(secret.reveal())?;
    // A program may give its privileges up before it opens the path: whoever may see its descriptors may read.
    file.set_permissions(Permissions::from_mode(0o444))?;
    file.rewind()?;
    fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(file.into())
}

/// A folder in memory, for files that only their owner reads.
pub(crate) struct SecretFolder {
    within: PathBuf,
    /// A part of its name that nobody guesses.
    unique: String,
}

/// A file, removed with its folder when this is dropped.
pub(crate) struct TemporaryFile(PathBuf);

/// What `statfs` says of file systems that are in memory (statfs(2)): tmpfs and ramfs.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

impl SecretFolder {
    /// A folder within another one, made when the first file is.
    pub(crate) fn within(folder: PathBuf, unique: String) -> Self {
        Self { within: folder, unique }
    }

    fn write(&self, name: &KeyName, secret: &Plaintext) -> Result<TemporaryFile, ClientFailure> {
        let failed = |error: io::Error| ClientFailure::Use(format!("`{}`: {error}", self.within.display()));
        let kind = statfs(&self.within).map_err(|error| failed(error.into()))?.f_type;
        if !IN_MEMORY.contains(&kind) {
            let why = "it is on a disk, where a secret would stay: name another with --dir";
            return Err(ClientFailure::Use(format!("`{}`: {why}", self.within.display())));
        }
        let folder = self.within.join(format!("keywright-{}-{}", self.unique, name.0));
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let file = TemporaryFile(folder.join(&name.0));
        let mut opened =
            OpenOptions::new().write(true).create_new(true).mode(0o400).open(&file.0).map_err(failed)?;
        opened.write_all(secret.reveal()).map_err(failed)?;
        Ok(file)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        if let Some(folder) = self.0.parent() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Fills the places of an argument with paths.
///
/// # Errors
/// [`ClientFailure::Use`] if it has a place for a secret that has no path.
pub(crate) fn filled(
    argument: &OsStr,
    delivered: &[(KeyName, HandedOver)],
) -> Result<OsString, ClientFailure> {
    let Some(text) = argument.to_str() else { return Ok(argument.to_owned()) };
    let mut filled = text.to_owned();
    for (name, secret) in delivered {
        let place = format!("{{{name}}}");
        if !filled.contains(&place) {
            continue;
        }
        let path = secret.path().ok_or_else(|| {
            ClientFailure::Use(format!("{place}: arguments are public: use `fd` or `file` instead of `env`"))
        })?;
        filled = filled.replace(&place, &path.to_string_lossy());
    }
    Ok(filled.into())
}

impl FromStr for KeyOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, rest) =
            text.split_once('=').ok_or("expected NAME=FILE:fd, NAME=FILE:file or NAME=FILE:env")?;
        let (record, way) = match rest.rsplit_once(':') {
            Some((record, "fd")) => (record, Way::Fd),
            Some((record, "file")) => (record, Way::File),
            Some((record, "env")) => (record, Way::Env),
            _ => (rest, Way::Fd),
        };
        if record.is_empty() {
            return Err("expected a file".to_owned());
        }
        Ok(Self { name: name.parse()?, record: record.into(), way })
    }
}

impl FromStr for KeyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let good = first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if good { Ok(Self(text.to_owned())) } else { Err(format!("`{text}` is no name of a variable")) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<OsStr> for KeyName {
    fn as_ref(&self) -> &OsStr {
        OsStr::new(&self.0)
    }
}

/// The folder for files, unless one is named: that of the user's session, else the machine's.
pub(crate) fn usual_folder(runtime_dir: Option<OsString>) -> PathBuf {
    runtime_dir.filter(|dir| !dir.is_empty()).map_or_else(|| Path::new("/dev/shm").to_owned(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: &[u8]) -> Plaintext {
        Plaintext::new(bytes.to_vec())
    }

    fn name(text: &str) -> KeyName {
        text.parse().unwrap()
    }

    fn folder(within: &str) -> SecretFolder {
        SecretFolder::within(within.into(), format!("test-{}", std::process::id()))
    }

    #[test]
    fn options_name_a_variable_a_record_and_a_way() {
        let option = |text: &str| {
            text.parse::<KeyOption>()
                .map(|option| (option.name.0, option.record.display().to_string(), option.way))
        };
        assert_eq!(option("K=a.json:env"), Ok(("K".into(), "a.json".into(), Way::Env)));
        assert_eq!(option("K=/a:b.json"), Ok(("K".into(), "/a:b.json".into(), Way::Fd)));
        assert_eq!(option("K_1=a=b:file"), Ok(("K_1".into(), "a=b".into(), Way::File)));
        for wrong in ["K", "=a", "1K=a", "K-1=a", "K=:fd", "K=", "LD PRELOAD=a"] {
            assert!(option(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn memory_is_sealed_and_can_be_read_twice() {
        let delivered = HandedOver::put(secret(b"s3cret"), &name("K"), Way::Fd, &folder("/dev/shm")).unwrap();
        let path = delivered.path().unwrap();
        for _ in 0..2 {
            assert_eq!(fs::read(&path).unwrap(), b"s3cret");
        }
        let HandedOver::Fd(fd) = delivered else { panic!("no descriptor") };
        assert!(rustix::io::write(&fd, b"other").is_err());
        assert!(rustix::fs::ftruncate(&fd, 0).is_err());
    }

    #[test]
    fn a_file_is_for_its_owner_and_goes() {
        let delivered =
            HandedOver::put(secret(b"s3cret"), &name("FILE_K"), Way::File, &folder("/dev/shm")).unwrap();
        let path = PathBuf::from(delivered.path().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"s3cret");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o400, 0o700));
        drop(delivered);
        assert!(!path.parent().unwrap().exists());
    }

    #[test]
    fn a_file_is_not_put_on_a_disk() {
        let failure = folder("/proc").write(&name("K"), &secret(b"s3cret")).map(|_| ()).unwrap_err();
        assert!(failure.to_string().contains("--dir"), "{failure}");
    }

    #[test]
    fn arguments_get_paths_and_never_secrets() {
        let in_variable =
            HandedOver::put(secret(b"s3cret"), &name("E"), Way::Env, &folder("/dev/shm")).unwrap();
        let in_memory = HandedOver::put(secret(b"s3cret"), &name("F"), Way::Fd, &folder("/dev/shm")).unwrap();
        let path = in_memory.path().unwrap().into_string().unwrap();
        let delivered = [(name("E"), in_variable), (name("F"), in_memory)];
        let fill = |text: &str| filled(OsStr::new(text), &delivered);
        assert_eq!(fill("--key={F},{F}{x}").unwrap().to_str().unwrap(), format!("--key={path},{path}{{x}}"));
        assert!(fill("--key={E}").is_err());
        let zero = HandedOver::put(secret(b"a\0b"), &name("E"), Way::Env, &folder("/dev/shm"));
        assert!(zero.is_err());
    }
}

//! The data directory: what lies where in it.
//!
//! ```text
//! keywright-data/          keywright-data.seal-key    (beside it, unless the seal is a passphrase)
//!   node                   id of this node, 32 hexadecimal digits
//!   store/                 keys, policies, identities
//!   journal/               records
//!   export/                how far events were handed on
//!   index/                 where lookups find them; made again if it is lost
//!   digests/               copies of signed digests
//!   reserve                room that is given up when a full disk is in the way of a start
//!   tls/                   certificates, if made by `keywright init --tls`
//!   development            only there if `keywright dev` made the directory
//! ```

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use store::{SqliteStore, StoreOpenError};
use strongroom::Entropy;

/// A data directory.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

/// Opening a closed SQLite database makes an index of its log, of 32 KiB, and the log.
const RESERVE_BYTES: usize = 256 * 1024;

impl DataDir {
    /// The directory at `path`, which need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    /// Where the store is.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// Where the journal is.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// Where it is kept how far events were handed on.
    #[must_use]
    pub fn exports(&self) -> PathBuf {
        self.0.join("export")
    }

    /// Where the files of the journal's index are.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// Where copies of signed digests are.
    #[must_use]
    pub fn digests(&self) -> PathBuf {
        self.0.join("digests")
    }

    /// Whether `keywright dev` made the directory. It is then good for nothing else: anybody could have used it.
    #[must_use]
    pub fn is_for_development(&self) -> bool {
        self.mark().exists()
    }

    /// Marks the directory as made by `keywright dev`.
    ///
    /// # Errors
    /// What the system says.
    pub fn mark_for_development(&self) -> io::Result<()> {
        write_private(&self.mark(), b"Made by `keywright dev`. Whoever could reach it could use its keys.\n")
    }

    /// The key that seals a development's directory. It lies with what it seals, to be thrown away with it.
    #[must_use]
    pub fn development_seal(&self) -> PathBuf {
        self.0.join("development-seal-key")
    }

    fn mark(&self) -> PathBuf {
        self.0.join("development")
    }

    /// Opens the store. Opening takes a little room. On a full disk, the reserve is given up for it; the next start for
    /// which there is room puts the reserve back.
    ///
    /// # Errors
    /// [`StoreOpenError`].
    pub fn open_store(&self, options: store::Options) -> Result<SqliteStore, StoreOpenError> {
        let reserve = self.0.join("reserve");
        let opened = SqliteStore::open(&self.store(), options);
        match opened {
            // SQLite has several errors for a full disk. What has another cause fails again.
            Err(StoreOpenError::Io { .. } | StoreOpenError::Engine { .. })
                if fs::remove_file(&reserve).is_ok() =>
            {
                return SqliteStore::open(&self.store(), options);
            }
            Ok(_) if !reserve.exists() && write_private(&reserve, &[0; RESERVE_BYTES]).is_err() => {
                // It is put back another time. What was written of it is in the way until then.
                let _ = fs::remove_file(reserve.with_extension("draft"));
            }
            _ => {}
        }
        opened
    }

    /// Makes the directory, readable by its owner alone.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(&self) -> io::Result<()> {
        create_private_dir(&self.0)
    }

    /// The id of this node: the one that names its chain of records and its outbox.
    ///
    /// # Errors
    /// What the system says; a file that holds no id.
    pub fn node(&self, entropy: &dyn Entropy) -> io::Result<[u8; 16]> {
        let path = self.0.join("node");
        match fs::read_to_string(&path) {
            Ok(text) => parse_id(text.trim()).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} holds no node id", path.display()))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut id = [0; 16];
                entropy.fill(&mut id).map_err(|_| io::Error::other("the source of random bytes failed"))?;
                write_private(&path, format!("{}\n", base16ct::lower::encode_string(&id)).as_bytes())?;
                Ok(id)
            }
            Err(error) => Err(error),
        }
    }
}

/// Writes a file that only its owner can read, and makes sure that it is on disk. Never overwrites.
///
/// # Errors
/// What the system says, [`io::ErrorKind::AlreadyExists`] among it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    // A draft is left from a write that was interrupted, or somebody put it there. A file that is made anew (`O_EXCL`)
    // is nobody else's, and no link leads elsewhere.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // A link fails if the name is taken, where a rename would replace what is there.
    fs::hard_link(&draft, path)?;
    fs::remove_file(&draft)?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(parent)?.sync_all()
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn parse_id(text: &str) -> Option<[u8; 16]> {
    let digits = (text.len() == 32).then(|| u128::from_str_radix(text, 16).ok())?;
    digits.map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_node_keeps_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(&folder.path().join("data"));
        data.create().unwrap();
        let id = data.node(&SystemEntropy).unwrap();
        assert_eq!(data.node(&SystemEntropy).unwrap(), id);
        assert_ne!(id, [0; 16]);
    }

    #[test]
    fn the_reserve_is_given_up_for_a_full_disk_alone_and_put_back_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path());
        let reserve = folder.path().join("reserve");
        let open = || data.open_store(store::Options::default());
        let running = open().unwrap();
        assert_eq!(fs::metadata(&reserve).unwrap().len(), RESERVE_BYTES as u64);
        assert!(matches!(open(), Err(StoreOpenError::Locked { .. })));
        assert!(reserve.exists(), "the reserve of a server that runs stays");
        drop(running);
        // A folder where a file has to be is no full disk, but nobody can tell it from one.
        let elsewhere = folder.path().join("elsewhere");
        fs::rename(data.store(), &elsewhere).unwrap();
        fs::write(data.store(), b"").unwrap();
        assert!(matches!(open(), Err(StoreOpenError::Io { .. })));
        assert!(!reserve.exists(), "the room may be needed");
        fs::remove_file(data.store()).unwrap();
        fs::rename(&elsewhere, data.store()).unwrap();
        drop(open().unwrap());
        assert!(reserve.exists());
    }

    #[test]
    fn what_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_private(&path, b"one").unwrap();
        assert_eq!(write_private(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_in_the_place_of_a_draft_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, victim) = (folder.path().join("key"), folder.path().join("victim"));
        fs::write(&victim, b"theirs").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("key.draft")).unwrap();
        write_private(&path, b"ours").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), fs::read(&victim).unwrap()),
            (b"ours".to_vec(), b"theirs".to_vec())
        );
    }
}

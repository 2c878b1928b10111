//! The file of a catalog, who may read it, and the lock that keeps a second process away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::schema;
use crate::error::CatalogError;

/// Where a catalog is, or will be.
pub(super) struct Site {
    database: PathBuf,
}

/// The lock, held as long as the catalog is open. The operating system releases it when the process ends, however it
/// ends.
pub(super) struct CatalogLock {
    _file: File,
}

impl Site {
    pub(super) fn new(database: &Path) -> Self {
        Self { database: database.to_owned() }
    }

    pub(super) fn has_database(&self) -> Result<bool, CatalogError> {
        self.database.try_exists().map_err(|error| at(&self.database, &error))
    }

    /// Keeps other processes out.
    pub(super) fn lock(&self) -> Result<CatalogLock, CatalogError> {
        let path = self.beside("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private(&mut options).open(&path).map_err(|error| at(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(CatalogLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(CatalogError::Locked),
            Err(TryLockError::Error(error)) => Err(at(&path, &error)),
        }
    }

    /// Makes an empty catalog if there is none and `create` says so. The file gets its name when it is complete: an
    /// empty or broken file of that name is therefore damage, never a new catalog.
    pub(super) fn ensure_database(&self, create: bool) -> Result<(), CatalogError> {
        if self.has_database()? {
            return Ok(());
        }
        let log = self.beside("wal");
        if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
            return Err(CatalogError::Corrupt("the file is gone, but its log is there".to_owned()));
        }
        if !create {
            return Err(CatalogError::Missing);
        }
        self.create().map_err(|error| error.unwrap_or_else(|error| at(&self.database, &error)))
    }

    fn create(&self) -> Result<(), Result<CatalogError, io::Error>> {
        let draft = self.beside("new");
        for left_over in [&draft, &self.beside("new-journal")] {
            remove_if_there(left_over).map_err(Err)?;
        }
        private(OpenOptions::new().write(true).create_new(true)).open(&draft).map_err(Err)?;
        schema::create(&draft).map_err(Ok)?;
        fs::rename(&draft, &self.database).map_err(Err)?;
        let parent = self.database.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(Err)
    }

    /// A file beside the database, named as SQLite names its own.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.database.as_os_str().to_owned();
        name.push("-");
        name.push(ending);
        PathBuf::from(name)
    }
}

fn at(path: &Path, error: &io::Error) -> CatalogError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CatalogError::Full,
        _ => CatalogError::Unavailable(format!("`{}`: {error}", path.display())),
    }
}

/// SQLite gives its log the mode of its database, so this covers every file.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes new names durable. Elsewhere than on unix a directory cannot be synced, and need not be.
fn sync_directory(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

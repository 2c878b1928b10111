//! The files of a store, who may read them, and the lock that keeps a second process away.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::open_error::StoreOpenError;
use super::schema;

/// The directory that a store is in, or will be.
pub(super) struct Directory {
    path: PathBuf,
}

/// The lock, held as long as the store is open. The operating system releases it when the process ends, however it
/// ends.
pub(super) struct Lock {
    _file: File,
}

impl Directory {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("keywright.db")
    }

    /// Takes the lock, after making the directory if need be.
    pub(super) fn lock(&self, create: bool) -> Result<Lock, StoreOpenError> {
        if create {
            self.ensure_directory().map_err(at(&self.path))?;
        } else if !self.path.is_dir() {
            return Err(StoreOpenError::Missing { file: self.database() });
        }
        let path = self.path.join("keywright.lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private(&mut options).open(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreOpenError::Locked { file: path }),
            Err(TryLockError::Error(source)) => Err(StoreOpenError::Io { path, source }),
        }
    }

    /// Makes an empty store if there is none. The file gets its name when it is complete: an empty or broken file
    /// of that name is therefore damage, never a new store.
    pub(super) fn ensure_database(&self, create: bool) -> Result<(), StoreOpenError> {
        let database = self.database();
        if database.try_exists().map_err(at(&database))? {
            return keep_private(&database).map_err(at(&database));
        }
        // A tool that read a closed store may have left an empty log.
        let log = self.path.join("keywright.db-wal");
        if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0) {
            let what = "it is gone, but its log `keywright.db-wal` is there".to_owned();
            return Err(StoreOpenError::Corrupt { file: database, what });
        }
        if !create {
            return Err(StoreOpenError::Missing { file: database });
        }
        let draft = self.path.join("keywright.db.new");
        let draft_journal = self.path.join("keywright.db.new-journal");
        for left_over in [&draft, &draft_journal] {
            remove_if_there(left_over).map_err(at(left_over))?;
        }
        private(OpenOptions::new().write(true).create_new(true)).open(&draft).map_err(at(&draft))?;
        schema::create(&draft)?;
        fs::rename(&draft, &database).map_err(at(&database))?;
        sync_directory(&self.path).map_err(at(&self.path))
    }

    fn ensure_directory(&self) -> io::Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path)?;
        // The directory's name is an entry of the directory above.
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new(".")))
    }
}

fn at(path: &Path) -> impl Fn(io::Error) -> StoreOpenError {
    move |source| StoreOpenError::Io { path: path.to_owned(), source }
}

/// SQLite gives its log the mode of its database, so this covers every file.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Removes others' permissions from a database that came from elsewhere, such as a restored backup.
fn keep_private(database: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(database)?.permissions().mode();
        if mode & 0o077 != 0 {
            fs::set_permissions(database, fs::Permissions::from_mode(mode & 0o700))?;
        }
    }
    Ok(())
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

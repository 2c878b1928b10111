//! Why a store could not be opened, in an operator's words.

use std::path::PathBuf;
use std::{fmt, io};

/// The store could not be opened. Each text names the file, and says what to do where that is known.
#[derive(Debug)]
pub enum StoreOpenError {
    /// There is no store, and making one was not asked for.
    Missing {
        /// Where the store would be.
        file: PathBuf,
    },
    /// Another process has the store open.
    Locked {
        /// The lock file that it holds.
        file: PathBuf,
    },
    /// The file is a database of something else.
    NotAStore {
        /// The file.
        file: PathBuf,
    },
    /// The store was written by a newer Keywright.
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version that this Keywright knows.
        known: i64,
    },
    /// The file is damaged.
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system refused something.
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// SQLite refused something for another reason than damage.
    Engine {
        /// The file.
        file: PathBuf,
        /// SQLite's error.
        what: String,
    },
}

impl fmt::Display for StoreOpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { file } => write!(f, "there is no store at `{}`", file.display()),
            Self::Locked { file } => {
                let file = file.display();
                write!(f, "the store is in use by another process, which holds the lock file `{file}`")
            }
            Self::NotAStore { file } => {
                write!(f, "`{}` is an SQLite database, but not a Keywright store", file.display())
            }
            Self::Newer { file, found, known } => write!(
                f,
                "the store `{}` has schema version {found}, but this Keywright knows versions up to {known}: run \
                 the newer Keywright that wrote it",
                file.display()
            ),
            Self::Corrupt { file, what } => write!(
                f,
                "the store `{}` is damaged ({what}): restore it from a backup, and keep the damaged file and those \
                 beside it for examination",
                file.display()
            ),
            Self::Io { path, source } => write!(f, "cannot use `{}`: {source}", path.display()),
            Self::Engine { file, what } => write!(f, "cannot open the store `{}`: {what}", file.display()),
        }
    }
}

impl std::error::Error for StoreOpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

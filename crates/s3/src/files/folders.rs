//! Folders of the gateway's directory, and `unnamed` among them: what no row named at a start is there for a week.

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use catalog::FileId;

/// Seconds for which a part is kept that no row named at a start: a week.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;

/// The sealed parts that there are.
#[derive(Debug, Default)]
pub(crate) struct PresentParts {
    pub(crate) in_place: BTreeSet<FileId>,
    /// Those that no row named at an earlier start. In a bucket they are in their places too.
    pub(crate) unnamed: BTreeSet<FileId>,
}

/// The folder `unnamed`: a file for each part that no row named at a start. When the file came there, its week began.
#[derive(Debug, Clone)]
pub(crate) struct UnnamedParts(PathBuf);

impl UnnamedParts {
    /// The folder in this directory. Both are made if they are not there.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        if !directory.is_dir() {
            make_folder(directory)?;
            // Its name is an entry of the directory above.
            let above = directory.parent().filter(|above| !above.as_os_str().is_empty());
            sync_folder(above.unwrap_or(Path::new(".")))?;
        }
        let unnamed = directory.join("unnamed");
        make_folder(&unnamed)?;
        sync_folder(directory)?;
        Ok(Self(unnamed))
    }

    /// The parts that are in it.
    pub(crate) fn ids(&self) -> io::Result<BTreeSet<FileId>> {
        ids_in(&self.0)
    }

    /// Where a part is in it.
    pub(crate) fn path(&self, id: FileId) -> PathBuf {
        self.0.join(id.to_string())
    }

    /// Whether the week of a part is over.
    pub(crate) fn is_over(&self, id: FileId, now_seconds: i64) -> io::Result<bool> {
        Ok(fs::metadata(self.path(id))?.ctime() < now_seconds - KEPT_SECONDS)
    }
}

/// Makes a folder for the gateway alone, if it is not there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder survive a crash.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The parts whose names are in a folder, without what else lies there.
pub(crate) fn ids_in(folder: &Path) -> io::Result<BTreeSet<FileId>> {
    let mut ids = BTreeSet::new();
    for file in fs::read_dir(folder)? {
        ids.extend(file?.file_name().to_str().and_then(|name| name.parse::<FileId>().ok()));
    }
    Ok(ids)
}

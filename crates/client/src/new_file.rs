//! Files that have no name before they are whole.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, OpenOptionsExt, fchown},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, linkat, open, renameat_with},
    io::Errno,
};

/// A file that is being written. It gets its name from [`NewFile::finish`], and is gone without it.
pub(crate) struct NewFile {
    path: PathBuf,
    file: File,
    /// Its other name until then, where the file system has no files without one.
    temporary: Option<PathBuf>,
}

impl NewFile {
    /// Begins a file. `unique` is part of its name for the time being, where it needs one.
    ///
    /// # Errors
    /// What the system says; that there is such a file already.
    pub(crate) fn create(path: &Path, mode: u32, unique: &str) -> io::Result<Self> {
        // Nobody wants to hear of it after an hour.
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        match open(folder(path), flags, Mode::from_raw_mode(mode)) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: file.into(), temporary: None }),
            // open(2): what file systems and kernels answer that have no such files.
            Err(Errno::OPNOTSUPP | Errno::ISDIR) => Self::named(path, mode, unique),
            Err(error) => Err(error.into()),
        }
    }

    fn named(path: &Path, mode: u32, unique: &str) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let parts: [OsString; 5] =
            [".".into(), name.to_owned(), ".".into(), unique.into(), ".unfinished".into()];
        let temporary = folder(path).join(parts.into_iter().collect::<OsString>());
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        Ok(Self { path: path.to_owned(), file, temporary: Some(temporary) })
    }

    /// Puts bytes into the place of a file, whose mode and owner stay. After a crash there is the one or the other.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn replace(path: &Path, bytes: &[u8], unique: &str) -> io::Result<()> {
        let mut new = Self::named(path, 0o600, unique)?;
        new.write_all(bytes)?;
        let old = fs::metadata(path)?;
        // Whoever reads the old one reads the new one, also when root replaces the record of a service. By the descriptor: in a folder
        // of the service, the name may be another file's by now.
        fchown(&new.file, Some(old.uid()), Some(old.gid()))?;
        new.file.set_permissions(old.permissions())?;
        new.file.sync_all()?;
        if let Some(temporary) = new.temporary.take() {
            fs::rename(temporary, path)?;
        }
        sync_folder(path)
    }

    /// Puts bytes behind those that are there.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives the file its name, when all of it is on the disk.
    ///
    /// # Errors
    /// What the system says; that there is such a file by now. The file is gone then.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        match &self.temporary {
            // open(2), O_TMPFILE: the way for everybody to give such a file a name. It never takes one away.
            None => {
                let nameless = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                linkat(CWD, nameless, CWD, &self.path, AtFlags::SYMLINK_FOLLOW)?;
            }
            Some(temporary) => match renameat_with(CWD, temporary, CWD, &self.path, RenameFlags::NOREPLACE) {
                // So network file systems answer. A link never takes a name away either.
                Err(Errno::INVAL) => {
                    linkat(CWD, temporary, CWD, &self.path, AtFlags::empty())?;
                    fs::remove_file(temporary)?;
                }
                renamed => renamed?,
            },
        }
        self.temporary = None;
        sync_folder(&self.path)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Makes a name last.
///
/// # Errors
/// What the system says.
fn sync_folder(file: &Path) -> io::Result<()> {
    File::open(folder(file))?.sync_all()
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    type Created = fn(&Path, u32, &str) -> io::Result<NewFile>;
    const WAYS: [Created; 2] = [NewFile::create, NewFile::named];

    #[test]
    fn a_file_has_its_name_when_it_is_finished_and_not_before() {
        for create in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("f");
            let mut file = create(&path, 0o600, "1-2").unwrap();
            file.write_all(b"whole").unwrap();
            assert!(!path.exists());
            file.finish().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"whole");
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        for create in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let mut file = create(&folder.path().join("f"), 0o600, "1-2").unwrap();
            file.write_all(b"half").unwrap();
            drop(file);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn no_file_is_written_over() {
        for create in WAYS {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("f");
            let file = create(&path, 0o600, "1-2").unwrap();
            fs::write(&path, "of another").unwrap();
            assert_eq!(file.finish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&path).unwrap(), b"of another");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(NewFile::create(&link, 0o600, "1-2").is_err());
    }
}

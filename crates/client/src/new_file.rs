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
        let temporary = temporary_name(path, unique)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        Ok(Self { path: path.to_owned(), file, temporary: Some(temporary) })
    }

    /// Puts bytes into the place of a file, whose mode and owner stay. After a crash there is the one or the other.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn replace(path: &Path, bytes: &[u8], unique: &str) -> io::Result<()> {
        let seen = FileMark::of(path)?;
        let mut new = Replacement::begin(path, seen, unique)?;
        new.write_all(bytes)?;
        new.take_place()
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
            Some(temporary) => give_name(temporary, &self.path)?,
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

/// A file that is being written to take the place of another. Without [`Replacement::take_place`] it is gone.
pub(crate) struct Replacement {
    new: NewFile,
    seen: FileMark,
}

/// Which file has a name, and when it was changed last: another mark is another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileMark {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl FileMark {
    /// That of the file which has this name now.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let data = fs::metadata(path)?;
        let changed = (data.ctime(), data.ctime_nsec());
        Ok(Self { device: data.dev(), inode: data.ino(), bytes: data.len(), changed })
    }
}

impl Replacement {
    /// Begins a file for the place of the one that was seen there. `unique` is part of its name for the time being. What
    /// somebody left behind who began with the same `unique` is removed.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn begin(path: &Path, seen: FileMark, unique: &str) -> io::Result<Self> {
        match fs::remove_file(temporary_name(path, unique)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self { new: NewFile::named(path, 0o600, unique)?, seen }),
        }
    }

    /// Puts bytes behind those that are there.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.new.write_all(bytes)
    }

    /// Takes the place, with the mode and owner of the file that was there. After a crash there is the one or the other.
    ///
    /// # Errors
    /// What the system says; that the file is not the one that was seen.
    pub(crate) fn take_place(mut self) -> io::Result<()> {
        let Self { new, seen } = &mut self;
        let old = fs::metadata(&new.path)?;
        // Whoever reads the old one reads the new one, also when root replaces the record of a service. By the descriptor: in a folder
        // of the service, the name may be another file's by now.
        fchown(&new.file, Some(old.uid()), Some(old.gid()))?;
        new.file.set_permissions(old.permissions())?;
        new.file.sync_all()?;
        if FileMark::of(&new.path)? != *seen {
            return Err(io::Error::other("somebody else has changed it meanwhile"));
        }
        if let Some(temporary) = &new.temporary {
            fs::rename(temporary, &new.path)?;
        }
        new.temporary = None;
        sync_folder(&new.path)
    }
}

/// The name of a file for the time being.
/// Gives what is whole its name, and never takes that name away from something else.
///
/// # Errors
/// What the system says; that the name is taken.
pub(crate) fn give_name(temporary: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE) {
        // So network file systems answer. A link never takes a name away either.
        Err(Errno::INVAL) => {
            linkat(CWD, temporary, CWD, path, AtFlags::empty())?;
            fs::remove_file(temporary)
        }
        renamed => Ok(renamed?),
    }
}

/// A name for the time being, beside that which a file will have.
///
/// # Errors
/// The path has no name of a file.
pub(crate) fn temporary_name(path: &Path, unique: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let parts: [OsString; 5] = [".".into(), name.to_owned(), ".".into(), unique.into(), UNFINISHED.into()];
    Ok(folder(path).join(parts.into_iter().collect::<OsString>()))
}

/// How the names of files end that are not finished.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// Makes a name last.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
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

    #[test]
    fn what_was_changed_meanwhile_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        fs::write(&path, "old").unwrap();
        let seen = FileMark::of(&path).unwrap();
        // What an earlier try left behind is in nobody's way.
        fs::write(folder.path().join(".f.c1.unfinished"), "half").unwrap();
        let mut replacement = Replacement::begin(&path, seen, "c1").unwrap();
        replacement.write_all(b"new").unwrap();
        fs::write(folder.path().join("g"), "of another").unwrap();
        fs::rename(folder.path().join("g"), &path).unwrap();
        assert!(replacement.take_place().unwrap_err().to_string().contains("meanwhile"));
        assert_eq!(fs::read(&path).unwrap(), b"of another");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        let mut replacement = Replacement::begin(&path, FileMark::of(&path).unwrap(), "c1").unwrap();
        replacement.write_all(b"new").unwrap();
        replacement.take_place().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}

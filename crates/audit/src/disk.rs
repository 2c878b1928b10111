//! Where segment files live: the trait, and the real file system.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::JournalError;

/// Name of the file whose lock makes a journal's directory one process's own.
const LOCK_FILE: &str = "lock";

/// A flat directory of files. One journal owns it; names are the journal's.
pub trait Disk: Send + Sync {
    /// Names of all files, in any order.
    ///
    /// # Errors
    /// The system's.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A file's whole contents.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;

    /// Fills `buffer` with a file's bytes from `offset` on, and says how many there were: fewer where the file ends.
    ///
    /// # Errors
    /// The system's.
    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// How many bytes a file has.
    ///
    /// # Errors
    /// The system's.
    fn size(&self, name: &str) -> io::Result<u64>;

    /// Makes a new, empty file. The file survives a crash once [`Disk::sync_directory`] has returned.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::AlreadyExists`] if the name is taken.
    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Opens an existing file for writing.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>>;

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes creations and removals durable.
    ///
    /// # Errors
    /// The system's. What is durable is then unknown.
    fn sync_directory(&self) -> io::Result<()>;

    /// Bytes that can still be written; `None` if nobody knows.
    fn free_bytes(&self) -> Option<u64>;
}

/// A file open for writing.
pub trait DiskFile: Send {
    /// Writes all of `bytes` at `offset`, growing the file as needed.
    ///
    /// # Errors
    /// The system's. Any part of `bytes` may then have been written.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to `len` bytes.
    ///
    /// # Errors
    /// The system's.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Makes contents and length durable.
    ///
    /// # Errors
    /// The system's. What is durable is then unknown, and a later success would prove nothing: the kernel may have
    /// marked the pages clean (fsync(2); <https://wiki.postgresql.org/wiki/Fsync_Errors>).
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the file system, mode 0700, its files 0600.
#[derive(Debug)]
pub struct FsDisk {
    directory: PathBuf,
    /// Holds the exclusive lock for as long as the disk lives; `None` for a reader, which may not write.
    lock: Option<File>,
}

impl FsDisk {
    /// Takes a directory for writing, creating it if needed.
    ///
    /// # Errors
    /// [`JournalError::Locked`] if another process, or another `FsDisk`, has it; [`JournalError::Io`] otherwise.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let io = || JournalError::io(&directory.display().to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io())?;
        let lock = private().create(true).open(directory.join(LOCK_FILE)).map_err(io())?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { directory: directory.to_owned(), lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked),
            Err(TryLockError::Error(error)) => Err(io()(error)),
        }
    }

    /// Looks at a directory without taking it, also while a server writes there. Every operation that would change
    /// the directory fails with [`io::ErrorKind::PermissionDenied`].
    #[must_use]
    pub fn reader(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), lock: None }
    }

    fn writable(&self, name: &str) -> io::Result<PathBuf> {
        match self.lock {
            Some(_) => Ok(self.directory.join(name)),
            None => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

impl Disk for FsDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.directory.join(name))
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = File::open(self.directory.join(name))?;
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        Ok(std::fs::metadata(self.directory.join(name))?.len())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private().create_new(true).open(self.writable(name)?)?))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(private().open(self.writable(name)?)?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.writable(name)?)
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.directory).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

impl DiskFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        // fdatasync(2) includes the length, which is needed to read the data back.
        self.sync_data()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_has_one_writer_and_any_readers() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("audit");
        let disk = FsDisk::open(&path).unwrap();
        disk.create("a").unwrap().write_at(0, b"abc").unwrap();
        assert!(matches!(FsDisk::open(&path), Err(JournalError::Locked)));
        let reader = FsDisk::reader(&path);
        assert_eq!(reader.read("a").unwrap(), b"abc");
        assert_eq!(reader.create("b").err().unwrap().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(reader.remove("a").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        drop(disk);
        FsDisk::open(&path).unwrap();
    }

    #[test]
    fn files_are_the_owners_alone() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("audit");
        let disk = FsDisk::open(&path).unwrap();
        disk.create("a").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("a")), mode(&path.join(LOCK_FILE))), (0o700, 0o600, 0o600));
    }

    #[test]
    fn files_are_written_cut_and_removed() {
        let temporary = tempfile::tempdir().unwrap();
        let disk = FsDisk::open(temporary.path()).unwrap();
        let mut file = disk.create("a").unwrap();
        assert_eq!(disk.create("a").err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        file.write_at(0, b"abcdef").unwrap();
        file.truncate(4).unwrap();
        file.sync().unwrap();
        disk.open("a").unwrap().write_at(3, b"XY").unwrap();
        disk.sync_directory().unwrap();
        assert_eq!((disk.read("a").unwrap(), disk.size("a").unwrap()), (b"abcXY".to_vec(), 5));
        let mut three = [b'-'; 3];
        for (offset, expected) in [(1, "bcX"), (4, "YcX"), (9, "YcX")] {
            let read = disk.read_at("a", offset, &mut three).unwrap();
            assert_eq!(read, 5_usize.saturating_sub(offset as usize).min(3));
            assert_eq!(three, expected.as_bytes());
        }
        disk.remove("a").unwrap();
        assert_eq!(disk.list().unwrap(), [LOCK_FILE]);
        assert!(disk.free_bytes().unwrap() > 0);
    }
}

//! What has no name before it is whole: images and directories that programs of the system write.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    ending::ClientFailure,
    new_file::{give_name, sync_folder, temporary_name},
};

/// A file or a directory under another name than it will have. It is removed unless it is finished.
pub(super) struct Unfinished {
    temporary: PathBuf,
    path: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    /// A name for the time being, beside that which it will have. `unique` is part of it.
    ///
    /// # Errors
    /// [`ClientFailure::Use`] if the name is taken.
    pub(super) fn new(path: &Path, unique: &str) -> Result<Self, ClientFailure> {
        let wrong = |error: io::Error| ClientFailure::Use(format!("`{}`: {error}", path.display()));
        if fs::symlink_metadata(path).is_ok() {
            return Err(wrong(io::ErrorKind::AlreadyExists.into()));
        }
        let name = path.file_name().ok_or_else(|| wrong(io::ErrorKind::InvalidFilename.into()))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let parent = fs::canonicalize(parent).map_err(wrong)?;
        let path = parent.join(name);
        let temporary = temporary_name(&path, unique).map_err(wrong)?;
        Ok(Self { temporary, path, is_finished: false })
    }

    /// Where it is written.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Gives it its name, when it is on the disk.
    ///
    /// # Errors
    /// [`ClientFailure::Use`]: what the system says; that the name was taken meanwhile.
    pub(super) fn finish(mut self) -> Result<(), ClientFailure> {
        let named = fs::File::open(&self.temporary).and_then(|file| {
            file.sync_all()?;
            give_name(&self.temporary, &self.path)?;
            sync_folder(&self.path)
        });
        named.map_err(|error| ClientFailure::Use(format!("`{}`: {error}", self.path.display())))?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = fs::remove_file(&self.temporary).or_else(|_| fs::remove_dir_all(&self.temporary));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_its_name_when_it_is_finished_and_leaves_nothing_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        for _ in 0..2 {
            let unfinished = Unfinished::new(&path, "1-2").unwrap();
            fs::write(unfinished.temporary(), "half").unwrap();
        }
        let directory = Unfinished::new(&path, "1-2").unwrap();
        fs::create_dir(directory.temporary()).unwrap();
        drop(directory);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let (unfinished, late) = (Unfinished::new(&path, "1").unwrap(), Unfinished::new(&path, "2").unwrap());
        for (file, text) in [(&unfinished, "whole"), (&late, "late")] {
            fs::write(file.temporary(), text).unwrap();
        }
        unfinished.finish().unwrap();
        assert_eq!(late.finish().unwrap_err().code(), 1);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(Unfinished::new(&path, "1-2").map(drop).unwrap_err().code(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

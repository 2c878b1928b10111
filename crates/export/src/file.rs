//! A file that events are added to.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

/// How far back the end of the last whole line is looked for.
const TAIL_BYTES: u64 = 1024 * 1024;

/// A file that others may rotate: rename, remove, or copy and cut.
pub(crate) struct RotatedFile {
    path: PathBuf,
    file: Option<File>,
}

impl RotatedFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Adds whole lines: all of them, or none if that fails.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn add(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = self.current()?;
        let before = file.metadata()?;
        let added = file.write_all(lines);
        if added.is_err() && before.is_file() {
            // On a full disk a part of a line would stay.
            let _ = file.set_len(before.len());
        }
        added
    }

    /// Makes durable what was added.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        match &self.file {
            Some(file) if file.metadata()?.is_file() => file.sync_data(),
            _ => Ok(()),
        }
    }

    /// Opens the file again with the next addition.
    pub(crate) fn close(&mut self) {
        self.file = None;
    }

    /// The file that is at the path now.
    fn current(&mut self) -> io::Result<&mut File> {
        let is_same = |file: &File| {
            let (open, there) = (file.metadata(), fs::metadata(&self.path));
            open.ok()
                .zip(there.ok())
                .is_some_and(|(open, there)| (open.dev(), open.ino()) == (there.dev(), there.ino()))
        };
        let kept = self.file.take().filter(is_same);
        let file = match kept {
            Some(file) => file,
            None => self.open()?,
        };
        Ok(self.file.insert(file))
    }

    fn open(&self) -> io::Result<File> {
        let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path);
        let mut file = opened
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))?;
        if file.metadata()?.is_file() {
            cut_torn_line(&mut file)?;
        }
        Ok(file)
    }
}

/// Removes the part of a line that a kill left at the end; its event comes again. Where no line ends for long, the file is
/// somebody else's, and is left as it is.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let len = file.metadata()?.len();
    let from = len.saturating_sub(TAIL_BYTES);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    match tail.iter().rposition(|byte| *byte == b'\n') {
        Some(end) if end + 1 < tail.len() => file.set_len(from + end as u64 + 1),
        Some(_) => Ok(()),
        None if tail.is_empty() => Ok(()),
        None => file.write_all(b"\n"),
    }
}

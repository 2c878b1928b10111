//! How far an export came: the last record of which everything was handed on, with its chain value. The chain value tells whether
//! the journal is still the one that was followed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use audit::{Disk, Journal, Milestone, milestone};

/// A cursor, and the file where it is kept.
pub(crate) struct Cursor {
    path: PathBuf,
    /// `None` before the first record.
    at: Option<Milestone>,
}

impl Cursor {
    /// The cursor of the export of this name. A new one stands at the end of what is durable in the journal.
    ///
    /// # Errors
    /// What the system says; a file that holds no cursor.
    pub(crate) fn open(folder: &Path, name: &str, journal: &Journal, disk: &dyn Disk) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(format!("{name}.cursor"));
        let end = || {
            let last = journal.synced_sequence().saturating_sub(1);
            milestone(disk, last).map_err(|error| io::Error::other(error.to_string()))
        };
        let mut cursor = Self { at: None, path };
        match fs::read_to_string(&cursor.path) {
            Ok(text) => cursor.at = cursor.parse(text.trim())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                cursor.at = end()?;
                cursor.write()?;
            }
            Err(error) => return Err(error),
        }
        cursor.look_whether_the_journal_is_the_same(name, disk);
        Ok(cursor)
    }

    /// The sequence number of the record that is handed on next.
    pub(crate) fn next(&self) -> u64 {
        self.at.map_or(1, |at| at.sequence.saturating_add(1))
    }

    /// Keeps that everything up to a record was handed on.
    ///
    /// # Errors
    /// What the system says. The cursor in the file is then the old one.
    pub(crate) fn save(&mut self, at: Milestone) -> io::Result<()> {
        self.at = Some(at);
        self.write()
    }

    /// Replaces the file as a whole: after a crash there is the old or the new one (rename(2), after fsync(2)).
    fn write(&self) -> io::Result<()> {
        let draft = self.path.with_extension("draft");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        match self.at {
            Some(at) => writeln!(file, "{at}")?,
            None => writeln!(file, "{BEGINNING}")?,
        }
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    fn parse(&self, text: &str) -> io::Result<Option<Milestone>> {
        if text == BEGINNING {
            return Ok(None);
        }
        let parsed = text.parse().map(Some);
        parsed.map_err(|_| io::Error::other(format!("{} holds no cursor", self.path.display())))
    }

    /// A journal that was put back, or is another one, is handed on from its beginning: rather twice than never.
    fn look_whether_the_journal_is_the_same(&mut self, name: &str, disk: &dyn Disk) {
        let Some(at) = self.at else { return };
        let moved_away = audit::segments(disk)
            .is_ok_and(|segments| segments.first().is_some_and(|first| *first > at.sequence));
        if !moved_away && !milestone(disk, at.sequence).is_ok_and(|found| found == Some(at)) {
            tracing::error!(
                export = name,
                record = at.sequence,
                "the journal is not the one that was handed on before, and is handed on from its beginning"
            );
            self.at = None;
        }
    }
}

/// What a cursor's file has before the first record.
const BEGINNING: &str = "beginning";

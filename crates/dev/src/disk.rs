//! A journal's disk that keeps the last records only: a server that lives in memory must not fill it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use audit::{Disk, DiskFile};

/// Size of a segment.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Segments kept; opening a journal needs two.
const FILES_MAX: usize = 2;

/// Files in memory, the two newest of them.
#[derive(Clone, Default)]
pub(crate) struct ShortDisk(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

struct ShortFile {
    disk: ShortDisk,
    name: String,
}

impl ShortDisk {
    fn files(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, name: &str) -> Box<dyn DiskFile> {
        Box::new(ShortFile { disk: self.clone(), name: name.to_owned() })
    }
}

impl Disk for ShortDisk {
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.files().keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.files().get(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let files = self.files();
        let contents = files.get(name).ok_or(io::ErrorKind::NotFound)?;
        let rest = usize::try_from(offset).ok().and_then(|offset| contents.get(offset..));
        rest.unwrap_or_default().read(buffer)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        self.files()
            .get(name)
            .map(|contents| contents.len() as u64)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut files = self.files();
        if files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        files.insert(name.to_owned(), Vec::new());
        // Names of segments are in the order of their records.
        while files.len() > FILES_MAX {
            files.pop_first();
        }
        Ok(self.file(name))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        if self.files().contains_key(name) {
            Ok(self.file(name))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.files().remove(name).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for ShortFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.disk.files();
        let file = files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // The journal writes at the end, and again over what it cut off.
        file.resize(start, 0);
        file.extend_from_slice(bytes);
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.disk.files().get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?.truncate(len);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_goes_on_while_old_segments_are_forgotten() {
        let disk = ShortDisk::default();
        let options = audit::Options { segment_bytes_max: 1000, ..audit::Options::new([1; 16]) };
        let (journal, _) = audit::Journal::open(Arc::new(disk.clone()), options).unwrap();
        for number in 0..200_u8 {
            journal.hand_over(&[number; 100]).unwrap();
            // One group is one write: without a pause all would be in one segment.
            while journal.health() == audit::JournalHealth::Good && disk.files().values().all(Vec::is_empty) {
                std::thread::yield_now();
            }
        }
        journal.close().unwrap();
        assert!(disk.list().unwrap().len() <= FILES_MAX);
        let mut last = 0;
        audit::verify(&disk, &mut |_, payload| last = payload[0]).unwrap();
        assert_eq!(last, 199);
        audit::Journal::open(Arc::new(disk), options).unwrap();
    }
}

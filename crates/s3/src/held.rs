//! Files that are read stay until they are read to the end, also when no row names them any more: a read that has begun gets the whole
//! of its object, whatever is put in the object's place meanwhile.

use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use catalog::FileId;

use crate::files::{DataFiles, FileError};

/// The files of objects, with what is known of their readers.
#[derive(Clone)]
pub(crate) struct ObjectFiles {
    files: DataFiles,
    reads: Arc<Mutex<ReadsUnderWay>>,
}

#[derive(Debug, Default)]
struct ReadsUnderWay {
    /// How many read a file.
    readers: HashMap<FileId, u32>,
    /// Files that no row names: they wait for their last reader, or are being removed.
    leaving: HashSet<FileId>,
}

/// Files that stay as long as this lives.
pub(crate) struct HeldFiles {
    files: ObjectFiles,
    ids: Vec<FileId>,
}

impl ObjectFiles {
    /// Those that lie there.
    pub(crate) fn new(files: DataFiles) -> Self {
        Self { files, reads: Arc::default() }
    }

    /// Holds the files of an object.
    ///
    /// # Errors
    /// [`FileError::Gone`] if one of them is on its way out: the object's row is not what it was.
    pub(crate) fn hold(&self, ids: Vec<FileId>) -> Result<HeldFiles, FileError> {
        let mut reads = self.reads();
        if ids.iter().any(|id| reads.leaving.contains(id)) {
            return Err(FileError::Gone);
        }
        for id in &ids {
            *reads.readers.entry(*id).or_default() += 1;
        }
        Ok(HeldFiles { files: self.clone(), ids })
    }

    /// Removes files that no row names, off the way of the answer, and those that are read behind their last reader.
    pub(crate) fn forget(&self, ids: Vec<FileId>) {
        let mut reads = self.reads();
        reads.leaving.extend(&ids);
        let unread = ids.into_iter().filter(|id| !reads.readers.contains_key(id)).collect();
        drop(reads);
        self.take_away(unread);
    }

    /// How many files wait for their last reader, or are being removed.
    pub(crate) fn leaving(&self) -> usize {
        self.reads().leaving.len()
    }

    /// Nothing panics under this lock.
    fn reads(&self) -> MutexGuard<'_, ReadsUnderWay> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_away(&self, ids: Vec<FileId>) {
        if ids.is_empty() {
            return;
        }
        let files = self.clone();
        tokio::spawn(async move {
            files.remove(ids.clone()).await;
            let mut reads = files.reads();
            for id in &ids {
                reads.leaving.remove(id);
            }
        });
    }
}

impl Drop for HeldFiles {
    fn drop(&mut self) {
        let mut reads = self.files.reads();
        let ReadsUnderWay { readers, leaving } = &mut *reads;
        self.ids.retain(|id| {
            let left = readers.get(id).map_or(0, |readers| readers - 1);
            if left > 0 {
                readers.insert(*id, left);
            } else {
                readers.remove(id);
            }
            left == 0 && leaving.contains(id)
        });
        drop(reads);
        self.files.take_away(std::mem::take(&mut self.ids));
    }
}

impl Deref for ObjectFiles {
    type Target = DataFiles;

    fn deref(&self) -> &DataFiles {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_read_goes_behind_its_last_reader() {
        let directory = tempfile::tempdir().unwrap();
        let files = ObjectFiles::new(DataFiles::in_directory(directory.path()).unwrap());
        let [one, other] = [1, 2].map(|number| FileId([number; 16]));
        let path = |id: FileId| {
            directory.path().join("data").join(id.to_string().split_at(2).0).join(id.to_string())
        };
        for id in [one, other] {
            fs::write(path(id), "sealed").unwrap();
        }
        let held = files.hold(vec![one, other]).unwrap();
        let held_too = files.hold(vec![one]).unwrap();
        files.forget(vec![one, other]);
        assert!(files.hold(vec![other]).is_err(), "no row names it");
        drop(held);
        while path(other).exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(path(one).exists(), "it is still read");
        drop(held_too);
        while path(one).exists() || files.leaving() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(files.reads().readers.is_empty());
    }
}

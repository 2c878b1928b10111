//! A disk in memory, which can be full, fail and lose power: for tests, simulation and a server that keeps nothing.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::disk::{Disk, DiskFile};

/// Bytes that a power loss keeps or loses as a whole.
const SECTOR: usize = 512;

/// Files in memory. Clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Shared>);

/// How a [`MemoryDisk`] loses what had not been synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process ends; the system writes everything out.
    Process,
    /// Power fails. Of what changed in each file since its last sync, this many bytes are kept, from the first
    /// change on.
    Prefix(usize),
    /// Power fails. The seed decides whether each unsynced sector of 512 bytes is old or new, and picks a length
    /// between the old and the new one.
    Sectors(u64),
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Contents>,
    faults: Faults,
    writes: u64,
    syncs: u64,
}

#[derive(Clone, Default)]
struct Contents {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Where the two differ.
    changed: Option<Range<usize>>,
    /// The directory entry is durable.
    linked: bool,
}

#[derive(Default)]
struct Faults {
    bytes_max: Option<usize>,
    /// Writes until one fails, and how much of it is done.
    write: Option<(u64, usize)>,
    sync: Option<u64>,
    truncate: bool,
    hold_syncs: bool,
    sync_time: Duration,
}

struct MemoryFile {
    disk: MemoryDisk,
    name: String,
}

impl MemoryDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits all files together to this many bytes. A write beyond the limit is cut short and fails.
    pub fn set_bytes_max(&self, bytes_max: Option<usize>) {
        self.lock().faults.bytes_max = bytes_max;
    }

    /// Makes one write fail with an input/output error after `written` of its bytes: the next write if `after` is
    /// 0, and so on.
    pub fn fail_write(&self, after: u64, written: usize) {
        self.lock().faults.write = Some((after, written));
    }

    /// Makes one sync of a file fail, with nothing made durable: the next sync if `after` is 0, and so on.
    pub fn fail_sync(&self, after: u64) {
        self.lock().faults.sync = Some(after);
    }

    /// Makes truncating fail until told otherwise.
    pub fn fail_truncate(&self, fails: bool) {
        self.lock().faults.truncate = fails;
    }

    /// Makes each sync take this long.
    pub fn set_sync_time(&self, time: Duration) {
        self.lock().faults.sync_time = time;
    }

    /// Makes syncs wait until told otherwise.
    pub fn hold_syncs(&self, hold: bool) {
        self.lock().faults.hold_syncs = hold;
        self.0.released.notify_all();
    }

    /// How many writes have been tried.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.lock().writes
    }

    /// How many syncs of files have been begun.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// Changes a file's bytes behind everyone's back, durably. Does nothing if there is no such file.
    pub fn tamper(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(contents) = self.lock().files.get_mut(name) {
            change(&mut contents.now);
            contents.durable.clone_from(&contents.now);
            contents.changed = None;
        }
    }

    /// The disk as the next start would find it if the machine failed now: as large, and without other faults. The old disk
    /// lives on beside it.
    #[must_use]
    pub fn crashed(&self, crash: Crash) -> Self {
        let mut random = Random(match crash {
            Crash::Sectors(seed) => seed,
            Crash::Process | Crash::Prefix(_) => 0,
        });
        let mut files = BTreeMap::new();
        for (name, contents) in &self.lock().files {
            let left = match crash {
                Crash::Process => contents.now.clone(),
                // The directory entry may or may not have been written. Here it is lost.
                _ if !contents.linked => continue,
                Crash::Prefix(kept) => contents.cut(kept),
                Crash::Sectors(_) => contents.torn(&mut random),
            };
            let contents = Contents { durable: left.clone(), now: left, changed: None, linked: true };
            files.insert(name.clone(), contents);
        }
        let faults = Faults { bytes_max: self.lock().faults.bytes_max, ..Faults::default() };
        let state = Mutex::new(State { files, faults, ..State::default() });
        Self(Arc::new(Shared { state, ..Shared::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    /// Bytes from `from` to `to` were written, or the file was cut or lengthened there.
    fn change(&mut self, from: usize, to: usize) {
        let before = self.changed.take().unwrap_or(from..to);
        self.changed = Some(before.start.min(from)..before.end.max(to));
    }

    fn sync(&mut self) {
        let Some(Range { start, end }) = self.changed.take() else { return };
        self.durable.resize(self.now.len(), 0);
        let end = end.min(self.now.len());
        if let (Some(to), Some(from)) = (self.durable.get_mut(start..end), self.now.get(start..end)) {
            to.copy_from_slice(from);
        }
    }

    fn cut(&self, kept: usize) -> Vec<u8> {
        let same = self.durable.iter().zip(&self.now).take_while(|(old, new)| old == new).count();
        let end = (same + kept).min(self.now.len());
        let (new, old) = (self.now.get(..end), self.durable.get(end..));
        [new.unwrap_or_default(), old.unwrap_or_default()].concat()
    }

    fn torn(&self, random: &mut Random) -> Vec<u8> {
        let shortest = self.durable.len().min(self.now.len());
        let longest = self.durable.len().max(self.now.len());
        let len = shortest + random.below(longest - shortest + 1);
        let mut left = Vec::with_capacity(len);
        while left.len() < len {
            let sector_end = (left.len() / SECTOR + 1) * SECTOR;
            let source = if random.below(2) == 0 { &self.durable } else { &self.now };
            while left.len() < len.min(sector_end) {
                left.push(source.get(left.len()).copied().unwrap_or(0));
            }
        }
        left
    }
}

impl State {
    fn used(&self) -> usize {
        self.files.values().map(|contents| contents.now.len()).sum()
    }

    /// How many bytes may be written by a write of `len` bytes that makes a file grow by `growth`, and the error if
    /// that is not all.
    fn permit(&mut self, len: usize, growth: usize) -> (usize, io::Result<()>) {
        if let Some((after, written)) = self.faults.write.take() {
            if after == 0 {
                return (written.min(len), Err(io::Error::other("injected write error")));
            }
            self.faults.write = Some((after - 1, written));
        }
        let missing = match self.faults.bytes_max {
            Some(bytes_max) => (self.used() + growth).saturating_sub(bytes_max).min(len),
            None => 0,
        };
        let result = if missing > 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) };
        (len - missing, result)
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.lock().files.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.lock();
        state.files.get(name).map(|contents| contents.now.clone()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn read_at(&self, name: &str, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.lock();
        let contents = &state.files.get(name).ok_or(io::ErrorKind::NotFound)?.now;
        let rest = usize::try_from(offset).ok().and_then(|offset| contents.get(offset..));
        rest.unwrap_or_default().read(buffer)
    }

    fn size(&self, name: &str) -> io::Result<u64> {
        let state = self.lock();
        let contents = state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(contents.now.len() as u64)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.lock();
        if state.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.files.insert(name.to_owned(), Contents::default());
        Ok(Box::new(MemoryFile { disk: self.clone(), name: name.to_owned() }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        if self.lock().files.contains_key(name) {
            Ok(Box::new(MemoryFile { disk: self.clone(), name: name.to_owned() }))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.lock().files.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.lock().files.values_mut().for_each(|contents| contents.linked = true);
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        let state = self.lock();
        let bytes_max = state.faults.bytes_max?;
        u64::try_from(bytes_max.saturating_sub(state.used())).ok()
    }
}

impl DiskFile for MemoryFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut state = self.disk.lock();
        state.writes += 1;
        let before = state.files.get(&self.name).map_or(0, |contents| contents.now.len());
        let (done, result) = state.permit(bytes.len(), (offset + bytes.len()).saturating_sub(before));
        let contents = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let end = offset + done;
        if contents.now.len() < end {
            contents.now.resize(end, 0);
        }
        if let (Some(to), Some(from)) = (contents.now.get_mut(offset..end), bytes.get(..done)) {
            to.copy_from_slice(from);
        }
        contents.change(offset.min(before), end);
        result
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut state = self.disk.lock();
        if state.faults.truncate {
            return Err(io::Error::other("injected truncate error"));
        }
        let contents = state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?;
        let before = contents.now.len();
        contents.now.resize(len, 0);
        contents.change(before.min(len), before.max(len));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let time = {
            let mut state = self.disk.lock();
            state.syncs += 1;
            state.faults.sync_time
        };
        if !time.is_zero() {
            thread::sleep(time);
        }
        let mut state = self
            .disk
            .0
            .released
            .wait_while(self.disk.lock(), |state| state.faults.hold_syncs)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(after) = state.faults.sync.take() {
            if after == 0 {
                return Err(io::Error::other("injected sync error"));
            }
            state.faults.sync = Some(after - 1);
        }
        state.files.get_mut(&self.name).ok_or(io::ErrorKind::NotFound)?.sync();
        Ok(())
    }
}

/// SplitMix64: a seed gives the same sequence everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> (MemoryDisk, Box<dyn DiskFile>) {
        let disk = MemoryDisk::new();
        let mut file = disk.create("a").unwrap();
        file.write_at(0, &[1; 1000]).unwrap();
        file.sync().unwrap();
        disk.sync_directory().unwrap();
        file.write_at(1000, &[2; 1000]).unwrap();
        (disk, file)
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_part_of_the_rest() {
        let (disk, _file) = disk();
        assert_eq!(disk.crashed(Crash::Process).read("a").unwrap().len(), 2000);
        assert_eq!(disk.crashed(Crash::Prefix(0)).read("a").unwrap(), [1; 1000]);
        assert_eq!(disk.crashed(Crash::Prefix(7)).read("a").unwrap()[1000..], [2; 7]);
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let left = disk.crashed(Crash::Sectors(seed)).read("a").unwrap();
            assert_eq!(left[..1000], [1; 1000]);
            lengths.insert(left.len());
        }
        assert!(lengths.len() > 10);
        assert_eq!(disk.read("a").unwrap().len(), 2000);
    }

    #[test]
    fn what_is_written_over_is_old_again_after_a_power_loss() {
        let (disk, mut file) = disk();
        file.sync().unwrap();
        file.write_at(500, &[3; 10]).unwrap();
        file.write_at(800, &[4; 10]).unwrap();
        let left = |crash| disk.crashed(crash).read("a").unwrap();
        assert_eq!(left(Crash::Prefix(0)), [[1; 1000], [2; 1000]].concat());
        assert_eq!(left(Crash::Prefix(7))[498..512], [1, 1, 3, 3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1]);
        file.sync().unwrap();
        file.truncate(900).unwrap();
        file.sync().unwrap();
        let left = disk.crashed(Crash::Prefix(0)).read("a").unwrap();
        assert_eq!((left.len(), left[505], left[805], left[899]), (900, 3, 4, 1));
    }

    #[test]
    fn a_file_whose_name_was_not_synced_is_lost_with_the_power() {
        let disk = MemoryDisk::new();
        disk.create("a").unwrap().sync().unwrap();
        assert!(disk.crashed(Crash::Prefix(0)).list().unwrap().is_empty());
    }

    #[test]
    fn a_full_disk_writes_what_fits() {
        let (disk, mut file) = disk();
        disk.set_bytes_max(Some(2010));
        let error = file.write_at(2000, &[3; 20]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(disk.read("a").unwrap().len(), 2010);
        file.truncate(2000).unwrap();
        disk.set_bytes_max(None);
        file.write_at(2000, &[3; 20]).unwrap();
    }
}

//! Events on their way into a file: `{"Records":[…]}`, compressed as they come.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use trail::{ContentsHash, Event};

/// A file is closed when it has this many bytes, and another one follows.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// The events of one account in one Region.
pub(super) struct Bundle {
    gzip: GzEncoder<Vec<u8>>,
    hash: ContentsHash,
    events: u64,
    oldest: i64,
    newest: i64,
}

/// A file's contents.
pub(super) struct Bundled {
    pub(super) contents: Bytes,
    /// SHA-256 of what was compressed, in hexadecimal.
    pub(super) hash: String,
    /// Time of its earliest event.
    pub(super) oldest: i64,
    /// Time of its latest event.
    pub(super) newest: i64,
}

impl Bundle {
    pub(super) fn new() -> Self {
        Self {
            gzip: GzEncoder::new(Vec::new(), Compression::fast()),
            hash: ContentsHash::new(),
            events: 0,
            oldest: i64::MAX,
            newest: i64::MIN,
        }
    }

    /// Adds an event. Whether the file is full.
    ///
    /// # Errors
    /// Never in fact: it is written into memory.
    pub(super) fn add(&mut self, event: &Event<'_>) -> io::Result<bool> {
        let before: &[u8] = if self.events == 0 { br#"{"Records":["# } else { b"," };
        self.write(before)?;
        self.write(event.to_json()?.as_bytes())?;
        self.events += 1;
        self.oldest = self.oldest.min(event.time_ms());
        self.newest = self.newest.max(event.time_ms());
        Ok(self.gzip.get_ref().len() >= BYTES_MAX)
    }

    /// The file.
    ///
    /// # Errors
    /// Never in fact.
    pub(super) fn finish(mut self) -> io::Result<Bundled> {
        self.write(b"]}")?;
        let Self { gzip, hash, oldest, newest, .. } = self;
        Ok(Bundled { contents: gzip.finish()?.into(), hash: hash.finish(), oldest, newest })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.gzip.write_all(bytes)
    }
}

/// Bytes, compressed.
///
/// # Errors
/// Never in fact.
pub(super) fn compressed(bytes: &[u8]) -> io::Result<Bytes> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?.into())
}

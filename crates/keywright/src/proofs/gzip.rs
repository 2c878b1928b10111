//! Delivered files: gzip (RFC 1952), read in pieces. All members of a file count: whatever another program would read is hashed.

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use trail::ContentsHash;

use super::files::read_up_to_limit;

/// Bytes of contents that are looked at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// The contents of a file that ought not to be long.
///
/// # Errors
/// What the system says; that it is no gzip, or too long.
pub(super) fn contents(path: &Path) -> io::Result<Vec<u8>> {
    read_up_to_limit(open(path)?)
}

/// The hash of a file's contents, however long they are.
///
/// # Errors
/// What the system says; that it is no gzip.
pub(super) fn hash(path: &Path) -> io::Result<String> {
    let mut hash = ContentsHash::new();
    let mut from = open(path)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(hash.finish()),
            read => hash.update(piece.get(..read).unwrap_or_default()),
        }
    }
}

/// How many events a file has, of which the hash was compared: its nesting is the server's.
///
/// # Errors
/// What the system says; that it is no file of events.
pub(super) fn count_events(path: &Path) -> io::Result<u64> {
    let from = BufReader::with_capacity(PIECE_BYTES, open(path)?);
    let file: EventFile = serde_json::from_reader(from).map_err(io::Error::other)?;
    Ok(file.records.0)
}

fn open(path: &Path) -> io::Result<MultiGzDecoder<BufReader<File>>> {
    Ok(MultiGzDecoder::new(BufReader::with_capacity(PIECE_BYTES, File::open(path)?)))
}

#[derive(Deserialize)]
struct EventFile {
    #[serde(rename = "Records")]
    records: EventCount,
}

/// Counts the elements of a list, and keeps none.
struct EventCount(u64);

impl<'de> Deserialize<'de> for EventCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;

        impl<'de> Visitor<'de> for Counter {
            type Value = EventCount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of events")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<EventCount, A::Error> {
                let mut count = 0;
                while events.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(EventCount(count))
            }
        }

        deserializer.deserialize_seq(Counter)
    }
}

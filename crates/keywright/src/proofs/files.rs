//! Files that somebody may have changed.

use std::{
    fmt::Display,
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::explain::Plain;

/// The longest file that is read as a whole: keys, proofs, digests and their metadata.
const WHOLE_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The whole of a file that ought not to be long.
///
/// # Errors
/// What the system says; that the file is too long.
pub(super) fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path).map_err(|error| bad(path.display(), error))?;
    read_up_to_limit(file).map_err(|error| bad(path.display(), error))
}

/// All that can be read, if that is not too much.
///
/// # Errors
/// As [`read_whole`].
pub(super) fn read_up_to_limit(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(WHOLE_FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > WHOLE_FILE_BYTES_MAX {
        return Err(io::Error::other("it is too long"));
    }
    Ok(bytes)
}

/// What is wrong, and where.
pub(super) fn bad(place: impl Display, what: impl Display) -> io::Error {
    let told = format!("{place}: {what}");
    io::Error::other(Plain(&told).to_string())
}

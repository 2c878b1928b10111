//! The kind `directory`, by the kernel's fscrypt: <https://docs.kernel.org/filesystems/fscrypt.html>.
//!
//! xfs_io(8) asks the kernel, on any file system that can encrypt. The data key is the directory's master key. The kernel keeps
//! it for the file system as long as the directory is open, and knows it by an identifier, which it computes from the key.

use std::{ffi::OsStr, fs, os::unix::fs::MetadataExt, path::Path};

use secret::Plaintext;

use crate::{ending::ClientFailure, volume::programs::XFS_IO};

/// By what the kernel knows a key: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MasterKeyIdentifier(String);

const DIGITS: usize = 32;

/// Hands a key to the kernel, for the file system of a directory.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says.
pub(super) fn add_key(directory: &Path, key: &Plaintext) -> Result<MasterKeyIdentifier, ClientFailure> {
    let printed = told("add_enckey", around(directory)?, Some(key)).map_err(with_hint)?;
    identifier_after(&printed, "identifier ")
        .ok_or_else(|| ClientFailure::Use(format!("xfs_io names no key: {}", printed.trim())))
}

/// Takes a key from the kernel, and with it what the kernel remembers of the files.
///
/// # Errors
/// [`ClientFailure::Busy`] if files are in use, which stay readable then; [`ClientFailure::Use`] with what the system says.
pub(super) fn remove_key(directory: &Path, key: &MasterKeyIdentifier) -> Result<(), ClientFailure> {
    let printed = told(&format!("rm_enckey {}", key.0), around(directory)?, None)?;
    match printed.split_once(", but ") {
        None => Ok(()),
        Some((_, why)) => {
            let busy = format!("`{}` is not closed yet, {}: try again", directory.display(), why.trim());
            Err(ClientFailure::Busy(busy))
        }
    }
}

/// What the kernel has of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyPresence {
    /// The key: the directory is open.
    Present,
    /// The key is gone, but files that were in use when it was taken away are readable.
    InUse,
    /// Nothing: the directory is closed.
    Absent,
}

/// What the kernel has of a key.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says.
pub(super) fn presence(directory: &Path, key: &MasterKeyIdentifier) -> Result<KeyPresence, ClientFailure> {
    let printed = told(&format!("enckey_status {}", key.0), around(directory)?, None)?;
    match printed.split(|letter: char| !letter.is_ascii_alphabetic()).next() {
        Some("Present") => Ok(KeyPresence::Present),
        Some("Incompletely") => Ok(KeyPresence::InUse),
        Some("Absent") => Ok(KeyPresence::Absent),
        _ => Err(ClientFailure::Use(format!("xfs_io tells no state of a key: {}", printed.trim()))),
    }
}

/// Encrypts an empty directory, and whatever will be in it, under a key.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says.
pub(super) fn set_policy(directory: &Path, key: &MasterKeyIdentifier) -> Result<(), ClientFailure> {
    told(&format!("set_encpolicy -v 2 {}", key.0), directory, None).map(drop)
}

/// Under which key a directory is.
///
/// # Errors
/// [`ClientFailure::Record`] if it is not encrypted.
pub(super) fn policy(directory: &Path) -> Result<MasterKeyIdentifier, ClientFailure> {
    let not_encrypted = || ClientFailure::Record(format!("`{}` is not encrypted", directory.display()));
    let printed = told("get_encpolicy", directory, None).map_err(|failure| match failure {
        ClientFailure::Use(_) => not_encrypted(),
        other => other,
    })?;
    identifier_after(&printed, "Master key identifier: ").ok_or_else(not_encrypted)
}

/// The folder in which a directory is: it stands for their file system. The directory itself would be in use by asking for it.
fn around(directory: &Path) -> Result<&Path, ClientFailure> {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    let parent = directory.parent().filter(|parent| device(parent) == device(directory));
    parent.ok_or_else(|| {
        let why = "it is all of its file system: make a directory in it";
        ClientFailure::Use(format!("`{}`: {why}", directory.display()))
    })
}

/// Has xfs_io carry a command out, and returns what it prints.
fn told(command: &str, directory: &Path, given: Option<&Plaintext>) -> Result<String, ClientFailure> {
    let arguments = [OsStr::new("-c"), OsStr::new(command), OsStr::new("--"), directory.as_os_str()];
    Ok(String::from_utf8_lossy(&XFS_IO.done(&arguments, given)?).into_owned())
}

fn identifier_after(printed: &str, before: &str) -> Option<MasterKeyIdentifier> {
    let (_, after) = printed.split_once(before)?;
    let digits: String = after.chars().take_while(char::is_ascii_hexdigit).collect();
    (digits.len() == DIGITS).then_some(MasterKeyIdentifier(digits))
}

fn with_hint(failure: ClientFailure) -> ClientFailure {
    match failure {
        ClientFailure::Use(why) if why.contains("not supported") || why.contains("Inappropriate ioctl") => {
            let hint = "the file system encrypts nothing; for ext4, `tune2fs -O encrypt` lets it";
            ClientFailure::Use(format!("{why}: {hint}"))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_no_volume_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("data");
        fs::create_dir(&directory).unwrap();
        assert_eq!(around(&directory).unwrap(), folder.path());
        for whole in ["/", "/proc"] {
            assert_eq!(around(Path::new(whole)).unwrap_err().code(), 1, "{whole}");
        }
    }

    #[test]
    fn identifiers_are_found_in_what_is_printed() {
        let digits = "0ae6a0194839c8b3c1ba0a90a8cabd99";
        let printed = format!("Added encryption key with identifier {digits}\n");
        assert_eq!(identifier_after(&printed, "identifier "), Some(MasterKeyIdentifier(digits.to_owned())));
        let policy = format!("\tPolicy version: 2\n\tMaster key identifier: {digits}\n\tFlags: 0x02\n");
        assert!(identifier_after(&policy, "Master key identifier: ").is_some());
        for wrong in ["", "identifier ", "identifier 0ae6", "identifier 0ae6a0194839c8b3c1ba0a90a8cabd9999"] {
            assert_eq!(identifier_after(wrong, "identifier "), None, "{wrong}");
        }
    }
}

//! The kind `luks`, by cryptsetup: <https://gitlab.com/cryptsetup/cryptsetup>.
//!
//! The passphrase of the key slot is the data key in base64, as other programs take only text. It has all the entropy that it
//! can have, so it is not stretched: opening takes milliseconds and no memory.

use std::{
    ffi::{OsStr, OsString},
    fs, io,
    os::fd::AsRawFd,
    path::Path,
};

use secret::Plaintext;

use crate::{
    delivery::in_memory,
    ending::ClientFailure,
    volume::{
        programs::{BLKID, CRYPTSETUP},
        token::{LuksHeader, VolumeToken},
    },
};

/// How many key slots and tokens a header has room for, of each.
pub(super) const SLOTS: u32 = 32;

const FROM_STDIN: [&str; 2] = ["--key-file", "-"];
/// The fewest iterations that LUKS2 takes.
const UNSTRETCHED: [&str; 4] = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
/// With which code cryptsetup says that no key slot is opened by the passphrase (cryptsetup(8), "RETURN CODES").
const WRONG_PASSPHRASE: i32 = 2;
/// With which code blkid says that it finds nothing (blkid(8)).
const NOTHING_FOUND: i32 = 2;

/// What the header says.
///
/// # Errors
/// [`ClientFailure::Record`] for what is no LUKS2, or has a token of ours that cannot be read.
pub(super) fn header(device: &Path) -> Result<LuksHeader, ClientFailure> {
    let output = CRYPTSETUP.run(&on("luksDump", &["--dump-json-metadata"], device), None)?;
    if !output.status.success() {
        return Err(ClientFailure::Record(CRYPTSETUP.said(&output)));
    }
    let header = LuksHeader::of_metadata(&output.stdout);
    header.map_err(|why| ClientFailure::Record(format!("`{}`: {why}", device.display())))
}

/// Checks that a disk or a file has nothing on it that a new header would destroy.
///
/// # Errors
/// [`ClientFailure::Use`]: what is there.
pub(super) fn demand_empty(device: &Path) -> Result<(), ClientFailure> {
    let arguments = [OsStr::new("--probe"), OsStr::new("--"), device.as_os_str()];
    let output = BLKID.run(&arguments, None)?;
    if output.status.code() == Some(NOTHING_FOUND) {
        return Ok(());
    }
    let found = String::from_utf8_lossy(&output.stdout);
    let found = if found.trim().is_empty() { BLKID.said(&output) } else { found.trim().to_owned() };
    Err(ClientFailure::Use(format!("there is something already, which would be lost: {found}")))
}

/// Makes a header with one key slot, which has the number 0.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says.
pub(super) fn format(device: &Path, passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let cipher = ["--type", "luks2", "--cipher", "aes-xts-plain64", "--key-size", "512"];
    let options = [&cipher[..], &UNSTRETCHED, &FROM_STDIN].concat();
    CRYPTSETUP.done(&on("luksFormat", &options, device), Some(passphrase)).map(drop)
}

/// Adds a key slot with a number.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system or cryptsetup says.
pub(super) fn add_slot(
    device: &Path,
    passphrase: &Plaintext,
    number: &str,
    new: &Plaintext,
) -> Result<(), ClientFailure> {
    let failed = |error: io::Error| ClientFailure::Use(error.to_string());
    let memory = in_memory("passphrase", new).map_err(failed)?;
    let options = [&UNSTRETCHED[..], &FROM_STDIN, &["--new-key-slot", number]].concat();
    let mut arguments = on("luksAddKey", &options, device);
    // cryptsetup inherits the descriptor.
    arguments.push(format!("/proc/self/fd/{}", memory.as_raw_fd()).into());
    CRYPTSETUP.done(&arguments, Some(passphrase)).map(drop)
}

/// Destroys a key slot; the passphrase is that of another one.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says.
pub(super) fn kill_slot(device: &Path, number: &str, passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let mut arguments = on("luksKillSlot", &FROM_STDIN, device);
    arguments.push(number.into());
    CRYPTSETUP.done(&arguments, Some(passphrase)).map(drop)
}

/// Checks that a passphrase opens a key slot.
///
/// # Errors
/// [`ClientFailure::Record`] if it does not.
pub(super) fn test(device: &Path, passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let options = [&["--type", "luks2", "--test-passphrase"][..], &FROM_STDIN].concat();
    opened(&on("open", &options, device), passphrase)
}

/// Makes the device `/dev/mapper/NAME`.
///
/// # Errors
/// [`ClientFailure::Record`] if the passphrase opens no key slot, [`ClientFailure::Use`] with what cryptsetup says.
pub(super) fn map(device: &Path, name: &str, passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let options = [&["--type", "luks2"][..], &FROM_STDIN].concat();
    let mut arguments = on("open", &options, device);
    arguments.push(name.into());
    opened(&arguments, passphrase)
}

fn opened(arguments: &[OsString], passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let output = CRYPTSETUP.run(arguments, Some(passphrase))?;
    let said = || CRYPTSETUP.said(&output);
    match output.status.code() {
        Some(0) => Ok(()),
        Some(WRONG_PASSPHRASE) => Err(ClientFailure::Record(said())),
        _ => Err(ClientFailure::Use(said())),
    }
}

/// Takes the device `/dev/mapper/NAME` away, and its key out of the kernel.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says, such as that the device is in use.
pub(super) fn unmap(name: &str) -> Result<(), ClientFailure> {
    CRYPTSETUP.done(&["close", "--", name], None).map(drop)
}

/// Adds a token, or puts it into the place of the one with its number. Either is one write of the header, of which LUKS2 keeps
/// two copies: whatever interrupts it, the one or the other is there.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says; that the header does not have it afterwards.
pub(super) fn put_token(device: &Path, token: &VolumeToken, replaces: bool) -> Result<(), ClientFailure> {
    let number = token.number.to_string();
    let replace: &[&str] = if replaces { &["--token-replace"] } else { &[] };
    let options = [&["--json-file", "-", "--token-id", &number][..], replace].concat();
    let arguments: Vec<OsString> =
        [OsString::from("token")].into_iter().chain(on("import", &options, device)).collect();
    CRYPTSETUP.done(&arguments, Some(&token.to_json()?))?;
    if header(device)?.tokens.contains(token) {
        Ok(())
    } else {
        Err(ClientFailure::Use(format!("the header has another token {number} than was written")))
    }
}

/// Takes a token away.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says.
pub(super) fn remove_token(device: &Path, number: u32) -> Result<(), ClientFailure> {
    let number = number.to_string();
    let arguments =
        [OsString::from("token")].into_iter().chain(on("remove", &["--token-id", &number], device));
    CRYPTSETUP.done(&arguments.collect::<Vec<OsString>>(), None).map(drop)
}

/// Copies the header into a file.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says; that there is such a file.
pub(super) fn back_up_header(device: &Path, file: &Path) -> Result<(), ClientFailure> {
    let mut arguments = on("luksHeaderBackup", &[], device);
    // Before the `--` that is before the device.
    drop(arguments.splice(1..1, ["--header-backup-file".into(), file.as_os_str().to_owned()]));
    CRYPTSETUP.done(&arguments, None).map(drop)
}

/// Encrypts all sectors under a new volume key. What is interrupted is lost: this is for copies.
///
/// # Errors
/// [`ClientFailure::Use`]: what cryptsetup says.
pub(super) fn encrypt_anew(device: &Path, passphrase: &Plaintext) -> Result<(), ClientFailure> {
    let options =
        [&["--force-offline-reencrypt", "--resilience", "none"][..], &UNSTRETCHED, &FROM_STDIN].concat();
    CRYPTSETUP.done(&on("reencrypt", &options, device), Some(passphrase)).map(drop)
}

/// Gives a copy a UUID of its own, so that the system can tell the two apart.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system or cryptsetup says.
pub(super) fn give_own_uuid(device: &Path) -> Result<(), ClientFailure> {
    let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid");
    let uuid = uuid.map_err(|error| ClientFailure::Use(error.to_string()))?;
    CRYPTSETUP.done(&on("luksUUID", &["--uuid", uuid.trim()], device), None).map(drop)
}

/// The arguments of an action on a device, without questions.
fn on(action: &str, options: &[&str], device: &Path) -> Vec<OsString> {
    let words = [action, "--batch-mode"].into_iter().chain(options.iter().copied()).chain(["--"]);
    words.map(OsString::from).chain([device.as_os_str().to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_never_taken_for_an_option() {
        let arguments = on("open", &FROM_STDIN, Path::new("--help"));
        assert_eq!(arguments, ["open", "--batch-mode", "--key-file", "-", "--", "--help"]);
    }
}

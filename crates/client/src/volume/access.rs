//! `volume open` and `close`, and the passphrase that the token handler asks for.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use secret::Plaintext;

use crate::{
    client::Client,
    ending::{ClientFailure, say},
    streams::{InputBytes, print},
    volume::{
        directory::{self, KeyPresence},
        grants, luks,
        options::{CloseVolume, OpenVolume},
        place::{Volume, VolumePath},
        token::VolumeToken,
    },
};

/// The longest token: LUKS2 has 12 KiB for all its metadata, or up to 4 MiB if somebody made more room.
const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Opens a volume.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn open(client: &Client, options: &OpenVolume) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    match (&volume.place, &options.name) {
        (VolumePath::Luks(_), None) if !options.check => Err(ClientFailure::Use(
            "how is the device to be called? Name it, or use --check to only try".to_owned(),
        )),
        (VolumePath::Luks(device), name) => {
            let passphrase = data_key(client, &volume.tokens)?.to_base64();
            match name {
                Some(name) => luks::map(device, name, &passphrase),
                None => luks::test(device, &passphrase),
            }
        }
        (VolumePath::Directory(_), Some(_)) => {
            Err(ClientFailure::Use("a directory is opened where it is, and gets no name".to_owned()))
        }
        (VolumePath::Directory(path), None) => {
            unlock(path, &data_key(client, &volume.tokens)?, options.check)
        }
    }
}

/// The data key of a volume.
///
/// # Errors
/// As [`by_first`].
pub(super) fn data_key(client: &Client, tokens: &[VolumeToken]) -> Result<Plaintext, ClientFailure> {
    by_first(tokens, |token| client.open(&token.record))
}

/// What comes of the first token that is not refused. The first refusal is told if all are.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(super) fn by_first<'a, T>(
    tokens: &'a [VolumeToken],
    way: impl Fn(&'a VolumeToken) -> Result<T, ClientFailure>,
) -> Result<T, ClientFailure> {
    let mut refused = None;
    for token in tokens {
        match way(token) {
            Ok(made) => return Ok(made),
            // The next one would have to wait as long.
            Err(failure) if grants::is_out_of_reach(&failure) => return Err(failure),
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    Err(refused.unwrap_or_else(|| ClientFailure::Record("the volume has no token".to_owned())))
}

/// Hands the key of a directory to the kernel, or only tries it.
fn unlock(path: &Path, data_key: &Plaintext, only_try: bool) -> Result<(), ClientFailure> {
    let policy = directory::policy(path)?;
    let before = directory::presence(path, &policy)?;
    let added = directory::add_key(path, data_key)?;
    let fits = added == policy;
    if !fits || (only_try && before != KeyPresence::Present) {
        match directory::remove_key(path, &added) {
            // They were in use before.
            Err(ClientFailure::Busy(_)) if before == KeyPresence::InUse => {}
            removed => removed?,
        }
    }
    if fits {
        Ok(())
    } else {
        Err(ClientFailure::Record(format!("`{}` is encrypted under another data key", path.display())))
    }
}

/// Closes a volume, and gives up the grant that it was opened by. The volume is closed also if KMS is not reached.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn close(
    options: &CloseVolume,
    client: &dyn Fn() -> Result<Client, ClientFailure>,
) -> Result<(), ClientFailure> {
    // Also what has lost its tokens can be closed.
    match (VolumePath::at(&options.path)?, &options.name) {
        (VolumePath::Luks(_), Some(name)) => luks::unmap(name)?,
        (VolumePath::Luks(_), None) => {
            return Err(ClientFailure::Use("how is the device called?".to_owned()));
        }
        (VolumePath::Directory(_), Some(_)) => {
            return Err(ClientFailure::Use("a directory has no name".to_owned()));
        }
        (VolumePath::Directory(path), None) => lock(&path)?,
    }
    match &options.grant {
        Some(grant) => grants::retire(&client()?, &Volume::at(&options.path)?, grant),
        None => Ok(()),
    }
}

fn lock(path: &Path) -> Result<(), ClientFailure> {
    let policy = directory::policy(path)?;
    if directory::presence(path, &policy)? == KeyPresence::Absent {
        say(&format_args!("`{}` is closed already", path.display()));
        return Ok(());
    }
    directory::remove_key(path, &policy)
}

/// Reads the token of a volume, and writes the passphrase of its key slot.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn passphrase(client: &Client) -> Result<(), ClientFailure> {
    if io::stdout().is_terminal() {
        return Err(ClientFailure::Use("a passphrase is not shown: this is for a token handler".to_owned()));
    }
    let mut json = Vec::new();
    if InputBytes::open(Path::new("-"))?.read_until(&mut json, TOKEN_BYTES_MAX)? {
        return Err(ClientFailure::Record("it is too long for a token".to_owned()));
    }
    let token = VolumeToken::of_json(&json).map_err(ClientFailure::Record)?;
    print(client.open(&token.record)?.to_base64().reveal())
}

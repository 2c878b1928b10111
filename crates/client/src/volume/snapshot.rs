//! `volume snapshot`: copies, with ids of their own.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use serde_json::json;

use crate::{
    client::Client,
    ending::ClientFailure,
    record::WrapRecord,
    streams::print_json,
    volume::{
        access,
        creating::{encrypt_directory, new_data_key},
        directory::{self, KeyPresence},
        id::VolumeId,
        luks,
        options::SnapshotVolume,
        place::{Volume, VolumePath, folder_of_tokens},
        programs::CP,
        rewrapping,
        token::VolumeToken,
        unfinished::Unfinished,
    },
};

/// Copies a volume. The copy has its name when it is whole.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn snapshot(client: &Client, options: &SnapshotVolume) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    let id = VolumeId::of_new_copy()?;
    let key = match (&options.key, volume.tokens.first()) {
        (Some(key), _) => key.clone(),
        (None, first) => first.map(|token| token.record.key.clone()).unwrap_or_default(),
    };
    let key = match &volume.place {
        VolumePath::Luks(device) if options.same_data_key => {
            with_same_data_key(client, &volume, device, &options.copy, &key, &id)?
        }
        VolumePath::Luks(device) => with_new_data_key(client, &volume, device, &options.copy, &key, &id)?,
        VolumePath::Directory(_) if options.same_data_key => {
            let why = "a directory is copied file by file, and encrypted anew: it cannot keep its data key";
            return Err(ClientFailure::Use(why.to_owned()));
        }
        VolumePath::Directory(path) => of_directory(client, path, &options.copy, &key, &id)?,
    };
    print_json(&json!({"volume": id.to_string(), "of": volume.id.to_string(), "key": key}))
}

fn with_same_data_key(
    client: &Client,
    volume: &Volume,
    device: &Path,
    copy: &Path,
    key: &str,
    id: &VolumeId,
) -> Result<String, ClientFailure> {
    let (source, record) = rewrapping::by_any(client, &volume.tokens, key, &id.context())?;
    let image = copied(client, device, copy)?;
    let token = VolumeToken { record, keyslots: source.keyslots.clone(), ..*source };
    luks::put_token(image.temporary(), &token, true)?;
    name_as_copy(image, token)
}

/// Every sector is encrypted anew, and no passphrase of the volume opens the copy.
fn with_new_data_key(
    client: &Client,
    volume: &Volume,
    device: &Path,
    copy: &Path,
    key: &str,
    id: &VolumeId,
) -> Result<String, ClientFailure> {
    let (record, data_key) = new_data_key(client, key, id)?;
    let (old, new) = (access::data_key(client, &volume.tokens)?.to_base64(), data_key.to_base64());
    let image = copied(client, device, copy)?;
    let at = image.temporary();
    let before = luks::header(at)?;
    let free = (0..luks::SLOTS).map(|number| number.to_string()).find(|slot| !before.keyslots.contains(slot));
    let free = free.ok_or_else(|| ClientFailure::Use("all its key slots are in use".to_owned()))?;
    luks::add_slot(at, &old, &free, &new)?;
    before.keyslots.iter().try_for_each(|slot| luks::kill_slot(at, slot, &new))?;
    luks::encrypt_anew(at, &new)?;
    // The last key slot gets another number by it.
    let after = luks::header(at)?;
    luks::test(at, &new)?;
    let number = after.tokens.first().map_or(0, |token| token.number);
    let token = VolumeToken { number, keyslots: after.keyslots, record };
    luks::put_token(at, &token, true)?;
    name_as_copy(image, token)
}

/// A copy of all sectors that are no holes, for its owner alone.
fn copied(client: &Client, device: &Path, copy: &Path) -> Result<Unfinished, ClientFailure> {
    let image = Unfinished::new(copy, &client.unique())?;
    let at = image.temporary();
    let arguments: [OsString; 4] = ["--sparse=always".into(), "--".into(), device.into(), at.into()];
    CP.done(&arguments, None)?;
    let private = fs::set_permissions(at, fs::Permissions::from_mode(0o600));
    private.map_err(|error| ClientFailure::Use(format!("`{}`: {error}", at.display())))?;
    Ok(image)
}

/// Takes the tokens of the original off the copy, and gives it its name.
fn name_as_copy(image: Unfinished, token: VolumeToken) -> Result<String, ClientFailure> {
    let at = image.temporary();
    let others = luks::header(at)?.tokens.into_iter().filter(|other| other.number != token.number);
    others.into_iter().try_for_each(|other| luks::remove_token(at, other.number))?;
    luks::give_own_uuid(at)?;
    image.finish()?;
    Ok(token.record.key)
}

/// Copies what is in an open directory into a new one, which is closed then.
fn of_directory(
    client: &Client,
    path: &Path,
    copy: &Path,
    key: &str,
    id: &VolumeId,
) -> Result<String, ClientFailure> {
    if directory::presence(path, &directory::policy(path)?)? != KeyPresence::Present {
        return Err(ClientFailure::Use(format!(
            "`{}` is closed: open it, to have it copied",
            path.display()
        )));
    }
    let to = Unfinished::new(copy, &client.unique())?;
    let tokens = Unfinished::new(&folder_of_tokens(copy)?, &client.unique())?;
    let failed = |error: std::io::Error| ClientFailure::Use(format!("`{}`: {error}", copy.display()));
    // cp gives it the mode of the original at the end. Until then it is for its owner alone.
    fs::DirBuilder::new().mode(0o700).create(to.temporary()).map_err(failed)?;
    let (record, data_key): (WrapRecord, _) = new_data_key(client, key, id)?;
    let at = to.temporary();
    let identifier = encrypt_directory(at, tokens.temporary(), &record, &data_key)?;
    let arguments = ["--archive".into(), "--".into(), path.join("."), at.to_owned()];
    let copied = CP.done(&arguments, None);
    directory::remove_key(at, &identifier)?;
    copied?;
    tokens.finish()?;
    to.finish()?;
    Ok(record.key)
}

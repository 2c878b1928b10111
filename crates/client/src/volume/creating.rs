//! `volume create`.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use forward::DataKeyLength;
use secret::Plaintext;
use serde_json::json;

use crate::{
    client::Client,
    ending::ClientFailure,
    record::{WrapRecord, write_new},
    streams::print_json,
    volume::{
        directory::{self, MasterKeyIdentifier},
        id::VolumeId,
        luks,
        options::{ByteSize, CreateVolume, VolumeKind},
        place::{file_of_token, folder_of_tokens},
        recovery,
        token::VolumeToken,
        unfinished::Unfinished,
    },
};

/// AES-256-XTS takes two keys.
const DATA_KEY: DataKeyLength = DataKeyLength::Bytes(64);

/// What cryptsetup takes for the header, unless there is less room.
const HEADER_BYTES: u64 = 16 << 20;

/// Makes a volume.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn create(client: &Client, options: &CreateVolume) -> Result<(), ClientFailure> {
    let id = VolumeId::of_new_volume()?;
    let key = match options.kind {
        VolumeKind::Luks => luks_volume(client, options, &id)?,
        VolumeKind::Directory => directory_volume(client, options, &id)?,
    };
    print_json(&json!({"volume": id.to_string(), "key": key}))
}

/// A new data key, which KMS makes, and its record. Who makes a volume has to be able to open it.
///
/// # Errors
/// [`ClientFailure::Kms`].
pub(super) fn new_data_key(
    client: &Client,
    key: &str,
    id: &VolumeId,
) -> Result<(WrapRecord, Plaintext), ClientFailure> {
    let context = id.context();
    let call = client.kms.generate_data_key_without_plaintext(&client.act_for, key, DATA_KEY, &context);
    let made = client.wait(call)?;
    let record = WrapRecord::new(made.key, context, made.blob, made.material);
    let data_key = client.open(&record)?;
    Ok((record, data_key))
}

fn luks_volume(client: &Client, options: &CreateVolume, id: &VolumeId) -> Result<String, ClientFailure> {
    let Some(size) = options.size else {
        luks::demand_empty(&options.path)?;
        return encrypt_device(client, &options.path, options, id);
    };
    if size.0 <= HEADER_BYTES {
        let why = "the header takes 16 MiB, and something has to be left";
        return Err(ClientFailure::Use(format!("`{}`: {why}", options.path.display())));
    }
    let image = Unfinished::new(&options.path, &client.unique())?;
    make_image(image.temporary(), size)?;
    let key = encrypt_device(client, image.temporary(), options, id)?;
    image.finish()?;
    Ok(key)
}

fn make_image(path: &Path, size: ByteSize) -> Result<(), ClientFailure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let made = made.and_then(|file| file.set_len(size.0));
    made.map_err(|error| ClientFailure::Use(format!("`{}`: {error}", path.display())))
}

fn encrypt_device(
    client: &Client,
    device: &Path,
    options: &CreateVolume,
    id: &VolumeId,
) -> Result<String, ClientFailure> {
    let (record, data_key) = new_data_key(client, &options.key, id)?;
    let passphrase = data_key.to_base64();
    let recovery = options.recovery_key.as_deref().map(|file| {
        let recovery = recovery::new_passphrase()?;
        recovery::keep(&recovery, file)?;
        Ok::<_, ClientFailure>(recovery)
    });
    let recovery = recovery.transpose()?;
    luks::format(device, &passphrase)?;
    if let Some(recovery) = recovery {
        luks::add_slot(device, &passphrase, "1", &recovery)?;
    }
    let key = record.key.clone();
    luks::put_token(device, &VolumeToken { number: 0, keyslots: vec!["0".to_owned()], record }, false)?;
    Ok(key)
}

fn directory_volume(client: &Client, options: &CreateVolume, id: &VolumeId) -> Result<String, ClientFailure> {
    if options.size.is_some() || options.recovery_key.is_some() {
        let why = "a directory has no size, and no second way in but another KMS key: see add-key";
        return Err(ClientFailure::Use(why.to_owned()));
    }
    let failed = |error: io::Error| ClientFailure::Use(format!("`{}`: {error}", options.path.display()));
    match fs::create_dir(&options.path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let path = fs::canonicalize(&options.path).map_err(failed)?;
    if fs::read_dir(&path).map_err(failed)?.next().is_some() {
        return Err(failed(io::ErrorKind::DirectoryNotEmpty.into()));
    }
    let (record, data_key) = new_data_key(client, &options.key, id)?;
    let identifier = encrypt_directory(&path, &folder_of_tokens(&path)?, &record, &data_key)?;
    directory::remove_key(&path, &identifier)?;
    Ok(record.key)
}

/// Encrypts an empty directory and leaves it open. Its token is there first: nothing is ever encrypted without it.
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says. The directory is as it was then.
pub(super) fn encrypt_directory(
    path: &Path,
    tokens: &Path,
    record: &WrapRecord,
    data_key: &Plaintext,
) -> Result<MasterKeyIdentifier, ClientFailure> {
    let identifier = directory::add_key(path, data_key)?;
    let failed = |error: io::Error| ClientFailure::Use(format!("`{}`: {error}", tokens.display()));
    let encrypted = fs::create_dir(tokens).map_err(failed).and_then(|()| {
        let set = write_new(&file_of_token(tokens, 0), &record.to_text()?, 0o644)
            .and_then(|()| directory::set_policy(path, &identifier));
        set.inspect_err(|_| drop(fs::remove_dir_all(tokens)))
    });
    match encrypted {
        Ok(()) => Ok(identifier),
        Err(failure) => {
            directory::remove_key(path, &identifier)?;
            Err(failure)
        }
    }
}

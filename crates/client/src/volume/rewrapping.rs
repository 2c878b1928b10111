//! `volume rewrap` and `add-key`: the data key stays, and is put under other material or another KMS key. KMS does it, so the data
//! key does not come here.

use forward::Context;
use serde::Serialize;

use crate::{
    client::Client,
    ending::ClientFailure,
    record::WrapRecord,
    streams::print_json,
    volume::{
        access,
        options::{AddKeyToVolume, RewrapVolume},
        place::Volume,
        token::VolumeToken,
    },
};

/// What became of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Rewrapped {
    /// The number of the token.
    pub(crate) token: u32,
    /// The ARN of the KMS key under which the data key was.
    pub(crate) from: String,
    /// The ARN of the KMS key under which it is.
    pub(crate) key: String,
    /// Under which material of the key, if KMS told.
    pub(crate) material: Option<String>,
}

/// Puts a volume under the newest material of its keys, or under another key; with `from`, only what is under that key.
/// Each token is replaced in one step: whatever interrupts it, the volume opens by the old one or by the new one, and doing it
/// again does the rest.
///
/// # Errors
/// [`ClientFailure`]. Nothing was changed if KMS refuses.
pub(crate) fn rewrap(
    client: &Client,
    volume: &Volume,
    key: Option<&str>,
    from: Option<&str>,
) -> Result<Vec<Rewrapped>, ClientFailure> {
    let chosen = chosen(volume, key, from)?;
    let made = chosen.into_iter().map(|token| {
        let to = key.unwrap_or(&token.record.key);
        let record = re_encrypted(client, &token.record, to, &token.record.context)?;
        Ok((token, VolumeToken { record, keyslots: token.keyslots.clone(), ..*token }))
    });
    // All of them first, so that a refusal leaves everything as it was.
    let made = made.collect::<Result<Vec<_>, ClientFailure>>()?;
    let header = volume.place.keep_header(&volume.id)?;
    let replaced = made.into_iter().map(|(old, new)| {
        volume.place.replace(&new, &client.unique())?;
        let WrapRecord { key, material, .. } = new.record;
        Ok(Rewrapped { token: new.number, from: old.record.key.clone(), key, material })
    });
    let replaced = replaced.collect::<Result<Vec<_>, ClientFailure>>()?;
    header.give_up()?;
    Ok(replaced)
}

/// Does as the command line says.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn rewrap_as_told(client: &Client, options: &RewrapVolume) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    print_json(&rewrap(client, &volume, options.key.as_deref(), options.from.as_deref())?)
}

/// Puts a volume under another KMS key too.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn add_key(client: &Client, options: &AddKeyToVolume) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    let number = volume.place.free_number()?;
    let (source, record) = by_any(client, &volume.tokens, &options.key, &volume.id.context())?;
    let token = VolumeToken { number, keyslots: source.keyslots.clone(), record };
    let header = volume.place.keep_header(&volume.id)?;
    volume.place.add(&token)?;
    header.give_up()?;
    let VolumeToken { number, record: WrapRecord { key, material, .. }, .. } = token;
    print_json(&Rewrapped { token: number, from: source.record.key.clone(), key, material })
}

/// The data key under another KMS key and context, by the first of the tokens that KMS opens.
///
/// # Errors
/// [`ClientFailure::Kms`]: why the first is refused.
pub(super) fn by_any<'a>(
    client: &Client,
    tokens: &'a [VolumeToken],
    key: &str,
    context: &Context,
) -> Result<(&'a VolumeToken, WrapRecord), ClientFailure> {
    access::by_first(tokens, |token| Ok((token, re_encrypted(client, &token.record, key, context)?)))
}

fn re_encrypted(
    client: &Client,
    record: &WrapRecord,
    key: &str,
    context: &Context,
) -> Result<WrapRecord, ClientFailure> {
    let WrapRecord { wrapped, context: before, .. } = record;
    let made = client.wait(client.kms.re_encrypt(&client.act_for, &wrapped.0, before, key, context))?;
    if made.source_key != record.key {
        let why = format!("the data key is under {}, and not under the key of its token", made.source_key);
        return Err(ClientFailure::Record(why));
    }
    Ok(WrapRecord::new(made.key, context.clone(), made.blob, made.material))
}

/// The tokens that are to be replaced.
fn chosen<'a>(
    volume: &'a Volume,
    key: Option<&str>,
    from: Option<&str>,
) -> Result<Vec<&'a VolumeToken>, ClientFailure> {
    let keys = volume.keys();
    match from {
        None if key.is_some() && keys.len() > 1 => {
            let why = "it is under several keys; say with --from which of them is meant";
            Err(ClientFailure::Use(format!("{}: {why}: {}", volume.id, keys.join(", "))))
        }
        Some(from) if !keys.contains(&from) => {
            Err(ClientFailure::Use(format!("{}: it is not under {from}", volume.id)))
        }
        _ => Ok(volume
            .tokens
            .iter()
            .filter(|token| from.is_none_or(|from| token.record.key == from))
            .collect()),
    }
}

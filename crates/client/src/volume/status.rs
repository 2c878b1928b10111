//! `volume status`.

use serde::Serialize;

use crate::{
    client::Client,
    ending::ClientFailure,
    streams::print_json,
    volume::{
        directory::{self, KeyPresence},
        grants, luks,
        options::VolumeStatus,
        place::{Volume, VolumePath},
        token::VolumeToken,
    },
};

/// What is shown of a volume.
#[derive(Serialize)]
struct VolumeReport<'a> {
    volume: String,
    kind: &'static str,
    /// Of a directory: whether its files can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    tokens: Vec<TokenReport<'a>>,
    /// Key slots that no token opens: those of passphrases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_keyslots: Vec<String>,
}

#[derive(Serialize)]
struct TokenReport<'a> {
    token: u32,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    keyslots: &'a [String],
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    material: Option<&'a str>,
    #[serde(flatten)]
    asked: Option<KmsReport>,
}

/// What KMS says. Refusals are part of the report: who may open a volume may often do nothing else.
#[derive(Serialize)]
struct KmsReport {
    key_state: String,
    opens: String,
    grants: GrantsReport,
}

#[derive(Serialize)]
#[serde(untagged)]
enum GrantsReport {
    Known(Vec<HostReport>),
    Refused(String),
}

#[derive(Serialize)]
struct HostReport {
    grant: String,
    host: Option<String>,
}

/// Shows a volume.
///
/// # Errors
/// [`ClientFailure`].
pub(super) fn status(
    options: &VolumeStatus,
    client: &dyn Fn() -> Result<Client, ClientFailure>,
) -> Result<(), ClientFailure> {
    let volume = Volume::at(&options.path)?;
    let client = if options.offline { None } else { Some(client()?) };
    let tokens = volume.tokens.iter().map(|token| {
        let asked = client.as_ref().map(|client| asked(client, &volume, token)).transpose()?;
        let VolumeToken { number, keyslots, record } = token;
        let material = record.material.as_deref();
        Ok(TokenReport { token: *number, keyslots, key: &record.key, material, asked })
    });
    let tokens = tokens.collect::<Result<Vec<_>, ClientFailure>>()?;
    let (state, other_keyslots) = match &volume.place {
        VolumePath::Luks(device) => {
            let of_tokens = |slot: &String| volume.tokens.iter().any(|token| token.keyslots.contains(slot));
            let mut keyslots = luks::header(device)?.keyslots;
            keyslots.retain(|slot| !of_tokens(slot));
            (None, keyslots)
        }
        VolumePath::Directory(path) => {
            let state = match directory::presence(path, &directory::policy(path)?)? {
                KeyPresence::Present => "open",
                KeyPresence::InUse => "closed, but files are in use",
                KeyPresence::Absent => "closed",
            };
            (Some(state), Vec::new())
        }
    };
    let volume_id = volume.id.to_string();
    print_json(&VolumeReport { volume: volume_id, kind: volume.place.kind(), state, tokens, other_keyslots })
}

fn asked(client: &Client, volume: &Volume, token: &VolumeToken) -> Result<KmsReport, ClientFailure> {
    let key = &token.record.key;
    let described = client.wait(client.kms.describe_key(&client.act_for, key));
    let opened = client.open(&token.record).and_then(|data_key| match &volume.place {
        VolumePath::Luks(device) => luks::test(device, &data_key.to_base64()),
        VolumePath::Directory(_) => Ok(()),
    });
    let hosts = grants::of_volume(client, key, &volume.id, None);
    Ok(KmsReport {
        key_state: told(described.map(|described| described.key_state))?,
        opens: told(opened.map(|()| "yes".to_owned()))?,
        grants: match hosts {
            Ok(grants) => GrantsReport::Known(
                grants.into_iter().map(|grant| HostReport { grant: grant.id, host: grant.grantee }).collect(),
            ),
            Err(failure) => GrantsReport::Refused(told(Err(failure))?),
        },
    })
}

/// What was asked for, or why it is refused. When KMS is not reached, nothing can be told.
fn told(answer: Result<String, ClientFailure>) -> Result<String, ClientFailure> {
    match answer {
        Err(failure) if grants::is_out_of_reach(&failure) => Err(failure),
        Err(failure) => Ok(failure.to_string()),
        Ok(answer) => Ok(answer),
    }
}

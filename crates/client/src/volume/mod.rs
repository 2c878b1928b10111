//! `volume`: disks and directories that are encrypted under a KMS key, as EBS encrypts volumes.
//!
//! A volume has an id. KMS makes its data key, with the id as encryption context, and the volume keeps the data key in
//! *tokens*, as KMS encrypted it: one record for each KMS key under which it is. [`place::VolumePath`] is a volume, of one of two
//! kinds, and knows where its tokens are. The kernel encrypts, and programs of the system tell it to: cryptsetup in `luks`,
//! xfs_io in `directory`. What the commands do is in the other modules, and each of them is the same for both kinds where it
//! can be.

mod access;
mod creating;
mod directory;
mod doctor;
mod grants;
mod id;
mod luks;
mod options;
pub(crate) mod place;
mod programs;
mod recovery;
pub(crate) mod rewrapping;
mod snapshot;
mod status;
mod token;
mod unfinished;

pub(crate) use options::VolumeCommand;

use crate::{client::Client, ending::ClientFailure};

/// Runs a command, with a client if it needs one.
///
/// # Errors
/// [`ClientFailure`].
pub(crate) fn run(
    command: VolumeCommand,
    client: &dyn Fn() -> Result<Client, ClientFailure>,
) -> Result<u8, ClientFailure> {
    match command {
        VolumeCommand::Create(options) => creating::create(&client()?, &options)?,
        VolumeCommand::Open(options) => access::open(&client()?, &options)?,
        VolumeCommand::Close(options) => access::close(&options, client)?,
        VolumeCommand::Attach(options) => grants::attach(&client()?, &options)?,
        VolumeCommand::Detach(options) => grants::detach(&client()?, &options)?,
        VolumeCommand::Snapshot(options) => snapshot::snapshot(&client()?, &options)?,
        VolumeCommand::Rewrap(options) => rewrapping::rewrap_as_told(&client()?, &options)?,
        VolumeCommand::AddKey(options) => rewrapping::add_key(&client()?, &options)?,
        VolumeCommand::Status(options) => status::status(&options, client)?,
        VolumeCommand::Doctor => return doctor::doctor(&client()?),
        VolumeCommand::Passphrase => access::passphrase(&client()?)?,
    }
    Ok(0)
}

//! What the command line says of volumes.

use std::{path::PathBuf, str::FromStr};

use clap::{Args, Subcommand, ValueEnum};

/// A command for volumes.
#[derive(Debug, Subcommand)]
pub(crate) enum VolumeCommand {
    /// Make a volume, which is closed then
    Create(CreateVolume),
    /// Let a host open the volume, by a grant
    Attach(VolumeHost),
    /// Open the volume here
    Open(OpenVolume),
    /// Close the volume here
    Close(CloseVolume),
    /// Take the grant of a host back
    Detach(VolumeHost),
    /// Copy a volume, under another KMS key if one is named
    Snapshot(SnapshotVolume),
    /// Put the volume under the key's newest material, or under another key
    Rewrap(RewrapVolume),
    /// Put the volume under a second KMS key, so that either opens it
    AddKey(AddKeyToVolume),
    /// Show under which keys a volume is, who may open it, and whether it opens
    Status(VolumeStatus),
    /// Look for what is missing on this host
    Doctor,
    /// Read a token from standard input, and write the passphrase of its key slot: for cryptsetup's token handler
    #[command(hide = true)]
    Passphrase,
}

/// What encrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VolumeKind {
    /// A disk, a partition, or a file with the image of one, by LUKS2
    Luks,
    /// A directory of an ext4 or f2fs that was made with `-O encrypt`
    Directory,
}

/// Options of `create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright-client volume create --kind luks --key alias/volumes /dev/vdb
  keywright-client volume create --kind luks --key alias/volumes --size 10G disk.img
  keywright-client volume create --kind directory --key alias/volumes /srv/data")]
pub(crate) struct CreateVolume {
    /// A disk with nothing on it, a file that is not there yet, or an empty directory or none
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// What encrypts
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) kind: VolumeKind,
    /// The KMS key: an id, an ARN, or an alias
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,
    /// Make a file of this size, 16 MiB of it for the header: bytes, or with K, M, G or T
    #[arg(long, value_name = "SIZE")]
    pub(crate) size: Option<ByteSize>,
    /// Write a passphrase that opens the volume without KMS into this file, which must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) recovery_key: Option<PathBuf>,
}

/// Options of `attach` and `detach`.
#[derive(Debug, Args)]
pub(crate) struct VolumeHost {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The user or the role of the host
    #[arg(long, value_name = "ARN")]
    pub(crate) host: String,
}

/// Options of `open`.
#[derive(Debug, Args)]
pub(crate) struct OpenVolume {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The name of the device for the kind `luks`: it is `/dev/mapper/NAME`
    #[arg(value_name = "NAME", conflicts_with = "check")]
    pub(crate) name: Option<String>,
    /// Only try whether it opens, and leave it as it is
    #[arg(long)]
    pub(crate) check: bool,
}

/// Options of `close`.
#[derive(Debug, Args)]
pub(crate) struct CloseVolume {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The name of the device, for the kind `luks`
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Give the host's own grant up, whose id `attach` printed
    #[arg(long, value_name = "ID")]
    pub(crate) grant: Option<String>,
}

/// Options of `snapshot`.
#[derive(Debug, Args)]
#[command(after_help = "\
The copy has an id of its own, and a new data key: who could open the volume cannot open the copy. With `--same-data-key` nothing \
is encrypted anew, and who kept the data key or a passphrase of the volume reads the copy too.

A directory has to be open. Nobody may write to the volume meanwhile.")]
pub(crate) struct SnapshotVolume {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The copy, which must not be there yet
    #[arg(value_name = "COPY")]
    pub(crate) copy: PathBuf,
    /// The KMS key of the copy [default: the volume's]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Keep the data key, and only put it under the other KMS key; for the kind `luks`
    #[arg(long)]
    pub(crate) same_data_key: bool,
}

/// Options of `rewrap`.
#[derive(Debug, Args)]
pub(crate) struct RewrapVolume {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Another KMS key to put it under [default: the same]
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// The ARN of the key from which it is taken, for a volume that is under several [default: all]
    #[arg(long, value_name = "ARN")]
    pub(crate) from: Option<String>,
}

/// Options of `add-key`.
#[derive(Debug, Args)]
pub(crate) struct AddKeyToVolume {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// The other KMS key
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub(crate) struct VolumeStatus {
    /// The volume
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// Show what the volume says of itself, and call nobody
    #[arg(long)]
    pub(crate) offline: bool,
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factors = [('K', 1_u64 << 10), ('M', 1 << 20), ('G', 1 << 30), ('T', 1 << 40)];
        let with = factors.iter().find_map(|(letter, factor)| Some((text.strip_suffix(*letter)?, *factor)));
        let (digits, factor) = with.unwrap_or((text, 1));
        let bytes = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(factor));
        bytes.map(Self).ok_or_else(|| format!("`{text}` is no size, such as 64M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_have_a_letter() {
        let size = |text: &str| text.parse::<ByteSize>().map(|size| size.0);
        assert_eq!(size("512"), Ok(512));
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(size("3T"), Ok(3 << 40));
        for wrong in ["", "M", "64m", "-1", "1.5G", "99999999999T"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}

//! The command line of `keywright trail`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::Timestamp;
use trail::{EventId, Policyholder, WantedKey};

use super::options::DataOptions;
use crate::config::time;

/// What `trail` does.
#[derive(Debug, Subcommand)]
pub(crate) enum TrailCommand {
    /// Tell who used a key: which operations, how often, when first and last, what was denied.
    #[command(after_help = "\
Examples:
  keywright trail usage 1234abcd-12ab-34cd-56ef-1234567890ab --data-dir /srv/kms
  keywright trail usage 1234abcd-12ab-34cd-56ef-1234567890ab --since 2026-11-01 --json

Calls of a role's sessions count for the role. Denied calls count where the record tells their key; a caller that named \
an alias may have meant any key.")]
    Usage {
        /// The key's id or ARN; the id of a multi-Region key names all its keys
        #[arg(value_name = "KEY", value_parser = WantedKey::parse)]
        key: WantedKey,
        /// Count what happened from this time on: a time such as 2026-11-30T09:00:00Z, or a day
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// How, and from where.
        #[command(flatten)]
        report: ReportOptions,
    },
    /// Write the least policy with which a user or role could do again what it did, in JSON.
    #[command(after_help = "\
Examples:
  keywright trail policy arn:aws:iam::111122223333:user/alice --data-dir /srv/kms > alice.json
  keywright trail policy arn:aws:iam::111122223333:role/app --since 2026-11-01 --json

What was denied is not in the policy; it is told on standard error, or beside the policy with --json. So is what \
grants allowed. Ends with 1 if policies allowed nothing.")]
    Policy {
        /// The ARN of the user or role; the calls of a role's sessions count
        #[arg(value_name = "PRINCIPAL", value_parser = Policyholder::parse)]
        principal: Policyholder,
        /// Take what happened from this time on: a time such as 2026-11-30T09:00:00Z, or a day
        #[arg(long, value_name = "TIME", value_parser = time)]
        since: Option<Timestamp>,
        /// How, and from where.
        #[command(flatten)]
        report: ReportOptions,
    },
    /// Tell what would break if a key were deleted: its users, grants, aliases and replicas.
    #[command(after_help = "\
Examples:
  keywright trail deletion 1234abcd-12ab-34cd-56ef-1234567890ab --data-dir /srv/kms
  keywright trail deletion 1234abcd-12ab-34cd-56ef-1234567890ab --json

The journal tells what happened since it begins. Grants and aliases that are older are not told.")]
    Deletion {
        /// The key's id or ARN; the id of a multi-Region key names all its keys
        #[arg(value_name = "KEY", value_parser = WantedKey::parse)]
        key: WantedKey,
        /// How, and from where.
        #[command(flatten)]
        report: ReportOptions,
    },
    /// Write a proof that an event was recorded when a signed digest was made, for somebody who has the public keys alone.
    #[command(after_help = "\
Examples:
  keywright trail prove 3f0a1c9e-5b7d-4e0f-9a86-2f4c6d8e0b12 --data-dir /srv/kms --out proof.json
  keywright trail verify proof.json --public-keys keys.json

Takes a trail that makes digests. Until the next digest, at most an hour, an event cannot be proved.")]
    Prove {
        /// The event's id, `eventID`
        #[arg(value_name = "EVENT-ID", value_parser = event_id)]
        event: EventId,
        /// File to write the proof to [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Where the journal and the copies of digests are.
        #[command(flatten)]
        place: DataOptions,
    },
    /// Verify a proof, delivered files, or a journal, by the public keys of digests. It needs no server and no seal.
    #[command(after_help = "\
Examples:
  aws cloudtrail list-public-keys > keys.json
  keywright trail verify proof.json --public-keys keys.json
  keywright trail verify /mnt/audit-bucket --public-keys keys.json
  keywright trail verify /srv/kms --public-keys keys.json --digests /mnt/audit-bucket

Names the first bad place and ends with 1, or says what was verified and what could not be. Keep the keys, and for a \
journal the digests, on another machine than the one whose word you doubt.")]
    Verify {
        /// A proof; a folder of delivered files, with AWSLogs in it; or a data directory
        path: PathBuf,
        /// File with what `aws cloudtrail list-public-keys` printed
        #[arg(long, value_name = "FILE")]
        public_keys: PathBuf,
        /// For a data directory: where the digests are, delivered or as copies [default: the directory's own copies]
        #[arg(long, value_name = "DIR")]
        digests: Option<PathBuf>,
    },
}

/// How a report is given, and from where.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// Where the journal is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// Write JSON, with all that the text tells and more
    #[arg(long)]
    pub(crate) json: bool,
}

/// The id of an event.
fn event_id(text: &str) -> Result<EventId, &'static str> {
    EventId::parse(&text.to_ascii_lowercase())
        .ok_or("expected an event's id, such as 3f0a1c9e-5b7d-4e0f-9a86-2f4c6d8e0b12")
}

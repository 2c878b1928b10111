//! What the command line says of campaigns.

use std::{num::NonZeroU32, path::PathBuf, str::FromStr};

use clap::{Args, Subcommand};

/// Options of `campaign`.
#[derive(Debug, Args)]
pub(crate) struct CampaignOptions {
    #[command(subcommand)]
    pub(crate) command: CampaignCommand,
}

/// The commands of `campaign`.
#[derive(Debug, Subcommand)]
pub(crate) enum CampaignCommand {
    /// Find what is under a key, and write down what to do with it; nothing is changed
    Plan(PlanOptions),
    /// Do what a plan says; a plan that was begun goes on where it stopped
    #[command(visible_alias = "resume")]
    Run(RunOptions),
    /// Find what the deletion of a key makes unreadable, and certify that it did
    Shred(ShredOptions),
}

/// Options of `campaign plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright-client campaign plan --from alias/db /etc/shop --out plan.jsonl
  keywright-client campaign plan --from alias/old --to alias/new /srv/sealed --bucket s3://invoices/2026/ --out plan.jsonl")]
pub(crate) struct PlanOptions {
    /// The key under which targets are now: an id, an ARN, or an alias
    #[arg(long, value_name = "KEY")]
    pub(crate) from: String,
    /// The key under which they shall be [default: the same key, its newest material]
    #[arg(long, value_name = "KEY")]
    pub(crate) to: Option<String>,
    #[command(flatten)]
    pub(crate) places: SearchedPlaces,
    /// Write the plan here; there must be no such file yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Where targets are looked for.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct SearchedPlaces {
    /// Files and folders; folders with all that is below them
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Objects of a bucket whose names begin so
    #[arg(long = "bucket", value_name = "s3://BUCKET/PREFIX")]
    pub(crate) buckets: Vec<BucketPrefix>,
}

/// Options of `campaign run`.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// The plan; its journal is kept beside it, as PLAN.journal
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// How many calls a second at most [default: as many as there are]
    #[arg(long, value_name = "CALLS")]
    pub(crate) rate: Option<NonZeroU32>,
    /// Write here what became of each target; a report that is there is replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// Options of `campaign shred`.
#[derive(Debug, Args)]
pub(crate) struct ShredOptions {
    #[command(subcommand)]
    pub(crate) command: ShredCommand,
}

/// The commands of `campaign shred`.
#[derive(Debug, Subcommand)]
pub(crate) enum ShredCommand {
    /// Find what the deletion of a key would make unreadable; nothing is changed
    Plan(ShredPlanOptions),
    /// Try to open what was planned, now that the key is deleted or will be, and sign what came of it
    Certify(CertifyOptions),
}

/// Options of `campaign shred plan`.
#[derive(Debug, Args)]
pub(crate) struct ShredPlanOptions {
    /// The key that is to be deleted: an id, an ARN, or an alias
    #[arg(long, value_name = "KEY")]
    pub(crate) key: String,
    #[command(flatten)]
    pub(crate) places: SearchedPlaces,
    /// Write the plan here; there must be no such file yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Options of `campaign shred certify`.
#[derive(Debug, Args)]
pub(crate) struct CertifyOptions {
    /// What `campaign shred plan` wrote
    #[arg(value_name = "PLAN")]
    pub(crate) plan: PathBuf,
    /// The KMS key that signs: ECDSA or RSA, for SIGN_VERIFY
    #[arg(long, value_name = "KEY")]
    pub(crate) signing_key: String,
    /// A proof of `keywright trail prove` that the key's deletion is recorded; it is put into the certificate
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: Option<PathBuf>,
    /// Write the certificate here, and its signature to FILE.sig; there must be no such files yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// A bucket, and how the names of its objects begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketPrefix {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

impl FromStr for BucketPrefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = text.strip_prefix("s3://").ok_or("expected s3://BUCKET/PREFIX")?;
        let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
        if bucket.is_empty() {
            return Err("expected the name of a bucket");
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_as_with_the_aws_cli() {
        let parsed = |text: &str| text.parse().map(|BucketPrefix { bucket, prefix }| (bucket, prefix));
        let named = |bucket: &str, prefix: &str| Ok((bucket.to_owned(), prefix.to_owned()));
        assert_eq!(parsed("s3://b"), named("b", ""));
        assert_eq!(parsed("s3://b/a/ b"), named("b", "a/ b"));
        assert!(parsed("b/a").is_err() && parsed("s3:///a").is_err());
    }
}

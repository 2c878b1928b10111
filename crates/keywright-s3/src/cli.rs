//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::bucket::BucketOptions;

/// S3 with SSE-KMS in front of a directory or a bucket.
#[derive(Debug, Parser)]
#[command(name = "keywright-s3", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves buckets.
    ///
    /// KMS is found as AWS's SDKs find it: AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL, AWS_REGION, AWS_CA_BUNDLE, and credentials in the
    /// environment or in AWS's files. They have to be those of a service identity `s3` of Keywright. With --users they are those of
    /// anybody who may assume the roles in the list, at AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL.
    Serve(ServeOptions),
}

/// What `serve` is told.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    /// The directory of everything that the gateway keeps.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
    #[command(flatten)]
    pub(crate) bucket: BucketOptions,
    /// Where it listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8014")]
    pub(crate) listen: SocketAddr,
    /// The key of KMS for SSE-S3, which the gateway's own credentials use.
    #[arg(long, value_name = "KEY", default_value = "alias/keywright-s3")]
    pub(crate) own_key: String,
    /// A list of users, in TOML, for AWS KMS or another KMS that does not know them: access keys, policies, and roles that KMS is
    /// called with. Read at the start; for this user alone to read. Without it Keywright says who users are.
    #[arg(long, value_name = "FILE")]
    pub(crate) users: Option<PathBuf>,
    /// Where /metrics, /healthz and /readyz are, without authentication, on loopback alone; 127.0.0.1:8015 if no address is given.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8015")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Lets --metrics be where others reach it.
    #[arg(long, requires = "metrics")]
    pub(crate) danger_metrics_off_loopback: bool,
    /// The certificate chain, in PEM. Without it the gateway listens on loopback alone.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}

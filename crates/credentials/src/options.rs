//! The options of `keywright credentials`.

use std::path::PathBuf;

use clap::Args;
use edge::Loopback;

/// Options of `credentials`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright credentials --role-arn arn:aws:iam::111122223333:role/app --endpoint http://127.0.0.1:4599
  keywright credentials --role-arn arn:aws:iam::111122223333:role/app --token-file /run/app/token
  keywright credentials --once --role-arn arn:aws:iam::111122223333:role/app

It assumes the role with credentials of its own: those in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN), or in a file. docs/credentials.md tells more.")]
pub struct Options {
    /// The role to assume
    #[arg(long, value_name = "ARN")]
    pub role_arn: String,
    /// Name of the session
    #[arg(long, value_name = "NAME", default_value = "keywright-credentials")]
    pub session_name: String,
    /// Length of a session; a new one is there before it ends
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(900..=43200))]
    pub duration_seconds: u32,
    /// Where to assume it [default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, else AWS's own in the Region]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// The Region to sign for [default: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// CAs in PEM that vouch for the endpoint [default: AWS_CA_BUNDLE, else the system's]
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// AWS credentials file with the own credentials [default: the environment]
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// Profile in that file
    #[arg(long, value_name = "NAME", default_value = "default", requires = "credentials_file")]
    pub profile: String,
    /// Print credentials once, for `credential_process`, and end
    #[arg(long, conflicts_with_all = ["listen", "token_file"])]
    pub once: bool,
    /// Where to serve them, on loopback
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub listen: Loopback,
    /// Write the token that programs have to send into this file, which only its owner can read
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

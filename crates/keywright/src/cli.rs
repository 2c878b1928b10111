//! The command line.

mod options;
mod trail;

use std::{net::SocketAddr, path::PathBuf};

use audit::Milestone;
use clap::{Args, Parser, Subcommand, ValueEnum};
use edge::Name;
use model::arn::Region;

pub(crate) use self::options::{DataOptions, ServiceOptions};
pub(crate) use self::trail::{ReportOptions, TrailCommand};
use crate::config::{account_id, address, region};

/// A key management service that speaks the AWS KMS API, on your own machines.
#[derive(Debug, Parser)]
#[command(name = "keywright", version = VERSION, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The release and, where it was built from a checkout, its commit.
pub(crate) const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("KEYWRIGHT_COMMIT"));

const EXAMPLES: &str = "\
Without a command, keywright serves with the defaults.

Examples:
  keywright                                    serve on 127.0.0.1:4599, data in ./keywright-data
  keywright init --data-dir /srv/kms --credentials root.ini
                                               set up, and keep the root user's access key in a file
  keywright serve --data-dir /srv/kms          serve it
  keywright health --ready                     ask a running server whether it answers calls
  keywright dev --seed keys.yaml               serve for tests, in memory, to any credentials
  keywright check --config /etc/keywright.toml print the configuration that would be used";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve. Sets the data directory up first if it is new.
    Serve(Serve),
    /// Serve for development and tests: in memory, any credentials, a clock that can be moved.
    Dev(dev::Options),
    /// Set a data directory up, and write the root user's access key as an AWS credentials file.
    Init(Init),
    /// Add an account to a deployment whose server is stopped.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Replace the root user's access key of an account when it is lost. The server has to be stopped.
    #[command(subcommand)]
    RootCredentials(RootCommand),
    /// Ask a running server how it is: ends with 0 if it is well, else with 1.
    Health(HealthOptions),
    /// Check the configuration and print it in full.
    Check(Check),
    /// Issue a server certificate from the local CA again, for instance before the old one ends.
    Certificate(Certificate),
    /// Tell why a call was allowed or denied, by the record that it left.
    Explain(Explain),
    /// Tell what is wrong with a policy, or likely to be.
    LintPolicy(LintPolicy),
    /// Hand a role's credentials to programs on this machine, as containers get them.
    Credentials(credentials::Options),
    /// Verify or show the journal of a server that is stopped or running.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Tell what the journal says of a key or of a user; prove events and verify what was delivered. The server may be stopped
    /// or running.
    #[command(subcommand)]
    Trail(TrailCommand),
    /// Work on the store of a server that is stopped.
    #[command(subcommand)]
    Store(StoreCommand),
}

/// Options of `serve`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  keywright serve
  keywright serve --data-dir /srv/kms --regions us-east-1,eu-west-1
  keywright serve --config /etc/keywright.toml --listen 0.0.0.0:4599

Listening on anything but loopback takes TLS: see `keywright init --help`.")]
pub(crate) struct Serve {
    /// Where everything is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// What is served.
    #[command(flatten)]
    pub(crate) service: ServiceOptions,
    /// Where the first start writes the root user's access key [default: shown on the terminal]
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Go on although the journal lacks records that it had, as after a restore of the store alone. The journal records it
    #[arg(long)]
    pub(crate) begin_journal: bool,
}

/// Options of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright check
  keywright check --config /etc/keywright.toml --regions any > full.toml")]
pub(crate) struct Check {
    /// As for `serve`.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// As for `serve`.
    #[command(flatten)]
    pub(crate) service: ServiceOptions,
}

/// Options of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright init --data-dir /srv/kms --credentials root.ini
  keywright init --data-dir /srv/kms --account-id 123456789012
  keywright init --data-dir /srv/kms --tls kms.example.net 10.0.0.7
  keywright init --data-dir /srv/kms --takeover eu-west-1

A data directory that is set up already is left as it is.")]
pub(crate) struct Init {
    /// Where everything is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// The account that the root user is of, 12 digits [default: random]
    #[arg(long, value_name = "N", value_parser = account_id)]
    pub(crate) account_id: Option<u64>,
    /// Where the access key goes.
    #[command(flatten)]
    pub(crate) shown: ShownIn,
    /// Names for the certificate.
    #[command(flatten)]
    pub(crate) names: Names,
}

/// What `account` does.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Add an account, and write its root user's access key as an AWS credentials file.
    #[command(after_help = "Example:\n  keywright account add --data-dir /srv/kms --credentials second.ini")]
    Add {
        /// Where everything is.
        #[command(flatten)]
        place: DataOptions,
        /// The new account, 12 digits [default: random]
        #[arg(long, value_name = "N", value_parser = account_id)]
        account_id: Option<u64>,
        /// Where the access key goes.
        #[command(flatten)]
        shown: ShownIn,
    },
}

/// What `root-credentials` does.
#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// Give the root user of an account a new access key in the place of all that it had.
    #[command(
        after_help = "Example:\n  keywright root-credentials reset --data-dir /srv/kms --credentials root.ini"
    )]
    Reset {
        /// Where everything is.
        #[command(flatten)]
        place: DataOptions,
        /// The account, 12 digits; needed where there are several
        #[arg(long, value_name = "N", value_parser = account_id)]
        account_id: Option<u64>,
        /// Where the access key goes.
        #[command(flatten)]
        shown: ShownIn,
    },
}

/// Options of `health`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright health
  keywright health --ready --admin 127.0.0.1:4600

For health checks of containers and for probes: the admin listener can then stay on loopback.")]
pub(crate) struct HealthOptions {
    /// Ask whether the server answers calls, not only whether it lives
    #[arg(long)]
    pub(crate) ready: bool,
    /// Where the server shows its health
    #[arg(long, value_name = "ADDR:PORT", value_parser = address, default_value = "127.0.0.1:4600")]
    pub(crate) admin: SocketAddr,
}

/// Options of `certificate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright certificate --data-dir /srv/kms --tls kms.example.net 10.0.0.7
  keywright certificate --data-dir /srv/kms --takeover eu-west-1

The CA vouches only for the names that it was made for. A server that runs reads the new certificate on SIGHUP.")]
pub(crate) struct Certificate {
    /// Where everything is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// Names for the certificate.
    #[command(flatten)]
    pub(crate) names: Names,
}

/// Options of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keywright explain 3f0a1c9e-5b7d-4e0f-9a86-2f4c6d8e0b12 --data-dir /srv/kms

The request id is in the answer that the caller got: `x-amzn-requestid`, and in the SDKs' exceptions.")]
pub(crate) struct Explain {
    /// The id of the request
    #[arg(value_name = "REQUEST-ID")]
    pub(crate) request_id: String,
    /// Where the journal is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
}

/// Options of `lint-policy`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright lint-policy key-policy.json
  keywright lint-policy --kind identity ann.json

Ends with 1 if there is an error; warnings do not count.")]
pub(crate) struct LintPolicy {
    /// File with the policy, in JSON
    pub(crate) file: PathBuf,
    /// What kind of policy it is
    #[arg(long, value_enum, default_value_t = PolicyFile::Key)]
    pub(crate) kind: PolicyFile,
    /// A Region that the policy is for; ARNs of another partition than the Region's are errors
    #[arg(long, value_name = "REGION", value_parser = region, default_value = "us-east-1")]
    pub(crate) region: Region,
}

/// Kinds of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyFile {
    /// On a KMS key
    Key,
    /// On a user, group or role; boundaries and session policies too
    Identity,
    /// On a role, says who may assume it
    Trust,
}

/// What `store` does.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Believe the records of a store that an earlier version kept, and authenticate them from now on.
    #[command(after_help = "Example:\n  keywright store authenticate --data-dir /srv/kms")]
    Authenticate(Authenticate),
}

/// Options of `store authenticate`.
#[derive(Debug, Args)]
pub(crate) struct Authenticate {
    /// Where everything is.
    #[command(flatten)]
    pub(crate) place: DataOptions,
    /// Go on with a run that was interrupted.
    #[arg(long)]
    pub(crate) resume: bool,
}

/// What `journal` does.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Verify the chain of records from the first to the last, and print its end.
    #[command(after_help = "\
Examples:
  keywright journal verify --data-dir /srv/kms
  keywright journal verify --data-dir /srv/kms --since \"$(cat /elsewhere/end)\"")]
    Verify {
        /// Where everything is.
        #[command(flatten)]
        place: DataOptions,
        /// An end that was printed before: also verify that the journal goes on from there
        #[arg(long, value_name = "END")]
        since: Option<Milestone>,
    },
    /// Print the records, one JSON object per line.
    #[command(after_help = "Example:\n  keywright journal show --data-dir /srv/kms | tail -n 3")]
    Show {
        /// Where everything is.
        #[command(flatten)]
        place: DataOptions,
    },
}

/// Where a root user's access key goes.
#[derive(Debug, Default, Args)]
pub(crate) struct ShownIn {
    /// Write the access key into this new file, which only its owner reads [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
}

/// Names that a certificate is for.
#[derive(Debug, Default, Args)]
pub(crate) struct Names {
    /// Make a CA and a server certificate for these host names and addresses, and for this machine itself
    #[arg(long, value_name = "HOST", num_args = 1.., value_delimiter = ',')]
    pub(crate) tls: Vec<Name>,
    /// Also for AWS's own names in this Region, for clients that take no endpoint
    #[arg(long, value_name = "REGION", value_parser = region, num_args = 1.., value_delimiter = ',')]
    pub(crate) takeover: Vec<Region>,
}

impl Cli {
    /// The command; `serve` with defaults if none is given.
    #[must_use]
    pub(crate) fn command(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Serve::default()))
    }
}

impl Names {
    /// All names, those of AWS included; empty when no certificate is wanted.
    #[must_use]
    pub(crate) fn all(&self) -> Vec<Name> {
        let mut names = self.tls.clone();
        for region in &self.takeover {
            names.extend(Name::takeover(region.as_str()));
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

#[cfg(test)]
mod tests;

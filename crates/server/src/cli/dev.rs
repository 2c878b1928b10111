//! `keywright dev`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dispatch::{Policies, ServiceIdentity};
use edge::Loopback;

use crate::{
    config::{RootSource, service},
    dev::DevConfig,
    logging::Format,
};

/// Options of `dev`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keywright dev
  keywright dev --seed keys.yaml --policies ignored
  keywright dev --data-dir ./dev-data --verify
  keywright dev --service s3=arn:aws:iam::000000000000:user/gateway
  curl -d '{\"advance\":\"365d\"}' http://127.0.0.1:4599/_keywright/clock
  curl -d '{\"operation\":\"Decrypt\",\"error\":\"ThrottlingException\",\"times\":3}' \\
      http://127.0.0.1:4599/_keywright/faults
  curl -X POST http://127.0.0.1:4599/_keywright/reset

Nothing in it is safe: whoever reaches it can use its keys. docs/dev.md describes the seed file and the controls.")]
pub struct Dev {
    /// Where to serve, on loopback
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:4599")]
    pub listen: Loopback,
    /// Where to keep everything [default: in memory]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// YAML file with the keys that are there from the start
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Believe attestation documents that lead to a root in this PEM file; `aws` is AWS's. May be repeated
    #[arg(long = "attestation-root", value_name = "FILE", default_value = "aws")]
    pub attestation_roots: Vec<RootSource>,
    /// Check signatures; the access key id of a root user is its account, the secret is `keywright`
    #[arg(long)]
    pub verify: bool,
    /// Whether policies decide (`enforced`) or everything is allowed (`ignored`)
    #[arg(long, value_name = "HOW", default_value = "enforced")]
    pub policies: PolicyMode,
    /// A user or role that may call as a service, for users of any account; may be repeated
    #[arg(long = "service", value_name = "NAME=ARN", value_parser = service)]
    pub services: Vec<ServiceIdentity>,
}

/// Whether policies are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyMode {
    /// They decide.
    Enforced,
    /// Everything is allowed.
    Ignored,
}

impl Dev {
    /// What it says.
    #[must_use]
    pub fn config(self) -> DevConfig {
        let Self { listen, data_dir, seed, attestation_roots, verify, policies, services } = self;
        let policies = match policies {
            PolicyMode::Enforced => Policies::Enforced,
            PolicyMode::Ignored => Policies::Ignored,
        };
        DevConfig {
            listen,
            data_dir,
            seed,
            attestation_roots,
            verify,
            policies,
            services,
            log: Format::fitting(),
        }
    }
}

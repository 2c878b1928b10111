//! What `keywright dev` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dispatch::{Policies, Reach, ServiceIdentity};
use edge::Loopback;

use server::{RootSource, service};

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
pub struct Options {
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
    #[arg(long = "service", value_name = "NAME=ARN", value_parser = named)]
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

/// What the options say.
#[derive(Debug, Clone)]
pub struct DevConfig {
    /// Where to serve.
    pub listen: Loopback,
    /// Where to keep everything; in memory without one.
    pub data_dir: Option<PathBuf>,
    /// What there is from the start.
    pub seed: Option<PathBuf>,
    /// What attestation documents have to lead to.
    pub attestation_roots: Vec<RootSource>,
    /// Whether signatures are checked.
    pub verify: bool,
    /// Who may call as a service.
    pub services: Vec<ServiceIdentity>,
    /// Whether policies are asked.
    pub policies: Policies,
}

impl Options {
    /// What it says.
    #[must_use]
    pub fn config(self) -> DevConfig {
        let Self { listen, data_dir, seed, attestation_roots, verify, policies, services } = self;
        let policies = match policies {
            PolicyMode::Enforced => Policies::Enforced,
            PolicyMode::Ignored => Policies::Ignored,
        };
        DevConfig { listen, data_dir, seed, attestation_roots, verify, policies, services }
    }
}

/// A service on a command line: `NAME=ARN`, in any account.
fn named(text: &str) -> Result<ServiceIdentity, String> {
    let (name, arn) = text
        .split_once('=')
        .ok_or("expected NAME=ARN such as `s3=arn:aws:iam::000000000000:user/gateway`")?;
    let service =
        service(name).map_err(|nearest| format!("there is no such service; did you mean `{nearest}`?"))?;
    ServiceIdentity::new(service, arn, Some(Reach::Everywhere)).map_err(|_| {
        "expected the ARN of a user or role such as `arn:aws:iam::111122223333:user/gateway`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_on_a_command_line_have_a_name_and_an_arn() {
        let identity = named("ec2=arn:aws:iam::000000000000:role/volumes").unwrap();
        assert_eq!((identity.service.as_str(), identity.reach), ("ec2", Reach::Everywhere));
        for wrong in ["", "s3", "s4=arn:aws:iam::000000000000:user/g", "s3=gateway"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}

//! What `keywright dev` is told.

use std::{fmt, net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use dispatch::{NoOrigin, Origins, Policies, Reach, ServiceIdentity};
use edge::is_loopback;
use model::arn::Partition;

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
    pub listen: SocketAddr,
    /// Serve off loopback, as a container has to: whoever reaches the address can use all keys
    #[arg(long)]
    pub danger_let_others_in: bool,
    /// Let web pages of this origin call from a browser; may be repeated
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub origins: Vec<String>,
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
    /// A directory that trails may deliver to, and the bucket's name for it; may be repeated
    #[arg(long = "bucket", value_name = "NAME=DIR", value_parser = bucket)]
    pub buckets: Vec<(String, PathBuf)>,
    /// Whose Regions are served: `aws`, `aws-cn`, `aws-us-gov` or another partition
    #[arg(long, value_name = "PARTITION", default_value = "aws", value_parser = partition)]
    pub partition: Partition,
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
    pub listen: SocketAddr,
    /// Whose web pages may call.
    pub origins: Origins,
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
    /// Directories that trails may deliver to, by the names of buckets.
    pub buckets: Vec<(String, PathBuf)>,
    /// The partition that everything is of.
    pub partition: Partition,
    /// Whether policies are asked.
    pub policies: Policies,
}

impl Options {
    /// What they say together.
    ///
    /// # Errors
    /// [`WrongOptions`].
    pub fn config(self) -> Result<DevConfig, WrongOptions> {
        if !is_loopback(self.listen) && !self.danger_let_others_in {
            return Err(WrongOptions::OpenToOthers(self.listen));
        }
        let origins =
            Origins::parse(self.origins.iter().map(String::as_str)).map_err(WrongOptions::NoOrigin)?;
        let foreign = |service: &&ServiceIdentity| service.partition() != self.partition;
        if let Some(foreign) = self.services.iter().find(foreign) {
            return Err(WrongOptions::ForeignService(foreign.arn().to_owned(), self.partition));
        }
        let policies = match self.policies {
            PolicyMode::Enforced => Policies::Enforced,
            PolicyMode::Ignored => Policies::Ignored,
        };
        Ok(DevConfig {
            listen: self.listen,
            origins,
            data_dir: self.data_dir,
            seed: self.seed,
            attestation_roots: self.attestation_roots,
            verify: self.verify,
            policies,
            services: self.services,
            buckets: self.buckets,
            partition: self.partition,
        })
    }
}

/// Options that are wrong, or do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrongOptions {
    /// An address that others can reach, and nothing that says that they may.
    OpenToOthers(SocketAddr),
    /// What no web page is of.
    NoOrigin(NoOrigin),
    /// A service's user or role, of another partition than everything else.
    ForeignService(String, Partition),
}

impl fmt::Display for WrongOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToOthers(address) => write!(
                f,
                "`--listen` is {address}, which others can reach, and whoever reaches a development server can use its \
                 keys: listen on loopback such as 127.0.0.1:4599, or add `--danger-let-others-in`"
            ),
            Self::NoOrigin(error) => write!(f, "`--allow-origin`: {error}"),
            Self::ForeignService(arn, partition) => {
                write!(
                    f,
                    "`--service` names {arn}, and everybody is of the partition {partition}: see `--partition`"
                )
            }
        }
    }
}

impl std::error::Error for WrongOptions {}

/// A partition on a command line.
fn partition(text: &str) -> Result<Partition, String> {
    Partition::parse(text).map_err(|_| {
        let names = Partition::ALL.map(Partition::as_str).join("`, `");
        format!("expected a partition: `{names}`")
    })
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

/// A bucket on a command line: `NAME=DIR`.
fn bucket(text: &str) -> Result<(String, PathBuf), String> {
    let named = text.split_once('=').filter(|(name, directory)| !name.is_empty() && !directory.is_empty());
    let (name, directory) = named.ok_or("expected NAME=DIR such as `audit=./audit`")?;
    Ok((name.to_owned(), directory.into()))
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

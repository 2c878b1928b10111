//! Options that several commands take.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use dispatch::{Durability, Regions};
use server::SealFile;

use crate::config::{Config, ConfigError, Settings, address, durability, regions};

/// Where the data and its seal are.
#[derive(Debug, Default, Args)]
pub(crate) struct DataOptions {
    /// Configuration file in TOML; options given here win over it [env: KEYWRIGHT_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the store, the journal and certificates are kept [default: keywright-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// File with the key that everything is sealed with; made if it is missing [default: DIR.seal-key]
    #[arg(long, value_name = "FILE", conflicts_with = "seal_passphrase_file")]
    pub(crate) seal_key: Option<PathBuf>,
    /// File with a passphrase to seal with, instead of a key
    #[arg(long, value_name = "FILE")]
    pub(crate) seal_passphrase_file: Option<PathBuf>,
}

/// What is served, and how.
#[derive(Debug, Default, Args)]
pub(crate) struct ServiceOptions {
    /// Where to serve the API [default: 127.0.0.1:4599]
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to serve health, readiness and metrics [default: 127.0.0.1:4600]
    #[arg(long, value_name = "ADDR:PORT", value_parser = address)]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// Regions of one partition to serve, separated by commas, or `any` of the partition `aws` [default: us-east-1]
    #[arg(long, value_name = "REGIONS", value_parser = regions)]
    pub(crate) regions: Option<Regions>,
    /// When a reply may leave: its record is on disk (`durable`), or handed to the journal (`handed-over`)
    /// [default: durable]
    #[arg(long, value_name = "MODE", value_parser = durability)]
    pub(crate) journal: Option<Durability>,
}

impl DataOptions {
    /// The configuration for commands that do not serve.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn config(self) -> Result<Config, ConfigError> {
        self.with(ServiceOptions::default())
    }

    /// The configuration for `serve` and `check`.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub(crate) fn with(self, service: ServiceOptions) -> Result<Config, ConfigError> {
        let Self { config, data_dir, seal_key, seal_passphrase_file } = self;
        let ServiceOptions { listen, admin_listen, regions, journal } = service;
        let seal = seal_key.map(SealFile::Key).or(seal_passphrase_file.map(SealFile::Passphrase));
        let settings =
            Settings { data_dir, listen, admin_listen, regions, journal, seal, ..Settings::default() };
        Config::load(config.as_deref(), settings)
    }
}

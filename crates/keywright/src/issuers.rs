//! The keys of identity providers: from files, or from the providers themselves.
//!
//! Nothing is fetched but for issuers that the configuration says to discover.

mod discovery;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use dispatch::Clock;
use iam::{IssuerKeys, NoKeys, Sought};
use oidc::KeySet;
use outbound::Outbound;

use self::discovery::{Discovered, Fetch};
use crate::config::{KeySource, Oidc};

/// The issuers of a configuration.
#[derive(Default)]
pub(crate) struct Issuers {
    issuers: BTreeMap<String, Issuer>,
}

enum Issuer {
    Pinned { file: PathBuf, keys: ArcSwap<KeySet> },
    Discovered(Arc<Discovered>),
}

impl Issuers {
    /// Reads the files with keys, and gets ready to fetch the others.
    ///
    /// # Errors
    /// What is wrong with a file, for the operator.
    pub(crate) fn open(config: &Oidc, clock: &Arc<dyn Clock>) -> Result<Self, String> {
        let discovers = config.issuers.values().any(|source| *source == KeySource::Discovery);
        let outbound = discovers.then(|| Outbound::new(config.ca_file.as_deref()));
        let outbound: Option<Arc<dyn Fetch>> = match outbound.transpose() {
            Ok(outbound) => outbound.map(|outbound| Arc::new(outbound) as _),
            Err(error) => return Err(format!("[oidc]: {error}")),
        };
        let mut issuers = BTreeMap::new();
        for (url, source) in &config.issuers {
            let issuer = match (source, &outbound) {
                (KeySource::File(file), _) => {
                    Issuer::Pinned { file: file.clone(), keys: ArcSwap::from_pointee(read(file)?) }
                }
                (KeySource::Discovery, Some(outbound)) => Issuer::Discovered(Arc::new(Discovered::new(
                    url.as_str(),
                    Arc::clone(outbound),
                    Arc::clone(clock),
                ))),
                (KeySource::Discovery, None) => continue,
            };
            issuers.insert(url.as_str().to_owned(), issuer);
        }
        Ok(Self { issuers })
    }

    /// Reads the files again; new tokens are verified with what they hold.
    ///
    /// # Errors
    /// What is wrong with a file; what was read of it before stays in use.
    pub(crate) fn reload(&self) -> Result<(), String> {
        for issuer in self.issuers.values() {
            if let Issuer::Pinned { file, keys } = issuer {
                keys.store(Arc::new(read(file)?));
            }
        }
        Ok(())
    }
}

impl IssuerKeys for Issuers {
    fn keys<'a>(&'a self, issuer: &'a str, key_id: Option<&'a str>) -> Sought<'a> {
        Box::pin(async move {
            match self.issuers.get(issuer) {
                None => Err(NoKeys::NotConfigured),
                Some(Issuer::Pinned { keys, .. }) => Ok(keys.load_full()),
                Some(Issuer::Discovered(discovered)) => discovered.keys(key_id).await,
            }
        })
    }
}

fn read(file: &Path) -> Result<KeySet, String> {
    let bytes = fs::read(file).map_err(|error| format!("`{}`: {error}", file.display()))?;
    KeySet::parse(&bytes).map_err(|error| format!("`{}`: {error}", file.display()))
}

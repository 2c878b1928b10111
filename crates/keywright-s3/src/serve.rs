//! `serve`: a gateway with parts of the machine.

use std::{error::Error, path::Path, sync::Arc, time::Duration};

use envelope::SystemRandomness;
use forward::{Kms, Machine, Patience, Settings, Sts, ThisMachine};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use s3::{
    Entrance, GatewayMetrics, GatewaySetup, KeywrightRequesters, ListedRequesters, ListedUser, Requesters,
};

use crate::{cli::ServeOptions, listen, users};

/// How long a call of KMS may take: a client of S3 waits for it.
const PATIENCE: Patience =
    Patience { attempt: Duration::from_secs(5), total: Duration::from_secs(10), ..Patience::OF_A_PROGRAM };

/// Serves until a signal ends it.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    // Plaintext and keys stay out of files.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A handler that takes core dumps through a pipe ignores that limit: core(5).
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(listen::tls(certificate, key)?),
        _ if options.listen.ip().is_loopback() => None,
        _ => return Err("without TLS (--tls-cert, --tls-key) the gateway listens on loopback alone".into()),
    };
    let pages = match options.metrics {
        Some(address) if !address.ip().is_loopback() && !options.danger_metrics_off_loopback => {
            return Err("--metrics is without authentication: put it on loopback, or add --danger-metrics-off-loopback".into());
        }
        address => address,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = Settings::read(&|name| std::env::var_os(name))?;
        let region = settings.region().to_owned();
        let endpoint = settings.endpoint().to_string();
        let bucket = options.bucket.place(&region, settings.ca_file().map(Path::to_owned))?;
        let machine: Arc<dyn Machine> = Arc::new(ThisMachine::start());
        let metrics = Arc::new(GatewayMetrics::new(Arc::clone(&machine)));
        let listed = options
            .users
            .as_deref()
            .map(|list| read_list(list, &settings, &metrics, &machine))
            .transpose()?;
        let kms = Kms::new(settings, PATIENCE, Arc::clone(&machine))?.observed(Arc::clone(&metrics) as _);
        let kms = Arc::new(kms);
        let requesters: Arc<dyn Requesters> = match listed {
            Some(users) => Arc::new(ListedRequesters::new(users, region.clone())),
            None => {
                Arc::new(KeywrightRequesters::new(Arc::clone(&kms), region.clone(), Arc::clone(&machine)))
            }
        };
        let entrance = Entrance::open(GatewaySetup {
            data_dir: &options.data_dir,
            bucket,
            region,
            kms,
            own_key: options.own_key.clone(),
            requesters,
            randomness: Arc::new(SystemRandomness),
            metrics: Arc::clone(&metrics),
            machine,
        })
        .await?;
        let pages = pages.map(|address| (address, entrance.pages()));
        listen::serve(
            listen::ListenOptions { address: options.listen, tls, pages },
            Arc::new(entrance),
            metrics,
            &endpoint,
        )
        .await
    })
}

/// The users of a list, whose roles are assumed with the settings' credentials.
fn read_list(
    list: &Path,
    settings: &Settings,
    metrics: &Arc<GatewayMetrics>,
    machine: &Arc<dyn Machine>,
) -> Result<Vec<ListedUser>, Box<dyn Error>> {
    let sts = Sts::new(settings, Arc::clone(machine))?.observed(Arc::clone(metrics) as _);
    let users = users::read(list, &Arc::new(sts))?;
    tracing::info!(users = users.len(), "the list of users is read, and not again before the next start");
    Ok(users)
}

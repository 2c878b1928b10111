//! `serve`: a gateway with parts of the machine.

use std::{error::Error, sync::Arc, time::Duration};

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use envelope::{Randomness, RandomnessFailed};
use forward::{Kms, Machine, Patience, Settings, ThisMachine};
use rustix::process::{Resource, Rlimit, setrlimit};
use s3::{Entrance, GatewaySetup, KeywrightRequesters};

use crate::{cli::ServeOptions, listen};

/// How long a call of KMS may take: a client of S3 waits for it.
const PATIENCE: Patience =
    Patience { attempt: Duration::from_secs(5), total: Duration::from_secs(10), ..Patience::OF_A_PROGRAM };

/// Random bytes of the system.
struct System;

impl Randomness for System {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomnessFailed> {
        SystemRandom::new().fill(out).map_err(|_| RandomnessFailed)
    }
}

/// Serves until a signal ends it.
pub(crate) fn run(options: &ServeOptions) -> Result<(), Box<dyn Error>> {
    // Plaintext and keys stay out of files.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Some(listen::tls(certificate, key)?),
        _ if options.listen.ip().is_loopback() => None,
        _ => return Err("without TLS (--tls-cert, --tls-key) the gateway listens on loopback alone".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let settings = Settings::read(&|name| std::env::var_os(name))?;
        let region = settings.region().to_owned();
        let endpoint = settings.endpoint().to_string();
        let machine: Arc<dyn Machine> = Arc::new(ThisMachine::start());
        let kms = Arc::new(Kms::new(settings, PATIENCE, Arc::clone(&machine))?);
        let requesters = KeywrightRequesters::new(Arc::clone(&kms), region.clone(), Arc::clone(&machine));
        std::fs::create_dir_all(&options.data_dir)?;
        let entrance = Entrance::open(GatewaySetup {
            data_dir: &options.data_dir,
            region,
            kms,
            own_key: options.own_key.clone(),
            requesters: Arc::new(requesters),
            randomness: Arc::new(System),
            machine,
        })?;
        listen::serve(options.listen, tls, Arc::new(entrance), &endpoint).await
    })
}

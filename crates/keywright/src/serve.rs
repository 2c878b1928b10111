//! `keywright serve`: opens the deployment, listens, and ends cleanly.

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use audit::FsDisk;
use bytes::Bytes;
use dispatch::{BodyFault, ConnectionInfo, Dispatcher, Origins};
use edge::{Answer, Bound, Connections, Ended, Setup, Signals, Tls, TurnedAway, Wanted, bind};
use export::{Exports, Surroundings};
use http::{Response, request::Parts};
use server::{DataDir, Health, StartError};
use tokio::runtime::Runtime;

use crate::{
    admin::Admin,
    cli::VERSION,
    config::{Config, durability_text, regions_text},
    deployment::Deployment,
    error::ServeError,
    issuers::Issuers,
    metrics::Metrics,
};

/// The request line, which answers what the edge hands over; and what browsers are told.
struct Api {
    dispatcher: Arc<Dispatcher>,
    origins: Origins,
}

impl Answer for Api {
    async fn answer(
        &self,
        head: Parts,
        body: Result<Bytes, BodyFault>,
        connection: &ConnectionInfo,
    ) -> Response<Bytes> {
        let guest = self.origins.guest(&head.headers);
        // A question of the browser's, before the call of the page. It is no call, and nothing is decided.
        if let Some(permitted) = guest.as_ref().and_then(|guest| guest.preflight(&head)) {
            return permitted;
        }
        let mut answer = self.dispatcher.answer(head, body, connection).await;
        if let Some(guest) = guest {
            guest.admit(&mut answer);
        }
        answer
    }

    fn knows(&self, head: &Parts) -> bool {
        self.dispatcher.knows(head)
    }

    fn turned_away(&self, why: TurnedAway, peer: SocketAddr) {
        self.dispatcher.turned_away(peer.ip(), why.code());
    }
}

/// What serving takes of the machine, before a deployment is opened or even made.
pub(crate) struct Listening {
    signals: Signals,
    tls: Option<Tls>,
    api: Bound,
    admin: Bound,
}

impl Listening {
    /// Takes signals and addresses, and reads the certificate.
    ///
    /// # Errors
    /// [`ServeError`].
    pub(crate) fn open(config: &Config, runtime: &Runtime) -> Result<Self, ServeError> {
        let signals = {
            let _context = runtime.enter();
            Signals::catch().map_err(StartError::Thread)?
        };
        let tls = config.tls.as_ref().map(|files| Tls::load(&files.certificate, &files.key)).transpose()?;
        let bind =
            |setting, address| bind(address).map_err(|error| StartError::Listen(setting, address, error));
        let (api, admin) = (bind("listen", config.listen)?, bind("admin_listen", config.admin_listen)?);
        Ok(Self { signals, tls, api, admin })
    }

    /// Serves an initialised deployment until a signal says to stop.
    ///
    /// # Errors
    /// [`ServeError`], before anything is served.
    pub(crate) fn serve(self, config: &Config, runtime: &Runtime) -> Result<(), ServeError> {
        let Listening { mut signals, tls, api, admin } = self;
        let metrics = Arc::new(Metrics::default());
        let deployment = Deployment::open(config, Arc::clone(&metrics))?;
        let exports = Arc::new(exports(config, &deployment)?);

        let connections = Arc::new(Connections::default());
        let api = api.serve(Setup {
            answer: Arc::new(Api {
                dispatcher: Arc::clone(&deployment.dispatcher),
                origins: config.origins.clone(),
            }),
            tls: tls.clone(),
            limits: config.limits,
            workers: config.workers,
            name: "api",
            counts: Arc::clone(&connections),
        });
        let api = api.map_err(StartError::Thread)?;
        let health: Arc<dyn Health> = Arc::clone(&deployment.vitals) as _;
        let admin = admin.serve(Setup {
            answer: Arc::new(Admin { metrics, connections, health, exports: Arc::clone(&exports) }),
            tls: None,
            // Nobody signs here.
            limits: config.limits.for_anybody(ADMIN_CONNECTIONS),
            workers: NonZeroUsize::MIN,
            name: "admin",
            counts: Arc::default(),
        });
        let admin = admin.map_err(StartError::Thread)?;
        announce(config, &deployment, api.address(), admin.address());

        let signal = loop {
            match runtime.block_on(signals.next()) {
                Wanted::Stop(signal) => break signal,
                Wanted::Reload => reload(tls.as_ref(), &deployment.issuers),
            }
        };
        tracing::info!(signal, "stopping: calls in flight are answered first");
        if let Ended::CutOff(count) = api.shut_down() {
            tracing::warn!(count, "connections were closed because their time was over");
        }
        let _ = admin.shut_down();
        exports.stop();
        deployment.close();
        tracing::info!("stopped");
        Ok(())
    }
}

/// Begins to hand events on, to wherever the configuration says.
fn exports(config: &Config, deployment: &Deployment) -> Result<Exports, ServeError> {
    let data = DataDir::new(&config.data_dir);
    let machine = rustix::system::uname();
    let around = Surroundings {
        journal: &deployment.backstage.journal,
        disk: Arc::new(FsDisk::reader(&data.journal())),
        folder: &data.exports(),
        host: &machine.nodename().to_string_lossy(),
        now: {
            let clock = Arc::clone(&deployment.backstage.clock);
            Arc::new(move || {
                Duration::from_millis(u64::try_from(clock.now().as_millis()).unwrap_or_default())
            })
        },
    };
    Exports::start(&config.exports, &around).map_err(ServeError::Export)
}

/// Monitoring needs few.
const ADMIN_CONNECTIONS: usize = 64;

fn announce(config: &Config, deployment: &Deployment, api: SocketAddr, admin: SocketAddr) {
    let accounts: Vec<String> = deployment.accounts.iter().map(ToString::to_string).collect();
    tracing::info!(
        listen = %api,
        tls = config.tls.is_some(),
        admin = %admin,
        store = %format!("sqlite in {}", config.data_dir.join("store").display()),
        seal = config.seal.kind(),
        journal = durability_text(config.journal),
        accounts = accounts.join(","),
        regions = regions_text(&config.regions),
        "keywright {VERSION} serves",
    );
    for part in deployment.vitals.parts().iter().filter(|part| !part.ready) {
        tracing::warn!("calls are refused, {}: {}", part.name, part.state);
    }
}

fn reload(tls: Option<&Tls>, issuers: &Issuers) {
    if let Err(error) = issuers.reload() {
        tracing::error!(error, "keys of issuers stay as they are");
    }
    match tls.map(Tls::reload) {
        None => tracing::info!("there is no certificate to read again"),
        Some(Ok(())) => tracing::info!("the certificate was read again"),
        Some(Err(error)) => tracing::error!(%error, "the certificate stays as it is"),
    }
}

//! `keywright dev`: the same server, for those who develop and test against it.
//!
//! What differs from `keywright serve` is here: who signed is believed, not checked (unless asked), the store is thrown
//! away (unless asked), the clock can be moved, and `/_keywright/` lets tests do so. It listens on loopback only, unless
//! an option lets others in. No setting turns `serve` into this: `serve` has no way to name what is here, and the data
//! directories of the one are refused by the other.

mod authentication;
mod clock;
mod controls;
mod development;
mod disk;
mod error;
mod faults;
mod ground;
mod options;
mod place;
mod seed;
mod span;

use std::{num::NonZeroUsize, sync::Arc};

use edge::{Limits, Setup, Signals, Wanted, is_loopback};
use server::StartError;
use tokio::runtime::Runtime;

pub use self::{
    development::Development,
    error::DevError,
    options::{DevConfig, Options, WrongOptions},
    seed::SeedError,
};

/// Serves until a signal says to stop.
///
/// # Errors
/// [`DevError`], before anything is served.
pub fn run(config: &DevConfig, runtime: &Runtime) -> Result<(), DevError> {
    let mut signals = {
        let _context = runtime.enter();
        Signals::catch().map_err(StartError::Thread)?
    };
    let address = config.listen;
    if !is_loopback(address) {
        tracing::warn!(listen = %address, "others are let in: whoever reaches this address can use all keys");
    }
    let bound = edge::bind(address).map_err(|error| StartError::Listen("listen", address, error))?;
    let development = Arc::new(Development::open(config)?);
    let edge = bound.serve(Setup {
        answer: Arc::clone(&development),
        tls: None,
        limits: Limits::default(),
        workers: NonZeroUsize::MIN,
        name: "api",
        counts: Arc::default(),
    });
    let edge = edge.map_err(StartError::Thread)?;
    tracing::info!(
        listen = %edge.address(),
        store = %config.data_dir.as_ref().map_or("memory".to_owned(), |path| path.display().to_string()),
        signatures = if config.verify { "checked" } else { "believed" },
        "keywright {} serves development: nothing in it is safe",
        env!("CARGO_PKG_VERSION"),
    );
    // There is no certificate to read again.
    let signal = loop {
        if let Wanted::Stop(signal) = runtime.block_on(signals.next()) {
            break signal;
        }
    };
    tracing::info!(signal, "stopping");
    let _ = edge.shut_down();
    if let Some(development) = Arc::into_inner(development) {
        development.close();
    }
    Ok(())
}

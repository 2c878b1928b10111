//! Settings as given, in a file or on the command line.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use cloudtrail::WantedTrail;
use dispatch::{Durability, Origins, Regions, ServiceIdentity};
use edge::TlsFiles;
use export::Export;
use server::{RootSource, SealFile};

use super::{BucketsSettings, JournalSettings, Oidc, QuotaSettings, StrangersSettings};
use crate::logging::Format;

/// Settings: each is valid, any may be missing. The fields are those of the
/// configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) danger_admin_off_loopback: Option<bool>,
    pub(crate) regions: Option<Regions>,
    pub(crate) seal: Option<SealFile>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) journal: Option<Durability>,
    pub(crate) retention: JournalSettings,
    pub(crate) domain_key_rotation_days: Option<u32>,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) connections_max: Option<usize>,
    pub(crate) connections_per_address_max: Option<usize>,
    pub(crate) bodies_bytes_max: Option<usize>,
    pub(crate) head: Option<Duration>,
    pub(crate) body: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) stranger_idle: Option<Duration>,
    pub(crate) shutdown: Option<Duration>,
    pub(crate) strangers: StrangersSettings,
    pub(crate) oidc: Option<Oidc>,
    pub(crate) quotas: QuotaSettings,
    pub(crate) services: Option<Vec<ServiceIdentity>>,
    pub(crate) buckets: Option<BucketsSettings>,
    pub(crate) trails: Option<Vec<WantedTrail>>,
    pub(crate) delivery_period: Option<Duration>,
    pub(crate) exports: Option<Vec<Export>>,
    pub(crate) attestation_roots: Option<Vec<RootSource>>,
    pub(crate) origins: Option<Origins>,
    pub(crate) log: Option<Format>,
}

impl Settings {
    /// These settings, and where they are silent those.
    pub(crate) fn over(self, below: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(below.data_dir),
            listen: self.listen.or(below.listen),
            admin_listen: self.admin_listen.or(below.admin_listen),
            danger_admin_off_loopback: self.danger_admin_off_loopback.or(below.danger_admin_off_loopback),
            regions: self.regions.or(below.regions),
            seal: self.seal.or(below.seal),
            tls: self.tls.or(below.tls),
            journal: self.journal.or(below.journal),
            retention: self.retention.over(below.retention),
            domain_key_rotation_days: self.domain_key_rotation_days.or(below.domain_key_rotation_days),
            workers: self.workers.or(below.workers),
            connections_max: self.connections_max.or(below.connections_max),
            connections_per_address_max: self
                .connections_per_address_max
                .or(below.connections_per_address_max),
            bodies_bytes_max: self.bodies_bytes_max.or(below.bodies_bytes_max),
            head: self.head.or(below.head),
            body: self.body.or(below.body),
            idle: self.idle.or(below.idle),
            stranger_idle: self.stranger_idle.or(below.stranger_idle),
            shutdown: self.shutdown.or(below.shutdown),
            strangers: self.strangers.over(below.strangers),
            oidc: self.oidc.or(below.oidc),
            quotas: self.quotas.over(below.quotas),
            services: self.services.or(below.services),
            buckets: self.buckets.or(below.buckets),
            trails: self.trails.or(below.trails),
            delivery_period: self.delivery_period.or(below.delivery_period),
            exports: self.exports.or(below.exports),
            attestation_roots: self.attestation_roots.or(below.attestation_roots),
            origins: self.origins.or(below.origins),
            log: self.log.or(below.log),
        }
    }
}

//! The configuration: command line over file over defaults, checked once, into a form that cannot be wrong.
//!
//! ```text
//! file ──► Settings ─┐
//!                    ├─► Settings ──► Config
//! command line ──────┘   every value    and together they make sense
//!                        is valid
//! ```

mod buckets;
mod error;
mod exports;
mod file;
mod journal;
mod keys;
mod limits;
mod oidc;
mod quotas;
mod services;
mod settings;
mod strangers;
mod values;

use std::{
    ffi::OsString,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use cloudtrail::WantedTrail;
use dispatch::{Durability, Origins, Regions, ServiceIdentity, StrangersShare};
use edge::{Limits, TlsFiles, is_loopback};
use export::Export;
use model::arn::{Partition, Region};
use server::{Retention, RootSource, SealFile};

use self::values::absolute;
pub(crate) use self::{
    buckets::{BucketPlace, BucketSettings, BucketsSettings},
    error::{ConfigError, Rule, Wrong},
    journal::JournalSettings,
    oidc::{KeySource, Oidc},
    quotas::QuotaSettings,
    settings::Settings,
    strangers::StrangersSettings,
    values::{
        DEFAULT_REGION, Expected, account_id, address, durability, durability_text, region, regions,
        regions_text, time,
    },
};
use crate::logging::Format;

/// Everything that the server needs to know, checked; paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Where store, journal and certificates are.
    pub(crate) data_dir: PathBuf,
    /// Whether the operator says that the journal lacks records which it had. Said on the command line alone, each time.
    pub(crate) begin_journal: bool,
    /// Where the API is served.
    pub(crate) listen: SocketAddr,
    /// Where health, readiness and metrics are served.
    pub(crate) admin_listen: SocketAddr,
    /// Whether the operator accepts the admin pages off loopback, where they are neither secret nor guarded.
    pub(crate) danger_admin_off_loopback: bool,
    /// The Regions that are served.
    pub(crate) regions: Regions,
    /// Where the root of all keys comes from.
    pub(crate) seal: SealFile,
    /// The server's certificate. Without one the API is served in plain HTTP, on loopback only.
    pub(crate) tls: Option<TlsFiles>,
    /// When replies to calls that change nothing may leave.
    pub(crate) journal: Durability,
    /// How long the journal is kept, and how.
    pub(crate) retention: Retention,
    /// How many bytes the journal's files have together at most.
    pub(crate) journal_bytes_max: Option<u64>,
    /// Age in days at which a new domain key is made.
    pub(crate) domain_key_rotation_days: u32,
    /// Threads that serve the API.
    pub(crate) workers: NonZeroUsize,
    /// Limits on connections.
    pub(crate) limits: Limits,
    /// What strangers may have recorded.
    pub(crate) strangers: StrangersShare,
    /// The identity providers whose tokens are taken.
    pub(crate) oidc: Oidc,
    /// How much there may be in the key management service.
    pub(crate) quotas: kms::Quotas,
    /// How fast it may be asked for.
    pub(crate) request_rates: kms::RequestRates,
    /// Who may call as a service, for users or as itself.
    pub(crate) services: Vec<ServiceIdentity>,
    /// Where trails may deliver to.
    pub(crate) buckets: BucketsSettings,
    /// The trails that there are from the start.
    pub(crate) trails: Vec<WantedTrail>,
    /// How often files are delivered to trails.
    pub(crate) delivery_period: Duration,
    /// Where events are handed on to as they are recorded.
    pub(crate) exports: Vec<Export>,
    /// The roots that attestation documents have to lead to; none: no document is believed.
    pub(crate) attestation_roots: Vec<RootSource>,
    /// The origins whose web pages may call.
    pub(crate) origins: Origins,
    /// The form of the log.
    pub(crate) log: Format,
}

/// The environment variable that names the configuration file; the only one that the server reads.
pub(crate) const CONFIG_VARIABLE: &str = "KEYWRIGHT_CONFIG";

const DATA_DIR: &str = "keywright-data";
const LISTEN: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 4599);
const ADMIN_LISTEN: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 4600);
const DOMAIN_KEY_ROTATION_DAYS: u32 = 30;

impl Config {
    /// Reads the file, if one is named here or by [`CONFIG_VARIABLE`], lays the command line over it, and checks
    /// the whole.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub(crate) fn load(file: Option<&Path>, command_line: Settings) -> Result<Self, ConfigError> {
        let variable = std::env::var_os(CONFIG_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let settings = match file.map(Path::to_owned).or(variable) {
            Some(file) => command_line.over(file::read(&file)?),
            None => command_line,
        };
        Self::check(settings)
    }

    /// Fills in the defaults and checks what no single value shows.
    ///
    /// # Errors
    /// The first [`Rule`] that is broken.
    pub(crate) fn check(settings: Settings) -> Result<Self, ConfigError> {
        let data_dir = absolute(settings.data_dir.unwrap_or_else(|| DATA_DIR.into()));
        let seal = match settings.seal {
            Some(SealFile::Key(file)) => SealFile::Key(absolute(file)),
            Some(SealFile::Passphrase(file)) => SealFile::Passphrase(absolute(file)),
            None => SealFile::Key(default_key_file(&data_dir)?),
        };
        let named = settings.tls.map(|TlsFiles { certificate, key }| TlsFiles {
            certificate: absolute(certificate),
            key: absolute(key),
        });
        let defaults = Limits::default();
        let config = Self {
            listen: settings.listen.unwrap_or_else(|| LISTEN.into()),
            admin_listen: settings.admin_listen.unwrap_or_else(|| ADMIN_LISTEN.into()),
            danger_admin_off_loopback: settings.danger_admin_off_loopback.unwrap_or(false),
            regions: settings.regions.unwrap_or_else(default_regions),
            seal,
            tls: named.or_else(|| issued_in(&data_dir)),
            journal: settings.journal.unwrap_or(Durability::Durable),
            retention: settings.retention.retention(),
            journal_bytes_max: settings.retention.bytes_max(),
            domain_key_rotation_days: settings.domain_key_rotation_days.unwrap_or(DOMAIN_KEY_ROTATION_DAYS),
            workers: settings.workers.unwrap_or_else(cores),
            limits: Limits {
                connections_max: settings.connections_max.unwrap_or(defaults.connections_max),
                connections_per_address_max: settings
                    .connections_per_address_max
                    .unwrap_or(defaults.connections_per_address_max),
                bodies_bytes_max: settings.bodies_bytes_max.unwrap_or(defaults.bodies_bytes_max),
                head: settings.head.unwrap_or(defaults.head),
                body: settings.body.unwrap_or(defaults.body),
                idle: settings.idle.unwrap_or(defaults.idle),
                stranger_idle: settings.stranger_idle.unwrap_or(defaults.stranger_idle),
                shutdown: settings.shutdown.unwrap_or(defaults.shutdown),
            },
            strangers: settings.strangers.share(),
            oidc: settings.oidc.unwrap_or_default().absolute(),
            quotas: settings.quotas.quotas(),
            request_rates: settings.quotas.request_rates(),
            services: settings.services.unwrap_or_default(),
            buckets: buckets::with_full_paths(settings.buckets.unwrap_or_default()),
            trails: settings.trails.unwrap_or_default(),
            delivery_period: settings.delivery_period.unwrap_or(cloudtrail::PERIOD),
            exports: exports::settled(settings.exports.unwrap_or_default()),
            attestation_roots: settings.attestation_roots.map_or_else(
                || vec![RootSource::Aws],
                |roots| roots.into_iter().map(|root| root.map_path(absolute)).collect(),
            ),
            origins: settings.origins.unwrap_or_default(),
            log: settings.log.unwrap_or_else(Format::fitting),
            data_dir,
            begin_journal: false,
        };
        config.check_rules()?;
        Ok(config)
    }

    /// Checks, before a seal is made where nobody named a place for it, that the place is no less durable than the
    /// data's: on the same file system.
    ///
    /// # Errors
    /// [`Rule::SealApart`].
    pub(crate) fn check_seal_stays(&self) -> Result<(), Rule> {
        let SealFile::Key(file) = &self.seal else { return Ok(()) };
        let is_default = default_key_file(&self.data_dir).as_ref() == Ok(file);
        let apart = !file.exists() && file.parent().and_then(device) != device(&self.data_dir);
        if is_default && apart { Err(Rule::SealApart(file.clone())) } else { Ok(()) }
    }

    fn check_rules(&self) -> Result<(), Rule> {
        let seal_file = self.seal.path();
        if seal_file.starts_with(&self.data_dir) {
            return Err(Rule::SealInsideData(seal_file.to_owned()));
        }
        if !is_loopback(self.listen) && self.tls.is_none() {
            return Err(Rule::OpenWithoutTls(self.listen));
        }
        if !is_loopback(self.admin_listen) && !self.danger_admin_off_loopback {
            return Err(Rule::AdminOffLoopback(self.admin_listen));
        }
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            return Err(Rule::SameAddress(self.listen));
        }
        let partition = self.regions.partition();
        if let Some(foreign) = self.services.iter().find(|service| service.partition() != partition) {
            return Err(Rule::ForeignService(foreign.arn().to_owned(), partition));
        }
        for trail in &self.trails {
            if !self.buckets.contains_key(&trail.bucket) {
                return Err(Rule::NoBucket(trail.name.clone(), trail.bucket.clone()));
            }
            if !self.regions.serve(&trail.home) {
                return Err(Rule::TrailElsewhere(trail.name.clone(), trail.home.clone()));
            }
        }
        Ok(())
    }
}

fn default_regions() -> Regions {
    let named = Region::parse(DEFAULT_REGION).into_iter().collect();
    Regions::only(named).unwrap_or_else(|| Regions::any(Partition::Aws))
}

/// The key file lies beside the data directory, not in it: a copy of the one is worth nothing without the other.
fn default_key_file(data_dir: &Path) -> Result<PathBuf, Rule> {
    let Some(name) = data_dir.file_name() else { return Err(Rule::DataDirUnnamed(data_dir.to_owned())) };
    let mut file = OsString::from(name);
    file.push(".seal-key");
    Ok(data_dir.with_file_name(file))
}

/// The file system that a path is on, or will be on once it is made.
fn device(path: &Path) -> Option<u64> {
    path.ancestors().find_map(|path| path.metadata().ok()).map(|found| found.dev())
}

/// The certificate that `keywright init --tls` put into a data directory, if it is there.
fn issued_in(data_dir: &Path) -> Option<TlsFiles> {
    let files = edge::server_files(data_dir);
    files.certificate.exists().then_some(files)
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The checked configuration as a file that says the same.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| toml::Value::from(text).to_string();
        let path = |path: &Path| text(&path.to_string_lossy());
        writeln!(f, "data_dir = {}", path(&self.data_dir))?;
        writeln!(f, "listen = {}", text(&self.listen.to_string()))?;
        writeln!(f, "admin_listen = {}", text(&self.admin_listen.to_string()))?;
        writeln!(f, "danger_admin_off_loopback = {}", self.danger_admin_off_loopback)?;
        writeln!(f, "regions = {}", text(&regions_text(&self.regions)))?;
        writeln!(f, "domain_key_rotation_days = {}", self.domain_key_rotation_days)?;
        writeln!(f, "workers = {}", self.workers)?;
        writeln!(f, "log = {}", text(&self.log.to_string()))?;
        match &self.seal {
            SealFile::Key(file) => writeln!(f, "\n[seal]\nkey_file = {}", path(file))?,
            SealFile::Passphrase(file) => writeln!(f, "\n[seal]\npassphrase_file = {}", path(file))?,
        }
        if let Some(TlsFiles { certificate, key }) = &self.tls {
            writeln!(f, "\n[tls]\ncertificate = {}\nkey = {}", path(certificate), path(key))?;
        }
        journal::write(f, self.journal, self.retention, self.journal_bytes_max)?;
        limits::write(f, &self.limits)?;
        strangers::write(f, self.strangers)?;
        self.oidc.write(f)?;
        quotas::write(f, &self.quotas, &self.request_rates)?;
        services::write(f, &self.services)?;
        writeln!(f, "\n[delivery]\nperiod_seconds = {}", self.delivery_period.as_secs())?;
        buckets::write(f, &self.buckets, &self.trails)?;
        exports::write(f, &self.exports)?;
        let roots: Vec<String> = self.attestation_roots.iter().map(|root| text(&root.to_string())).collect();
        writeln!(f, "\n[attestation]\nroots = [{}]", roots.join(", "))?;
        let origins: Vec<String> = self.origins.iter().map(text).collect();
        writeln!(f, "\n[cors]\norigins = [{}]", origins.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Settings {
        file::parse(Path::new("/etc/keywright.toml"), text).unwrap()
    }

    fn checked(text: &str) -> Result<Config, String> {
        Config::check(parsed(text)).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_given_means_the_defaults() {
        let config = Config::check(Settings::default()).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!(config.data_dir, here.join("keywright-data"));
        assert_eq!(config.seal, SealFile::Key(here.join("keywright-data.seal-key")));
        assert_eq!(config.listen.to_string(), "127.0.0.1:4599");
        assert_eq!(config.admin_listen.to_string(), "127.0.0.1:4600");
        assert_eq!(regions_text(&config.regions), "us-east-1");
        assert_eq!(config.journal, Durability::Durable);
        assert_eq!((config.retention, config.journal_bytes_max), (Retention::default(), None));
        assert_eq!(config.domain_key_rotation_days, 30);
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.strangers, StrangersShare::default());
        assert_eq!(config.tls, None);
        assert_eq!(config.quotas, kms::Quotas::default());
        assert_eq!(config.request_rates, kms::RequestRates::Unlimited);
        assert_eq!(config.attestation_roots, [RootSource::Aws]);
    }

    #[test]
    fn one_rate_given_is_the_wish_for_rates() {
        let limited = |text: &str| checked(text).unwrap().request_rates != kms::RequestRates::Unlimited;
        assert!(limited("[quotas]\nrequest_rates = \"aws\""));
        assert!(limited("[quotas]\nrsa_per_second = 5"));
        assert!(!limited("[quotas]\nrequest_rates = \"unlimited\"\nrsa_per_second = 5"));
    }

    #[test]
    fn the_journal_is_kept_as_long_as_the_file_says() {
        let config = checked("journal.keep = \"400d\"\njournal.max_bytes = \"2TiB\"").unwrap();
        assert_eq!(config.retention.keep.unwrap().as_secs(), 400 * 86_400);
        assert_eq!((config.journal_bytes_max, config.journal), (Some(2 << 40), Durability::Durable));
        let as_before = checked("journal = \"handed-over\"").unwrap();
        assert_eq!(as_before, checked("[journal]\ndurability = \"handed-over\"").unwrap());
    }

    #[test]
    fn services_are_of_the_partition_of_the_regions() {
        let config = |region: &str, partition: &str| {
            checked(&format!(
                "regions = \"{region}\"\n[[services]]\nname = \"s3\"\n\
                 principal = \"arn:{partition}:iam::111122223333:user/g\""
            ))
        };
        assert!(config("us-east-1", "aws").is_ok() && config("cn-north-1", "aws-cn").is_ok());
        assert_eq!(
            config("cn-north-1", "aws").unwrap_err(),
            "`services.principal` is arn:aws:iam::111122223333:user/g, and everybody in the Regions served is of the \
             partition aws-cn"
        );
    }

    #[test]
    fn the_checked_form_says_the_same_when_read_again() {
        let texts = [
            "",
            "data_dir = \"/srv/a \\\"quoted\\\" name\"\nregions = \"any\"\nlog = \"json\"\nworkers = 3",
            "regions = [\"eu-west-1\", \"us-west-1\"]\njournal = \"handed-over\"\nlog = \"text\"\n\
             listen = \"[::]:443\"\nadmin_listen = \"0.0.0.0:9\"\ndanger_admin_off_loopback = true\n\
             domain_key_rotation_days = 7\n[seal]\npassphrase_file = \"/run/pass\"\n\
             [tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"\n\
             [limits]\nconnections_max = 5\nconnections_per_address_max = 4\nbodies_bytes_max = 9999999\nhead_seconds = 1\nbody_seconds = 2\n\
             idle_seconds = 3\nstranger_idle_seconds = 2\nshutdown_seconds = 4\n\
             [quotas]\nkeys_per_region = 5\naliases_per_key = 0\ngrants_per_key = 7\nkey_policy_bytes = 8\n\
             on_demand_rotations = 9\nsymmetric_per_second = 10\nrsa_per_second = 11\n\
             elliptic_curve_per_second = 12\nml_dsa_per_second = 13",
            "quotas.request_rates = \"aws\"",
            "[journal]\ndurability = \"handed-over\"\nkeep = \"400d\"\nmax_bytes = \"1536MiB\"",
            "[journal]\nkeep = \"forever\"\nmax_bytes = \"20GiB\"",
            "[strangers]\nrecords_per_minute = 0\njournal_bytes_per_day = 1048576\ndisk_reserve_bytes = 0",
            "[[services]]\nname = \"s3\"\nprincipal = \"arn:aws:iam::111122223333:user/s3/gateway\"\n\
             [[services]]\nname = \"ec2\"\nprincipal = \"arn:aws:iam::111122223333:role/volumes\"\n\
             accounts = [\"444455556666\", \"111122223333\"]\nid = \"AROAVOLUMES\"\n\
             [[services]]\nname = \"s3\"\nprincipal = \"arn:aws:iam::444455556666:user/g\"\naccounts = \"any\"",
            "[[exports]]\nname = \"siem\"\nto = \"syslog\"\nreceiver = \"[2001:db8::1]:6514\"\nca_file = \"ca.pem\"\n\
             [[exports]]\nname = \"own-siem\"\nto = \"syslog\"\nreceiver = \"siem.example.net:6514\"\n\
             [[exports]]\nname = \"agent\"\nto = \"syslog\"\nreceiver = \"127.0.0.1:514\"\ntls = false\n\
             [[exports]]\nname = \"file\"\nto = \"file\"\npath = \"events.json\"\n\
             [[exports]]\nname = \"out\"\nto = \"stdout\"",
            "[oidc]\nca_file = \"/ca.pem\"\n[oidc.issuers.\"https://a.example/b\"]\ndiscover = true\n\
             [oidc.issuers.\"https://c.example\"]\njwks_file = \"/c.json\"",
            "[attestation]\nroots = []",
            "[delivery]\nperiod_seconds = 60\n[buckets.audit]\ndirectory = \"logs\"\naccounts = [\"111122223333\"]\n\
             [buckets.\"far.away\"]\nendpoint = \"https://s3.example.com/\"\ncredentials_file = \"s3.ini\"\n\
             bucket = \"other\"\nregion = \"eu-west-1\"\nprofile = \"p\"\nca_file = \"ca.pem\"\n\
             [[trails]]\nname = \"main\"\nbucket = \"audit\"\nprefix = \"a/b\"\naccount = \"111122223333\"\n\
             [[trails]]\nname = \"second\"\nbucket = \"far.away\"",
            "[cors]\norigins = [\"https://console.example.com\", \"http://localhost:3000\"]",
            "[attestation]\nroots = [\"aws\", \"own \\\"quoted\\\".pem\", \"/etc/other.pem\"]",
        ];
        for text in texts {
            let config = checked(text).unwrap();
            assert_eq!(checked(&config.to_string()).unwrap(), config, "{config}");
        }
    }

    #[test]
    fn the_command_line_is_over_the_file() {
        let file = parsed("listen = \"127.0.0.1:1\"\nworkers = 9\n[seal]\nkey_file = \"/a\"");
        let line = Settings {
            listen: Some(([127, 0, 0, 1], 2).into()),
            seal: Some(SealFile::Passphrase("/b".into())),
            ..Settings::default()
        };
        let config = Config::check(line.over(file)).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.workers.get(), 9);
        assert_eq!(config.seal, SealFile::Passphrase("/b".into()));
    }

    #[test]
    fn paths_in_a_file_are_relative_to_the_file() {
        let config = checked("data_dir = \"data/\"").unwrap();
        assert_eq!(config.data_dir, Path::new("/etc/data"));
        assert_eq!(config.seal, SealFile::Key("/etc/data.seal-key".into()));
    }

    #[test]
    fn a_certificate_that_init_made_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        std::fs::create_dir_all(data_dir.join("tls")).unwrap();
        let settings = || Settings { data_dir: Some(data_dir.clone()), ..Settings::default() };
        assert_eq!(Config::check(settings()).unwrap().tls, None);
        std::fs::write(data_dir.join("tls/server.pem"), "").unwrap();
        let tls =
            TlsFiles { certificate: data_dir.join("tls/server.pem"), key: data_dir.join("tls/server.key") };
        assert_eq!(Config::check(settings()).unwrap().tls, Some(tls));
    }

    #[test]
    fn loopback_needs_no_tls_and_everything_else_does() {
        for (listen, open) in [
            ("127.0.0.1:1", false),
            ("127.9.9.9:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("10.0.0.1:1", true),
            ("[::ffff:10.0.0.1]:1", true),
            ("[fe80::1]:1", true),
        ] {
            let plain = checked(&format!("listen = \"{listen}\""));
            assert_eq!(plain.is_err(), open, "{listen}");
            if let Err(message) = plain {
                assert!(message.contains("TLS") && message.contains("--tls"), "{message}");
            }
            let tls = "\n[tls]\ncertificate = \"c\"\nkey = \"k\"";
            assert!(checked(&format!("listen = \"{listen}\"{tls}")).is_ok());
            let admin = checked(&format!("admin_listen = \"{listen}\"{tls}"));
            assert_eq!(admin.is_err(), open, "{listen}");
            let danger = format!("admin_listen = \"{listen}\"\ndanger_admin_off_loopback = true");
            assert!(checked(&danger).is_ok(), "{listen}");
        }
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        for (text, expected) in [
            ("listen = \"127.0.0.1:7\"\nadmin_listen = \"127.0.0.1:7\"", "both"),
            ("data_dir = \"/d\"\n[seal]\nkey_file = \"/d/key\"", "outside the data directory"),
            ("data_dir = \"/d\"\n[seal]\npassphrase_file = \"/d/x/pass\"", "outside the data directory"),
            ("data_dir = \"/\"", "seal.key_file"),
            ("data_dir = \"/srv/..\"", "seal.key_file"),
        ] {
            let message = checked(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}

//! What is wrong with a configuration, in words for the operator.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

use model::arn::{Partition, Region};

use super::Expected;

/// Why there is no configuration.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file is not TOML.
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, column and reason.
        problem: String,
    },
    /// A key of the file is wrong.
    Key {
        /// The file.
        file: PathBuf,
        /// The key, with its table: `limits.idle_seconds`.
        key: String,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// Settings that do not go together.
    Rule(Rule),
}

/// What is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// There is no such key.
    Unknown {
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The value is not one for this key.
    Value(Expected),
    /// A whole number outside these bounds, or none at all.
    Number(u64, u64),
    /// There is no service of this name.
    Service {
        /// The one that was probably meant.
        nearest: &'static str,
    },
    /// It cannot stand together with this other key.
    Together(&'static str),
    /// It cannot stand without this other key.
    Alone(&'static str),
}

/// Settings that are fine one by one and not together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A listener that others can reach, without TLS.
    OpenWithoutTls(SocketAddr),
    /// Admin pages that others can reach.
    AdminOffLoopback(SocketAddr),
    /// A trail of the configuration, and the bucket that it names and that is none.
    NoBucket(String, String),
    /// A trail of the configuration, and its home Region, which is not served.
    TrailElsewhere(String, Region),
    /// One address for both listeners.
    SameAddress(SocketAddr),
    /// The seal's secret lies with the data that it protects.
    SealInsideData(PathBuf),
    /// The seal's key would lie on another file system than the data, which may be a container's own.
    SealApart(PathBuf),
    /// The data directory has no name to derive the seal key file's from.
    DataDirUnnamed(PathBuf),
    /// A service's user or role, of another partition than the Regions that are served.
    ForeignService(String, Partition),
}

impl std::error::Error for Rule {}

impl From<Rule> for ConfigError {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => write!(f, "`{}` cannot be read: {error}", file.display()),
            Self::Syntax { file, problem } => write!(f, "`{}` is not valid TOML: {problem}", file.display()),
            Self::Key { file, key, wrong } => write!(f, "`{}`: `{key}`: {wrong}", file.display()),
            Self::Rule(rule) => rule.fmt(f),
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { nearest: Some(nearest) } => write!(f, "unknown key; did you mean `{nearest}`?"),
            Self::Unknown { nearest: None } => {
                f.write_str("unknown key; `keywright check` prints those there are")
            }
            Self::Value(expected) => expected.fmt(f),
            Self::Number(least, most) => write!(f, "expected a whole number from {least} to {most}"),
            Self::Service { nearest } => {
                write!(f, "there is no such service; did you mean `{nearest}`?")
            }
            Self::Together(other) => write!(f, "expected either this or `{other}`, not both"),
            Self::Alone(other) => write!(f, "expected `{other}` beside it"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenWithoutTls(address) => write!(
                f,
                "`listen` is {address}, which others can reach, and there is no TLS: keys would cross the network \
                 readable; make a certificate with `keywright init --tls HOST`, name one under [tls], or listen on \
                 127.0.0.1"
            ),
            Self::AdminOffLoopback(address) => write!(
                f,
                "`admin_listen` is {address}, which others can reach, and its pages are not guarded: listen on \
                 127.0.0.1, or set `danger_admin_off_loopback = true` in the configuration file"
            ),
            Self::SealApart(file) => write!(
                f,
                "the key that opens everything would lie in {}, on another file system than the data: a container's \
                 own is lost with the container. Name a place that stays with `--seal-key`",
                file.display()
            ),
            Self::SameAddress(address) => {
                write!(f, "`listen` and `admin_listen` are both {address}: give each an address of its own")
            }
            Self::NoBucket(trail, bucket) => write!(
                f,
                "the trail `{trail}` delivers to `{bucket}`, and there is no such bucket: add `[buckets.{bucket}]`"
            ),
            Self::TrailElsewhere(trail, region) => write!(
                f,
                "the trail `{trail}` is at home in {region}, which is not served: set `trails.region` or `regions`"
            ),
            Self::SealInsideData(file) => write!(
                f,
                "the seal's secret `{}` must lie outside the data directory: who copies the one must not get the \
                 other",
                file.display()
            ),
            Self::DataDirUnnamed(directory) => write!(
                f,
                "the data directory `{}` has no name of its own to derive the seal key file's from: set \
                 `seal.key_file` or --seal-key",
                directory.display()
            ),
            Self::ForeignService(arn, partition) => write!(
                f,
                "`services.principal` is {arn}, and everybody in the Regions served is of the partition {partition}"
            ),
        }
    }
}

impl std::error::Error for ConfigError {}

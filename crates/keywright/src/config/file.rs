//! Settings from a TOML file.

use std::{collections::BTreeMap, fs, num::NonZeroUsize, path::Path, str::FromStr};

use dispatch::{Origins, Regions};
use edge::TlsFiles;
use server::{RootSource, SealFile, nearest};
use toml::{Table, Value};

use super::{
    ConfigError, Expected, JournalSettings, Oidc, QuotaSettings, Settings, StrangersSettings, Wrong, address,
    buckets, exports, journal::read_durability, keys::Keys, oidc, services, values,
};

/// Every key there is, for the one that was probably meant.
const KEYS: [&str; 44] = [
    "admin_listen",
    "attestation.roots",
    "cors.origins",
    "danger_admin_off_loopback",
    "data_dir",
    "delivery.period_seconds",
    "domain_key_rotation_days",
    "exports",
    "journal",
    "journal.durability",
    "journal.keep",
    "journal.max_bytes",
    "limits.bodies_bytes_max",
    "limits.body_seconds",
    "limits.connections_max",
    "limits.connections_per_address_max",
    "limits.head_seconds",
    "limits.idle_seconds",
    "limits.shutdown_seconds",
    "limits.stranger_idle_seconds",
    "listen",
    "log",
    "oidc.ca_file",
    "quotas.aliases_per_key",
    "quotas.elliptic_curve_per_second",
    "quotas.grants_per_key",
    "quotas.key_policy_bytes",
    "quotas.keys_per_region",
    "quotas.ml_dsa_per_second",
    "quotas.on_demand_rotations",
    "quotas.request_rates",
    "quotas.rsa_per_second",
    "quotas.symmetric_per_second",
    "regions",
    "seal.key_file",
    "seal.passphrase_file",
    "services",
    "strangers.disk_reserve_bytes",
    "strangers.journal_bytes_per_day",
    "strangers.records_per_minute",
    "tls.certificate",
    "tls.key",
    "trails",
    "workers",
];

/// Reads a file.
pub(super) fn read(file: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(file).map_err(|error| ConfigError::Unreadable(file.to_owned(), error))?;
    parse(file, &text)
}

/// Reads a file's text. Relative paths are relative to the file's directory.
pub(super) fn parse(file: &Path, text: &str) -> Result<Settings, ConfigError> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        file: file.to_owned(),
        problem: error.to_string(),
    })?;
    let mut values = BTreeMap::new();
    flatten("", table, &mut values);
    let mut keys = Keys::new(file, values);
    let settings = Settings {
        data_dir: keys.path("data_dir")?,
        listen: keys.text("listen", address)?,
        admin_listen: keys.text("admin_listen", address)?,
        danger_admin_off_loopback: keys.flag("danger_admin_off_loopback")?,
        regions: regions(&mut keys)?,
        seal: seal(&mut keys)?,
        tls: tls(&mut keys)?,
        journal: read_durability(&mut keys)?,
        retention: JournalSettings::read(&mut keys)?,
        domain_key_rotation_days: keys.number("domain_key_rotation_days", 1..=3650)?,
        workers: keys.number::<usize>("workers", 1..=1024)?.and_then(NonZeroUsize::new),
        connections_max: keys.number("limits.connections_max", 1..=1_000_000)?,
        connections_per_address_max: keys.number("limits.connections_per_address_max", 1..=1_000_000)?,
        bodies_bytes_max: keys
            .number("limits.bodies_bytes_max", 4 * 1024 * 1024..=64 * 1024 * 1024 * 1024)?,
        head: keys.seconds("limits.head_seconds", 1..=300)?,
        body: keys.seconds("limits.body_seconds", 1..=300)?,
        idle: keys.seconds("limits.idle_seconds", 1..=3600)?,
        stranger_idle: keys.seconds("limits.stranger_idle_seconds", 1..=3600)?,
        shutdown: keys.seconds("limits.shutdown_seconds", 1..=300)?,
        strangers: StrangersSettings::read(&mut keys)?,
        oidc: Oidc::read(&mut keys)?,
        quotas: QuotaSettings::read(&mut keys)?,
        services: services::read(&mut keys)?,
        buckets: buckets::read(&mut keys)?,
        trails: buckets::trails(&mut keys)?,
        delivery_period: keys.seconds("delivery.period_seconds", 1..=3600)?,
        exports: exports::read(&mut keys)?,
        attestation_roots: roots(&mut keys)?,
        origins: origins(&mut keys)?,
        log: keys.text("log", FromStr::from_str)?,
    };
    match keys.left() {
        None => Ok(settings),
        Some(key) => Err(keys.wrong(key, Wrong::Unknown { nearest: nearest(key, KEYS) })),
    }
}

/// Values by their keys with their tables. An empty table stays, to be refused if there is no such table.
fn flatten(prefix: &str, table: Table, values: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        let known =
            || KEYS.iter().any(|known| known.strip_prefix(&*key).is_some_and(|rest| rest.starts_with('.')));
        match value {
            Value::Table(inner) if !inner.is_empty() => flatten(&format!("{key}."), inner, values),
            Value::Table(_) if known() || key == oidc::TABLE || key == buckets::TABLE => {}
            value => {
                values.insert(key, value);
            }
        }
    }
}

/// A text as on the command line, or a list of texts.
fn regions(keys: &mut Keys<'_>) -> Result<Option<Regions>, ConfigError> {
    const KEY: &str = "regions";
    let Some(value) = keys.take(KEY) else { return Ok(None) };
    let name = |value: &Value| value.as_str().unwrap_or("\0").to_owned();
    let text = match &value {
        Value::Array(names) => names.iter().map(name).collect::<Vec<_>>().join(","),
        text => name(text),
    };
    values::regions(&text).map(Some).map_err(|expected| keys.wrong(KEY, Wrong::Value(expected)))
}

fn origins(keys: &mut Keys<'_>) -> Result<Option<Origins>, ConfigError> {
    const KEY: &str = "cors.origins";
    let Some(value) = keys.take(KEY) else { return Ok(None) };
    let texts =
        value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let origins = texts.and_then(|texts| Origins::parse(texts).ok());
    let expected = Expected("a list of origins such as `[\"https://console.example.com\"]`");
    origins.map(Some).ok_or_else(|| keys.wrong(KEY, Wrong::Value(expected)))
}

fn roots(keys: &mut Keys<'_>) -> Result<Option<Vec<RootSource>>, ConfigError> {
    const KEY: &str = "attestation.roots";
    let Some(value) = keys.take(KEY) else { return Ok(None) };
    let root = |item: &Value| {
        let text = item.as_str().filter(|text| !text.is_empty() && !text.contains('\0'))?;
        let source: RootSource = text.parse().ok()?;
        Some(source.map_path(|path| keys.beside(&path)))
    };
    let roots = value.as_array().and_then(|items| items.iter().map(root).collect());
    let expected = Expected("a list of paths in quotes, or of `\"aws\"`");
    roots.map(Some).ok_or_else(|| keys.wrong(KEY, Wrong::Value(expected)))
}

fn seal(keys: &mut Keys<'_>) -> Result<Option<SealFile>, ConfigError> {
    match (keys.path("seal.key_file")?, keys.path("seal.passphrase_file")?) {
        (None, None) => Ok(None),
        (Some(file), None) => Ok(Some(SealFile::Key(file))),
        (None, Some(file)) => Ok(Some(SealFile::Passphrase(file))),
        (Some(_), Some(_)) => Err(keys.wrong("seal.passphrase_file", Wrong::Together("seal.key_file"))),
    }
}

fn tls(keys: &mut Keys<'_>) -> Result<Option<TlsFiles>, ConfigError> {
    match (keys.path("tls.certificate")?, keys.path("tls.key")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => Err(keys.wrong("tls.certificate", Wrong::Alone("tls.key"))),
        (None, Some(_)) => Err(keys.wrong("tls.key", Wrong::Alone("tls.certificate"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(Path::new("k.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn every_wrong_value_is_told_what_was_expected() {
        let address = "expected an address with a port such as `127.0.0.1:4599` or `[::1]:4599`";
        let path = "expected a path in quotes";
        let regions = "expected `any`, or Regions such as `us-east-1,eu-west-1`";
        for (key, values, expected) in [
            (
                "listen",
                &["1", "\"\"", "\"localhost:4599\"", "\"127.0.0.1\"", "\":80\"", "[\"127.0.0.1:1\"]"][..],
                address,
            ),
            ("admin_listen", &["true", "\"::1:80\""], address),
            ("data_dir", &["\"\"", "7", "[]"], path),
            ("seal.key_file", &["\"\"", "false"], path),
            ("seal.passphrase_file", &["3.5"], path),
            ("tls.certificate", &["1"], path),
            ("tls.key", &["\"\""], path),
            ("regions", &["\"\"", "\"us\"", "[]", "[1]", "[\"any\", \"us-east-1\"]", "5"], regions),
            (
                "cors.origins",
                &["\"*\"", "[\"*\"]", "[\"https://a/b\"]", "[1]"],
                "expected a list of origins such as `[\"https://console.example.com\"]`",
            ),
            (
                "attestation.roots",
                &["\"aws\"", "[\"\"]", "[1]", "true"],
                "expected a list of paths in quotes, or of `\"aws\"`",
            ),
            ("journal", &["\"Durable\"", "\"\"", "true"], "expected `durable` or `handed-over`"),
            ("log", &["\"xml\"", "0"], "expected `text` or `json`"),
            ("journal.durability", &["\"Durable\"", "1"], "expected `durable` or `handed-over`"),
            (
                "journal.keep",
                &["400", "\"400\"", "\"0d\"", "\"36501d\"", "\"1y\"", "\"\""],
                "expected days such as `400d`, up to `36500d`, or `forever`",
            ),
            (
                "journal.max_bytes",
                &["20", "\"20\"", "\"255MiB\"", "\"20GB\"", "\"99999999999TiB\"", "\"-1GiB\""],
                "expected a size such as `20GiB`, from `256MiB` on, or `unlimited`",
            ),
            ("danger_admin_off_loopback", &["\"true\"", "1"], "expected `true` or `false`"),
            (
                "domain_key_rotation_days",
                &["0", "-1", "3651", "\"30\"", "1.5"],
                "expected a whole number from 1 to 3650",
            ),
            ("workers", &["0", "1025", "\"2\""], "expected a whole number from 1 to 1024"),
            ("limits.connections_max", &["0", "1000001"], "expected a whole number from 1 to 1000000"),
            ("limits.head_seconds", &["0", "301"], "expected a whole number from 1 to 300"),
            ("limits.body_seconds", &["0", "301"], "expected a whole number from 1 to 300"),
            ("limits.idle_seconds", &["0", "3601"], "expected a whole number from 1 to 3600"),
            ("quotas.keys_per_region", &["0", "10000001"], "expected a whole number from 1 to 10000000"),
            ("quotas.request_rates", &["\"none\"", "5"], "expected `unlimited` or `aws`"),
            ("quotas.rsa_per_second", &["0", "1.5"], "expected a whole number from 1 to 1000000"),
            (
                "limits.shutdown_seconds",
                &["0", "9223372036854775807"],
                "expected a whole number from 1 to 300",
            ),
        ] {
            for value in values {
                assert_eq!(
                    message(&format!("{key} = {value}")),
                    format!("`k.toml`: `{key}`: {expected}"),
                    "{value}"
                );
            }
        }
    }

    #[test]
    fn unknown_keys_name_the_nearest() {
        for (text, key, nearest) in [
            ("listn = 1", "listn", "listen"),
            ("region = 1", "region", "regions"),
            ("data-dir = 1", "data-dir", "data_dir"),
            ("idle_seconds = 1", "idle_seconds", "limits.idle_seconds"),
            ("[limit]\nidle_seconds = 1", "limit.idle_seconds", "limits.idle_seconds"),
            ("[limits]\nidle = 1", "limits.idle", "limits.idle_seconds"),
            ("[seal]\nkeyfile = 1", "seal.keyfile", "seal.key_file"),
            ("seal = \"file\"", "seal", "seal.key_file"),
            ("[tls]\ncert = 1", "tls.cert", "tls.certificate"),
            ("[limits.idle_seconds]\nx = 1", "limits.idle_seconds.x", "limits.idle_seconds"),
        ] {
            assert_eq!(message(text), format!("`k.toml`: `{key}`: unknown key; did you mean `{nearest}`?"));
        }
        let riddle = "`k.toml`: `xyzzy`: unknown key; `keywright check` prints those there are";
        assert_eq!(message("xyzzy = 1"), riddle);
        assert_eq!(message("[xyzzy]"), riddle);
    }

    #[test]
    fn every_key_is_known_and_asked_for() {
        for key in KEYS {
            let wrong = message(&format!("{key} = {{ x = [] }}"));
            let is_refused = wrong.contains("unknown key") || wrong.contains("in double brackets");
            assert!(is_refused, "{key}: {wrong}");
            let wrong = message(&format!("{key} = 1979-05-27"));
            assert!(!wrong.contains("unknown key"), "{key} is in the list and nobody asks for it: {wrong}");
        }
        assert!(KEYS.is_sorted());
    }

    #[test]
    fn keys_that_need_or_exclude_another() {
        let both = message("[seal]\nkey_file = \"a\"\npassphrase_file = \"b\"");
        assert_eq!(
            both,
            "`k.toml`: `seal.passphrase_file`: expected either this or `seal.key_file`, not both"
        );
        assert_eq!(message("tls.key = \"k\""), "`k.toml`: `tls.key`: expected `tls.certificate` beside it");
        assert_eq!(
            message("tls.certificate = \"c\""),
            "`k.toml`: `tls.certificate`: expected `tls.key` beside it"
        );
    }

    #[test]
    fn what_is_not_toml_is_told_where() {
        let wrong = message("listen = \n");
        assert!(wrong.starts_with("`k.toml` is not valid TOML: ") && wrong.contains("line 1"), "{wrong}");
        assert!(message("listen = \"a\"\nlisten = \"b\"").contains("duplicate key"));
        let missing = read(Path::new("/nowhere/k.toml")).unwrap_err().to_string();
        assert!(missing.starts_with("`/nowhere/k.toml` cannot be read: "), "{missing}");
    }

    #[test]
    fn empty_tables_and_files_say_nothing() {
        assert_eq!(parse(Path::new("k.toml"), "").unwrap(), Settings::default());
        assert_eq!(parse(Path::new("k.toml"), "[seal]\n[tls]\n[limits]").unwrap(), Settings::default());
    }
}

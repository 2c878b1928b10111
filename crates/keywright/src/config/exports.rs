//! Where events are handed on to as they are recorded: the tables `[[exports]]`.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use export::{Export, ExportTo};

use super::{ConfigError, Expected, Wrong, keys::Keys, values::absolute};

const TABLES: Expected = Expected("tables under `[[exports]]`, in double brackets");
const NAME: Expected =
    Expected("a name of letters, digits and hyphens, at most 32, that no other export has");
const TO: Expected = Expected("`file`, `stdout` or `syslog`");
const FILE: Expected = Expected("the path of a file");
const RECEIVER: Expected = Expected("a host and a port such as `siem.example.net:6514`");
const LOCAL: Expected = Expected(
    "a loopback address with a port such as `127.0.0.1:514`: without TLS, events stay on this machine",
);
const ALONE: Expected = Expected("no path and no receiver beside `stdout`");

/// The keys of one of the tables.
const KEYS: [&str; 6] =
    ["exports.ca_file", "exports.name", "exports.path", "exports.receiver", "exports.tls", "exports.to"];

/// From the keys of a file.
pub(super) fn read(keys: &mut Keys<'_>) -> Result<Option<Vec<Export>>, ConfigError> {
    let Some(tables) = keys.list("exports", TABLES, &KEYS)? else { return Ok(None) };
    let exports = tables.into_iter().map(one).collect::<Result<Vec<Export>, _>>()?;
    let mut names = BTreeSet::new();
    if !exports.iter().all(|export| names.insert(&export.name)) {
        return Err(keys.wrong("exports.name", Wrong::Value(NAME)));
    }
    Ok(Some(exports))
}

fn one(mut keys: Keys<'_>) -> Result<Export, ConfigError> {
    let name = keys.text("exports.name", name)?;
    let to = keys.text("exports.to", |to| Ok(to.to_owned()))?;
    let path = keys.path("exports.path")?;
    let receiver = keys.text("exports.receiver", |receiver| Ok(receiver.to_owned()))?;
    let ca = keys.path("exports.ca_file")?;
    let tls = keys.flag("exports.tls")?.unwrap_or(true);
    let wrong = |key, expected| keys.wrong(key, Wrong::Value(expected));
    let name = name.ok_or_else(|| wrong("exports.name", NAME))?;
    let to = match (to.as_deref(), path, receiver) {
        (Some("file"), Some(path), None) => ExportTo::File(path),
        (Some("file"), ..) => return Err(wrong("exports.path", FILE)),
        (Some("stdout"), None, None) => ExportTo::Stdout,
        (Some("stdout"), ..) => return Err(wrong("exports.to", ALONE)),
        (Some("syslog"), None, Some(receiver)) => {
            syslog(&receiver, ca, tls).map_err(|expected| wrong("exports.receiver", expected))?
        }
        (Some("syslog"), ..) => return Err(wrong("exports.receiver", RECEIVER)),
        _ => return Err(wrong("exports.to", TO)),
    };
    Ok(Export { name, to })
}

fn syslog(receiver: &str, ca: Option<PathBuf>, tls: bool) -> Result<ExportTo, Expected> {
    if !tls {
        let address: Option<SocketAddr> = receiver.parse().ok();
        let local = address.filter(|address| edge::is_loopback(*address) && ca.is_none());
        return local.map(ExportTo::SyslogLocal).ok_or(LOCAL);
    }
    let (host, port) = receiver.rsplit_once(':').ok_or(RECEIVER)?;
    let port = port.parse().map_err(|_| RECEIVER)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || port == 0 {
        return Err(RECEIVER);
    }
    Ok(ExportTo::SyslogTls { host: host.to_owned(), port, ca })
}

/// It names a file and stands in metrics.
fn name(text: &str) -> Result<String, Expected> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let is_name = (1..=32).contains(&text.len()) && text.chars().all(is_plain);
    if is_name { Ok(text.to_owned()) } else { Err(NAME) }
}

/// With absolute paths.
pub(super) fn settled(exports: Vec<Export>) -> Vec<Export> {
    let settle = |Export { name, to }| {
        let to = match to {
            ExportTo::File(path) => ExportTo::File(absolute(path)),
            ExportTo::SyslogTls { host, port, ca } => {
                ExportTo::SyslogTls { host, port, ca: ca.map(absolute) }
            }
            to => to,
        };
        Export { name, to }
    };
    exports.into_iter().map(settle).collect()
}

/// The checked exports as a part of a file that says the same.
pub(super) fn write(f: &mut fmt::Formatter<'_>, exports: &[Export]) -> fmt::Result {
    let text = |text: &str| toml::Value::from(text).to_string();
    let path = |path: &Path| text(&path.to_string_lossy());
    for Export { name, to } in exports {
        writeln!(f, "\n[[exports]]\nname = {}", text(name))?;
        match to {
            ExportTo::File(file) => writeln!(f, "to = \"file\"\npath = {}", path(file))?,
            ExportTo::Stdout => writeln!(f, "to = \"stdout\"")?,
            ExportTo::SyslogTls { host, port, ca } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                writeln!(f, "to = \"syslog\"\nreceiver = {}", text(&format!("{host}:{port}")))?;
                ca.as_ref().map_or(Ok(()), |ca| writeln!(f, "ca_file = {}", path(ca)))?;
            }
            ExportTo::SyslogLocal(address) => {
                writeln!(f, "to = \"syslog\"\nreceiver = {}\ntls = false", text(&address.to_string()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file;

    fn message(text: &str) -> String {
        file::parse(Path::new("k.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn wrong_exports_are_told_what_was_expected() {
        let table = |rest: &str| format!("[[exports]]\nname = \"siem\"\n{rest}");
        for (text, expected) in [
            ("[[exports]]\nto = \"stdout\"".to_owned(), "exports.name`: expected a name of letters"),
            (
                "[[exports]]\nname = \"../x\"\nto = \"stdout\"".to_owned(),
                "exports.name`: expected a name of letters",
            ),
            (table(""), "exports.to`: expected `file`, `stdout` or `syslog`"),
            (table("to = \"http\""), "exports.to`: expected `file`, `stdout` or `syslog`"),
            (table("to = \"file\""), "exports.path`: expected the path of a file"),
            (table("to = \"stdout\"\npath = \"a\""), "exports.to`: expected no path"),
            (table("to = \"syslog\""), "exports.receiver`: expected a host and a port"),
            (table("to = \"syslog\"\nreceiver = \"siem\""), "exports.receiver`: expected a host and a port"),
            (
                table("to = \"syslog\"\nreceiver = \"siem:99999\""),
                "exports.receiver`: expected a host and a port",
            ),
            (
                table("to = \"syslog\"\nreceiver = \"192.0.2.1:514\"\ntls = false"),
                "expected a loopback address",
            ),
            (table("to = \"syslog\"\nreceiver = \"siem:514\"\ntls = false"), "expected a loopback address"),
            (
                table("to = \"syslog\"\nreceiver = \"siem:514\"\ntls = 1"),
                "exports.tls`: expected `true` or `false`",
            ),
            (table("to = \"stdout\"\nfile = \"a\""), "exports.file`: unknown key"),
            (
                format!("{}\n{}", table("to = \"stdout\""), table("to = \"file\"\npath = \"a\"")),
                "that no other export has",
            ),
            ("[exports]\nname = \"siem\"".to_owned(), "expected tables under `[[exports]]`"),
            ("exports = 7".to_owned(), "expected tables under `[[exports]]`"),
        ] {
            assert!(message(&text).contains(expected), "{text}: {}", message(&text));
        }
    }
}

//! What systemd asks an agent for, by the abstract name of its end of the socket.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The secret that is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AskedSecret {
    /// The key of a volume, by its name in crypttab.
    Volume(String),
    /// A credential of a unit.
    Credential { unit: String, id: String },
}

impl AskedSecret {
    /// What a name asks for, without its first NUL: `RANDOM/cryptsetup/VOLUME` (crypttab(5)), or `RANDOM/unit/UNIT/ID`
    /// (systemd.exec(5)). The first part are hexadecimal digits, which keep names apart.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(name).ok()?;
        let mut parts = name.split('/');
        let random = parts.next()?;
        if random.is_empty() || !random.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        match (parts.next()?, parts.next()?, parts.next(), parts.next()) {
            ("cryptsetup", volume, None, None) => Some(Self::Volume(file_name(volume)?)),
            ("unit", unit, Some(id), None) => {
                Some(Self::Credential { unit: file_name(unit)?, id: file_name(id)? })
            }
            _ => None,
        }
    }

    /// Where its record is, within a folder of records.
    pub(crate) fn record(&self, within: &Path) -> PathBuf {
        match self {
            Self::Volume(volume) => within.join("cryptsetup").join(format!("{volume}.json")),
            Self::Credential { unit, id } => within.join("unit").join(unit).join(format!("{id}.json")),
        }
    }
}

/// A name that stays in its folder, and that a line of a log can show.
fn file_name(name: &str) -> Option<String> {
    let fits = !name.is_empty() && !name.starts_with('.') && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned())
}

impl fmt::Display for AskedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume(volume) => write!(f, "volume {volume}"),
            Self::Credential { unit, id } => write!(f, "credential {id} of {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_systemd_lead_to_records() {
        for (name, record, shown) in [
            ("6b6c833b2d32a9bb/cryptsetup/data", "/r/cryptsetup/data.json", "volume data"),
            ("1f/cryptsetup/luks-a\\x2db", "/r/cryptsetup/luks-a\\x2db.json", "volume luks-a\\x2db"),
            (
                "0/unit/shop@1.service/db.pw",
                "/r/unit/shop@1.service/db.pw.json",
                "credential db.pw of shop@1.service",
            ),
        ] {
            let asked = AskedSecret::of(name.as_bytes()).unwrap();
            assert_eq!(asked.record(Path::new("/r")), Path::new(record));
            assert_eq!(asked.to_string(), shown);
        }
    }

    #[test]
    fn other_names_lead_nowhere() {
        for name in [
            "",
            "1f",
            "1f/cryptsetup",
            "1f/cryptsetup/",
            "1f/cryptsetup/..",
            "1f/cryptsetup/../x",
            "1f/cryptsetup/a/b",
            "1f/cryptsetup/.hidden",
            "1f/cryptsetup/a\nb",
            "/cryptsetup/a",
            "xyz/cryptsetup/a",
            "1f/unit/a.service",
            "1f/unit/../id",
            "1f/unit/a.service/..",
            "1f/unit/a.service/",
            "1f/unit//id",
            "1f/unit/a.service/id/more",
            "1f/other/a",
        ] {
            assert_eq!(AskedSecret::of(name.as_bytes()), None, "{name}");
        }
        assert_eq!(AskedSecret::of(b"1f/cryptsetup/\xff"), None);
    }
}

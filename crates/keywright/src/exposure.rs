//! Whether others than the server can read what it keeps secret.

use std::{
    fmt,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use crate::config::Config;

/// A file or folder that others can reach. The server runs all the same: how secrets are mounted is not its choice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exposed {
    /// Its mode lets others in.
    Mode(PathBuf, u32),
    /// It is another user's, who can change it.
    Owner(PathBuf, u32),
}

/// What of a deployment is exposed: the data directory, which guards all in it, the seal and the certificate's key.
pub(crate) fn exposed(config: &Config) -> Vec<Exposed> {
    let key = config.tls.as_ref().map(|files| files.key.as_path());
    let guarded = [Some(config.data_dir.as_path()), Some(config.seal.path()), key];
    guarded.into_iter().flatten().filter_map(of).collect()
}

/// What is not there is not exposed.
fn of(path: &Path) -> Option<Exposed> {
    let found = path.metadata().ok()?;
    let mode = found.mode() & 0o777;
    let others = if found.is_dir() { GROUP_OR_OTHERS } else { GROUP_OR_OTHERS & !GROUP_READS };
    if mode & others != 0 {
        Some(Exposed::Mode(path.to_owned(), mode))
    } else if is_anothers(found.uid(), geteuid().as_raw()) {
        Some(Exposed::Owner(path.to_owned(), found.uid()))
    } else {
        None
    }
}

/// Root can read everything anyway.
fn is_anothers(owner: u32, own: u32) -> bool {
    owner != own && owner != ROOT
}

const GROUP_OR_OTHERS: u32 = 0o077;
/// Secrets are handed to a service by its group where root owns them.
const GROUP_READS: u32 = 0o040;
const ROOT: u32 = 0;

impl fmt::Display for Exposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode(path, mode) => write!(
                f,
                "others on this machine can reach {} (mode {mode:03o}): take it away from them with `chmod go=`",
                path.display()
            ),
            Self::Owner(path, owner) => {
                write!(f, "{} belongs to user {owner}, who can change it", path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn what_others_reach_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal");
        fs::write(&path, "").unwrap();
        let found = |mode: u32| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            of(&path)
        };
        assert_eq!(found(0o600), None);
        assert_eq!(found(0o440), None);
        let told = found(0o644).unwrap().to_string();
        assert!(told.contains("seal") && told.contains("644"), "{told}");
        assert_eq!(found(0o620), Some(Exposed::Mode(path.clone(), 0o620)));
        assert_eq!(of(&folder.path().join("absent")), None);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert_eq!(of(folder.path()), Some(Exposed::Mode(folder.path().to_owned(), 0o750)));
    }

    #[test]
    fn what_is_somebody_elses_is_told() {
        assert!(is_anothers(1000, 1001) && is_anothers(1000, 0));
        assert!(!is_anothers(1000, 1000) && !is_anothers(0, 1000));
        let told = Exposed::Owner("/srv/seal".into(), 1000).to_string();
        assert_eq!(told, "/srv/seal belongs to user 1000, who can change it");
    }
}

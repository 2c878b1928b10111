//! `volume doctor`: what is missing on a host, found before a volume has to be opened.

use std::{
    fmt, fs,
    net::{IpAddr, ToSocketAddrs, UdpSocket},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::{
    client::Client,
    ending::ClientFailure,
    streams::print,
    volume::{
        grants,
        programs::{BLKID, CP, CRYPTSETUP, SystemProgram, XFS_IO},
        token,
    },
};

/// The access key with which the token handler calls, in its usual place.
const CREDENTIALS: &str = "/etc/keywright-client/credentials";
/// Where the kernel lists drivers, the device mapper among them (proc(5)).
const DRIVERS: &str = "/proc/misc";
/// A key that is there or not: it is only asked for to have an answer.
const SOME_KEY: &str = "alias/aws/ebs";
/// How cryptsetup says where it looks for token handlers.
const HANDLERS_ARE_IN: &str = "external token plugin path: ";

/// What was found.
enum Diagnosis {
    Good(String),
    /// It may be as it should be, or not.
    Doubtful(String),
    Missing(String),
}

/// Looks for all that volumes need. Returns 1 if something is missing.
///
/// # Errors
/// [`ClientFailure::Use`] if nothing can be printed.
pub(super) fn doctor(client: &Client) -> Result<u8, ClientFailure> {
    let mut diagnoses: Vec<Diagnosis> = [CRYPTSETUP, XFS_IO, BLKID, CP].into_iter().map(program).collect();
    diagnoses.extend(cryptsetup());
    diagnoses.extend([device_mapper(), credentials(Path::new(CREDENTIALS)), kms(client), circle(client)]);
    let text: String = diagnoses.iter().map(|diagnosis| format!("{diagnosis}\n")).collect();
    print(text.as_bytes())?;
    Ok(u8::from(diagnoses.iter().any(|diagnosis| matches!(diagnosis, Diagnosis::Missing(_)))))
}

fn program(program: SystemProgram) -> Diagnosis {
    match program.run(&[if program.name == XFS_IO.name { "-V" } else { "--version" }], None) {
        Ok(_) => Diagnosis::Good(format!("{} is here", program.name)),
        Err(failure) => Diagnosis::Missing(failure.to_string()),
    }
}

/// Whether cryptsetup can replace tokens, and finds our handler.
fn cryptsetup() -> Vec<Diagnosis> {
    let Ok(output) = CRYPTSETUP.run(&["--help"], None) else { return Vec::new() };
    let help = String::from_utf8_lossy(&output.stdout);
    let replaces = if help.contains("--token-replace") {
        Diagnosis::Good("cryptsetup replaces tokens".to_owned())
    } else {
        Diagnosis::Missing("cryptsetup is too old to replace tokens: 2.6 does".to_owned())
    };
    let folder = help.lines().find_map(|line| line.split_once(HANDLERS_ARE_IN)).map(|(_, rest)| rest);
    let handler = match folder.map(|folder| Path::new(folder.trim().trim_end_matches('.'))) {
        None => {
            Diagnosis::Doubtful("cryptsetup loads no token handlers: crypttab needs the agent".to_owned())
        }
        Some(folder) => {
            let file = folder.join(format!("libcryptsetup-token-{}.so", token::TYPE));
            if file.exists() {
                Diagnosis::Good(format!("the token handler is {}", file.display()))
            } else {
                let why = "the token handler is not there: cryptsetup alone opens no volume, crypttab needs the agent";
                Diagnosis::Doubtful(format!("{}: {why}", file.display()))
            }
        }
    };
    vec![replaces, handler]
}

fn device_mapper() -> Diagnosis {
    // The path is there also in kernels that have nothing behind it.
    if fs::read_to_string(DRIVERS).is_ok_and(|drivers| drivers.contains("device-mapper")) {
        Diagnosis::Good("the device mapper is here".to_owned())
    } else {
        let why = "is not loaded, without which volumes of the kind `luks` are not opened";
        Diagnosis::Doubtful(format!("the device mapper {why}"))
    }
}

/// Whether only root reads the access key of the host.
fn credentials(file: &Path) -> Diagnosis {
    let named = file.display();
    match fs::metadata(file) {
        Err(error) => Diagnosis::Doubtful(format!("{named}: {error}: the token handler has no access key")),
        Ok(metadata) if metadata.uid() != 0 || metadata.mode() & 0o077 != 0 => Diagnosis::Missing(format!(
            "{named}: others than root can read or write it: chown root, chmod 600"
        )),
        Ok(_) => Diagnosis::Good(format!("{named} is for root alone")),
    }
}

/// Whether KMS answers. A refusal is an answer too, unless it is the access key that is refused.
fn kms(client: &Client) -> Diagnosis {
    let endpoint = &client.endpoint;
    match client.wait(client.kms.describe_key(&client.act_for, SOME_KEY)) {
        Err(failure) if grants::is_out_of_reach(&failure) => {
            Diagnosis::Missing(format!("KMS at {endpoint}: {failure}"))
        }
        Err(ClientFailure::Kms(error)) if error.is_of_credentials() => {
            Diagnosis::Missing(format!("KMS at {endpoint}: {error}"))
        }
        _ => Diagnosis::Good(format!("KMS answers at {endpoint}")),
    }
}

/// Whether KMS runs here: then this machine needs itself to start.
fn circle(client: &Client) -> Diagnosis {
    let addresses = (client.host.trim_matches(['[', ']']), 0).to_socket_addrs();
    let Ok(addresses) = addresses else {
        return Diagnosis::Doubtful(format!("{} has no address", client.host));
    };
    match addresses.map(|address| address.ip()).find(|address| is_of_this_host(*address)) {
        None => Diagnosis::Good("KMS runs on another machine".to_owned()),
        Some(address) => Diagnosis::Doubtful(format!(
            "{address} is an address of this machine: what KMS needs to start must not be on a volume under its keys"
        )),
    }
}

/// A socket can only have an address of its own machine.
fn is_of_this_host(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(what) => write!(f, "ok       {what}"),
            Self::Doubtful(what) => write!(f, "warning  {what}"),
            Self::Missing(what) => write!(f, "missing  {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn addresses_of_this_machine_are_known() {
        assert!(is_of_this_host("127.0.0.1".parse().unwrap()));
        // For documentation (RFC 5737), and nobody's.
        assert!(!is_of_this_host("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn an_access_key_is_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        assert!(matches!(credentials(&file), Diagnosis::Doubtful(_)));
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(credentials(&file), Diagnosis::Missing(_)));
    }
}

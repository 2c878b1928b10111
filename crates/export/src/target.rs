//! What is configured.

use std::{net::SocketAddr, path::PathBuf};

/// An export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name, of letters, digits and hyphens: it names the cursor's file and the metrics.
    pub name: String,
    /// Where events go.
    pub to: ExportTo,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportTo {
    /// To the end of a file, which is made if it is missing, and made anew after a rotation.
    File(PathBuf),
    /// To the standard output of the server.
    Stdout,
    /// To a syslog receiver over TLS (RFC 5425).
    SyslogTls {
        /// The receiver's name or address, which its certificate has to have.
        host: String,
        /// Its port.
        port: u16,
        /// The CAs to trust, in PEM; else those of the system.
        ca: Option<PathBuf>,
    },
    /// To a syslog receiver on this machine, without TLS.
    SyslogLocal(SocketAddr),
}

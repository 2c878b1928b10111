//! Where an export's events go out.

use std::{
    io::{self, Write},
    time::Duration,
};

use crate::{ExportTo, file::RotatedFile, follower::ReadRecord, lines::lines, syslog::SyslogReceiver};

/// Where events go out.
pub(crate) enum Outlet {
    File(RotatedFile),
    Stdout,
    Syslog(SyslogReceiver),
}

impl Outlet {
    /// Opens nothing yet. `host` is the name of this machine.
    ///
    /// # Errors
    /// CAs that cannot be read; what the system says.
    pub(crate) fn to(to: &ExportTo, host: &str) -> io::Result<Self> {
        Ok(match to {
            ExportTo::File(path) => Self::File(RotatedFile::new(path.clone())),
            ExportTo::Stdout => Self::Stdout,
            ExportTo::SyslogTls { host: name, port, ca } => {
                Self::Syslog(SyslogReceiver::tls(name, *port, ca.as_deref(), host)?)
            }
            ExportTo::SyslogLocal(address) => Self::Syslog(SyslogReceiver::local(*address, host)?),
        })
    }

    /// Hands on the events of some records: all, or it fails. Answers how many they were.
    ///
    /// # Errors
    /// Any; some of the events may have gone out.
    pub(crate) fn send(&mut self, records: &[ReadRecord]) -> io::Result<u64> {
        match self {
            Self::File(file) => {
                let (lines, count) = lines(records);
                file.add(&lines).map(|()| count)
            }
            Self::Stdout => {
                let (lines, count) = lines(records);
                let mut out = io::stdout().lock();
                out.write_all(&lines)?;
                out.flush().map(|()| count)
            }
            Self::Syslog(receiver) => receiver.send(records),
        }
    }

    /// How long it takes until what was sent is taken to have arrived. Syslog has no answers: what a receiver had not read when
    /// it went away is lost on the way. So a connection has to hold for a while after it.
    pub(crate) fn settles_after(&self) -> Duration {
        match self {
            Self::File(_) | Self::Stdout => Duration::ZERO,
            Self::Syslog(_) => Duration::from_secs(5),
        }
    }

    /// Makes sure of what was sent, as far as that can be done.
    ///
    /// # Errors
    /// That it may be lost.
    pub(crate) fn assure(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.sync(),
            Self::Stdout => Ok(()),
            Self::Syslog(receiver) => receiver.look(),
        }
    }

    /// Closes what is open; the next sending opens it again.
    pub(crate) fn close(&mut self) {
        match self {
            Self::File(file) => file.close(),
            Self::Stdout => {}
            Self::Syslog(receiver) => receiver.close(),
        }
    }
}

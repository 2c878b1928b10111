//! Syslog: messages of RFC 5424, framed by counting (RFC 5425 §4.3, RFC 6587 §3.4.1), over TLS or to this machine.

use std::{fmt::Write, io, net::SocketAddr, path::Path, time::Duration};

use outbound::{OpenConnection, Outbound, open_local};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Runtime,
    time::timeout,
};
use trail::Event;

use crate::{follower::ReadRecord, lines::each_event};

/// Facility *log audit* (13) with severity *informational* (6), and with *warning* (4) for what failed or was denied
/// (RFC 5424 §6.2.1).
const INFORMATIONAL: u8 = 13 * 8 + 6;
const WARNING: u8 = 13 * 8 + 4;
/// Characters of a host name and of a message id (RFC 5424 §6).
const HOST_MAX: usize = 255;
const MESSAGE_ID_MAX: usize = 32;

/// How long a receiver may take a piece.
const SEND_TIME: Duration = Duration::from_secs(10);
/// How long it is looked whether the receiver has ended the connection.
const LOOK_TIME: Duration = Duration::from_millis(1);
/// How long the last words to a receiver may take.
const FAREWELL_TIME: Duration = Duration::from_secs(1);

/// A connection to a receiver, opened when it is needed.
pub(crate) struct SyslogReceiver {
    runtime: Runtime,
    at: Address,
    host: String,
    stream: Option<Box<dyn OpenConnection>>,
}

enum Address {
    Tls(Outbound, String, u16),
    Local(SocketAddr),
}

impl SyslogReceiver {
    /// A receiver over TLS.
    ///
    /// # Errors
    /// CAs that cannot be read; what the system says.
    pub(crate) fn tls(name: &str, port: u16, ca: Option<&Path>, host: &str) -> io::Result<Self> {
        let outbound = Outbound::new(ca).map_err(|error| io::Error::other(error.to_string()))?;
        Self::at(Address::Tls(outbound, name.to_owned(), port), host)
    }

    /// A receiver on this machine.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn local(address: SocketAddr, host: &str) -> io::Result<Self> {
        Self::at(Address::Local(address), host)
    }

    fn at(at: Address, host: &str) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, at, host: header_text(host, HOST_MAX), stream: None })
    }

    /// Sends the events of some records. Answers how many they were. That they were sent does not say that they arrived: syslog
    /// has no answers.
    ///
    /// # Errors
    /// Any. The connection is then closed.
    pub(crate) fn send(&mut self, records: &[ReadRecord]) -> io::Result<u64> {
        let (frames, count) = frames(records, &self.host);
        self.look()?;
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.runtime.block_on(connect(&self.at))?,
        };
        let sent = async {
            stream.write_all(&frames).await?;
            stream.flush().await
        };
        self.runtime.block_on(async { timeout(SEND_TIME, sent).await })??;
        self.stream = Some(stream);
        Ok(count)
    }

    /// Looks whether the receiver has ended the connection, if there is one.
    ///
    /// # Errors
    /// That it has, or that the connection broke.
    pub(crate) fn look(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let mut said = [0; 256];
        let looked = self.runtime.block_on(async { timeout(LOOK_TIME, stream.read(&mut said)).await });
        match looked {
            Ok(Ok(0)) => return Err(io::Error::other("the receiver ended the connection")),
            Ok(Err(error)) => return Err(error),
            // A receiver has nothing to say, but TLS has.
            Ok(Ok(_)) | Err(_) => self.stream = Some(stream),
        }
        Ok(())
    }

    /// Ends the connection, so that the receiver gets everything that was sent.
    pub(crate) fn close(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            let _ = self.runtime.block_on(async { timeout(FAREWELL_TIME, stream.shutdown()).await });
        }
    }
}

async fn connect(at: &Address) -> io::Result<Box<dyn OpenConnection>> {
    let opened = match at {
        Address::Tls(outbound, host, port) => outbound.open(host, *port).await,
        Address::Local(address) => open_local(*address).await,
    };
    opened.map_err(|error| io::Error::other(error.to_string()))
}

/// The events as frames, and how many they are.
fn frames(records: &[ReadRecord], host: &str) -> (Vec<u8>, u64) {
    let (mut frames, mut count) = (Vec::new(), 0);
    each_event(records, &mut |event, json| {
        let message = message(event, &json, host);
        frames.extend_from_slice(format!("{} {message}", message.len()).as_bytes());
        count += 1;
    });
    (frames, count)
}

/// `<PRI>VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`. The message is ASCII, so that no byte order mark has
/// to stand before the JSON (RFC 5424 §6.4).
fn message(event: &Event<'_>, json: &str, host: &str) -> String {
    let priority = if event.failed() { WARNING } else { INFORMATIONAL };
    let time = event.time();
    let id = header_text(event.name(), MESSAGE_ID_MAX);
    format!("<{priority}>1 {time} {host} keywright - {id} - {}", ascii(json))
}

/// Printable ASCII without spaces, or the nil value (RFC 5424 §6).
fn header_text(text: &str, max: usize) -> String {
    let text: String = text.chars().filter(char::is_ascii_graphic).take(max).collect();
    if text.is_empty() { "-".to_owned() } else { text }
}

/// JSON with escapes in the place of what is not ASCII. Only strings have such characters (RFC 8259 §7).
fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests;

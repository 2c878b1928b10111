//! The edge: where connections come in, and where the system's signals do.
//!
//! A listener is bound, then served: its connections are limited in number, bytes and time, and each request on them is
//! handed to an [`Answer`]. What a request means is nobody's business here. TLS, and the certificates for it, are here too.

mod certificates;
mod connection;
mod connections;
mod doorway;
mod guests;
mod limits;
mod listen;
mod loopback;
mod memory;
mod pages;
mod signals;
mod tls;

pub use certificates::{CertificateError, Issued, Name, NotAName, issue, server_files};
pub use connection::Answer;
pub use connections::{Connections, TurnedAway};
pub use limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX, Limits, STRANGERS_BODY_BYTES_MAX};
pub use listen::{Bound, Edge, Ended, Setup, bind};
pub use loopback::{Loopback, NotLoopback, is_loopback};
pub use pages::FromAPage;
pub use signals::{Signals, Wanted};
pub use tls::{Tls, TlsError, TlsFiles};

//! Addresses that only this machine reaches.

use std::{fmt, net::SocketAddr, str::FromStr};

/// An address that only this machine reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loopback(SocketAddr);

/// Why a text is no [`Loopback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotLoopback;

impl Loopback {
    /// The address.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// Whether only this machine reaches an address.
#[must_use]
pub fn is_loopback(address: SocketAddr) -> bool {
    // An IPv4 address in IPv6 form is what it is in IPv4.
    address.ip().to_canonical().is_loopback()
}

impl FromStr for Loopback {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let address = text.parse().map_err(|_| NotLoopback)?;
        if is_loopback(address) { Ok(Self(address)) } else { Err(NotLoopback) }
    }
}

impl fmt::Display for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NotLoopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an address on loopback such as `127.0.0.1:4599`")
    }
}

impl std::error::Error for NotLoopback {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_reach_is_not_loopback() {
        for good in ["127.0.0.1:1", "127.9.9.9:0", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert_eq!(good.parse::<Loopback>().unwrap().address(), good.parse().unwrap());
        }
        for bad in
            ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1", "localhost:1", "127.0.0.1", ""]
        {
            assert_eq!(bad.parse::<Loopback>(), Err(NotLoopback), "{bad}");
        }
    }
}

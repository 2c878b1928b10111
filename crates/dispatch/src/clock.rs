//! Time as a parameter.

use std::time::Duration;

use model::Timestamp;

/// Tells the time. One implementation reads the machine's clock; tests and simulations move their own.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment, never going back; for measuring how long something took.
    fn elapsed(&self) -> Duration;
}

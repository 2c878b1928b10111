//! Who is told of every answer.

use std::time::Duration;

/// Counts answers, for metrics.
pub trait Observer: Send + Sync {
    /// A call was answered. `operation` is what the client called it, so it must not become a label unchecked.
    fn answered(&self, service: &'static str, operation: &str, fault: Option<&'static str>, took: Duration);
}

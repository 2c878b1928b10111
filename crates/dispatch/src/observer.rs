//! Who is told of every answer.

use std::time::Duration;

/// Counts answers, for metrics.
pub trait Observer: Send + Sync {
    /// A call was answered. `service` and `operation` are `unknown` for calls that name none.
    fn answered(
        &self,
        service: &'static str,
        operation: &'static str,
        fault: Option<&'static str>,
        took: Duration,
    );
}

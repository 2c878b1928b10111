//! Who is told of calls.

use std::time::Duration;

use crate::error::KmsError;

/// Somebody who is told of every call when it has ended, all its tries together. What it does holds the call up.
pub trait CallObserver: Send + Sync {
    /// A call ended. `target` is what stood in `X-Amz-Target`; of a role that was assumed it is `AssumeRole`.
    fn ended(&self, target: &str, outcome: Result<(), &KmsError>, took: Duration);
}

//! What the process asks of the system before it holds a secret.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dumps, and no debugger of the same user. A program that is started inherits the first. What the system refuses
/// is left as it is: a program without its key is worse.
pub(crate) fn apply() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

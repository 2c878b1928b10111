//! What the process asks of the system before it holds a secret: no core dumps, no swap, enough descriptors.

use std::{fmt, io};

/// A protection that the system does not give. The server runs all the same and says so when it starts.
#[derive(Debug)]
pub(crate) enum Missing {
    /// A crash may write memory to disk.
    CoreDumps(io::Error),
    /// Other processes of the same user may read this one's memory.
    Debuggers(io::Error),
    /// Memory may be written to swap: the process may not lock as much as it needs.
    SwapNotPermitted,
    /// Memory may be written to swap: locking failed.
    Swap(io::Error),
    /// The limit on open files stays as it is.
    OpenFiles(io::Error),
    /// Not on this system.
    #[cfg(not(target_os = "linux"))]
    Unsupported,
}

/// Applies everything that the system permits, and returns the rest. Call it first of all.
#[must_use]
pub(crate) fn apply() -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut tried = |done: Result<(), Missing>| missing.extend(done.err());
    tried(open_files());
    tried(core_dumps());
    #[cfg(target_os = "linux")]
    {
        tried(debuggers());
        tried(swap());
    }
    #[cfg(not(target_os = "linux"))]
    tried(Err(Missing::Unsupported));
    missing
}

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Each connection is a descriptor; many systems start processes with a soft limit of 1024.
fn open_files() -> Result<(), Missing> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| Missing::OpenFiles(error.into()))
}

fn core_dumps() -> Result<(), Missing> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|error| Missing::CoreDumps(error.into()))
}

/// Also keeps core dumps from handlers that take them through a pipe, which the limit above does not.
#[cfg(target_os = "linux")]
fn debuggers() -> Result<(), Missing> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| Missing::Debuggers(error.into()))
}

/// Locks all memory, as it comes into use. Only where there is no limit to it: under a limit, locking what is
/// to come makes the allocation that reaches the limit fail.
#[cfg(target_os = "linux")]
fn swap() -> Result<(), Missing> {
    use rustix::{
        mm::{MlockAllFlags, mlockall},
        thread::{CapabilitySet, capabilities},
    };
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let capable = || capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::IPC_LOCK));
    if !unlimited && !capable() {
        return Err(Missing::SwapNotPermitted);
    }
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    mlockall(all).map_err(|error| Missing::Swap(error.into()))
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CoreDumps(error) => write!(f, "core dumps cannot be switched off: {error}"),
            Self::Debuggers(error) => {
                write!(f, "other processes cannot be kept from reading memory: {error}")
            }
            Self::SwapNotPermitted => f.write_str(
                "memory is not locked, so keys may reach swap: raise the limit on locked memory to unlimited \
                 (LimitMEMLOCK=infinity) or give CAP_IPC_LOCK",
            ),
            Self::Swap(error) => write!(f, "memory is not locked, so keys may reach swap: {error}"),
            Self::OpenFiles(error) => write!(f, "the limit on open files cannot be raised: {error}"),
            #[cfg(not(target_os = "linux"))]
            Self::Unsupported => {
                f.write_str("memory is neither locked nor kept from debuggers on this system")
            }
        }
    }
}

impl std::error::Error for Missing {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_system_says_that_it_is_done() {
        let missing = apply();
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
        assert_eq!(
            rustix::process::dumpable_behavior().unwrap(),
            rustix::process::DumpableBehavior::NotDumpable
        );
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        let locked = || {
            let status = fs::read_to_string("/proc/self/status").unwrap();
            let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        let refused =
            missing.iter().any(|missing| matches!(missing, Missing::SwapNotPermitted | Missing::Swap(_)));
        assert_eq!(locked() == 0, refused, "{missing:?}");
    }
}

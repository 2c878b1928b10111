//! Programs that are started with secrets.

use std::{
    ffi::OsString,
    io,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
};

use crate::{
    delivery::{HandedOver, KeyName, filled},
    ending::ClientFailure,
};

/// Becomes the program; or, when files have to be removed after it, starts it and waits for its end. Returns the code that
/// the program ended with.
///
/// # Errors
/// [`ClientFailure::Program`] if it cannot be started, [`ClientFailure::Use`] for an argument that would show a secret.
pub(crate) fn run(
    program: &[OsString],
    delivered: &[(KeyName, HandedOver)],
    runtime: Runtime,
) -> Result<u8, ClientFailure> {
    let (name, arguments) =
        program.split_first().ok_or_else(|| ClientFailure::Use("no program".to_owned()))?;
    let arguments: Vec<OsString> =
        arguments.iter().map(|argument| filled(argument, delivered)).collect::<Result<_, _>>()?;
    let mut command = Command::new(name);
    command.args(arguments).envs(delivered.iter().map(|(name, secret)| (name, secret.variable())));
    let not_started = |error: io::Error| ClientFailure::Program(format!("`{}`: {error}", name.display()));
    if delivered.iter().any(|(_, secret)| matches!(secret, HandedOver::File(_))) {
        let status = runtime.block_on(watch(&mut command)).map_err(not_started)?;
        return Ok(code(status));
    }
    // Nothing of it is left but what the program inherits.
    drop(runtime);
    Err(not_started(command.exec()))
}

/// Starts a program and waits for its end. What asks this process to end or to do something is passed on; what comes from the
/// terminal has reached the program already.
async fn watch(command: &mut Command) -> io::Result<ExitStatus> {
    let mut ended = signal(SignalKind::child())?;
    let (mut interrupt, mut quit) = (signal(SignalKind::interrupt())?, signal(SignalKind::quit())?);
    let (mut terminate, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let (mut first, mut second) =
        (signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?);
    let mut child = command.spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let passed = tokio::select! {
            _ = ended.recv() => continue,
            _ = interrupt.recv() => continue,
            _ = quit.recv() => continue,
            _ = terminate.recv() => Signal::TERM,
            _ = hangup.recv() => Signal::HUP,
            _ = first.recv() => Signal::USR1,
            _ = second.recv() => Signal::USR2,
        };
        pass_on(&child, passed);
    }
}

fn pass_on(child: &Child, passed: Signal) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in this moment.
        let _ = kill_process(pid, passed);
    }
}

/// As shells tell how a program ended.
fn code(status: ExitStatus) -> u8 {
    let by_signal = || status.signal().map(|signal| signal.saturating_add(128));
    status.code().or_else(by_signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

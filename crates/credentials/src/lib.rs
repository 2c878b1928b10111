//! `keywright credentials`: a role's credentials for the programs of a machine, as AWS's containers get theirs, or once for
//! a `credential_process`. It speaks the public API of the security token service, so that it works with AWS too.
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>

mod assume;
mod endpoint;
mod options;
mod session;
mod source;

use std::{fs, io::Write, num::NonZeroUsize, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc};

use base64_simd::URL_SAFE_NO_PAD;
use dispatch::Clock;
use edge::{Limits, Setup, Signals, Wanted, bind};
use secret::Plaintext;
use tokio::runtime::Runtime;

pub use self::options::Options;
use self::{
    assume::Role,
    endpoint::{Assume, Endpoint},
};

/// Whatever ends the command; shown to who runs it.
type Failure = Box<dyn std::error::Error>;

/// Bytes of the token that programs send.
pub const TOKEN_BYTES: usize = 32;

/// Prints credentials once, in the form of a `credential_process`.
///
/// # Errors
/// What the own credentials lack, or the security token service says.
pub fn once(
    options: &Options,
    clock: &Arc<dyn Clock>,
    runtime: &Runtime,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let session = runtime.block_on(Role::of(options, clock)?.assume())?;
    out.write_all(session.for_process().reveal())?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// Serves credentials until a signal says to stop, and prints what programs have to set. The token that programs send is
/// made of `random` bytes.
///
/// # Errors
/// As [`once`], at the start; later such errors are answered. What the system says of the listener and the file.
pub fn serve(
    options: &Options,
    clock: &Arc<dyn Clock>,
    random: [u8; TOKEN_BYTES],
    runtime: &Runtime,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut signals = {
        let _context = runtime.enter();
        Signals::catch()?
    };
    let token = Plaintext::new(URL_SAFE_NO_PAD.encode_to_string(random).into_bytes());
    let bound = bind(options.listen.address()).map_err(|error| format!("{}: {error}", options.listen))?;
    let url = format!("http://{}{}", bound.address(), endpoint::PATH);
    let role = Role::of(options, clock)?;
    // A mistake shows here, and not when the first program asks.
    let first = runtime.block_on(role.assume())?;
    print(options.token_file.as_deref(), &url, &token, out)?;

    let edge = bound.serve(Setup {
        answer: Arc::new(Endpoint::new(role, first, token, Arc::clone(clock))),
        tls: None,
        limits: Limits::default().for_anybody(CONNECTIONS),
        workers: NonZeroUsize::MIN,
        name: "credentials",
        counts: Arc::default(),
    })?;
    while runtime.block_on(signals.next()) == Wanted::Reload {}
    let _ = edge.shut_down();
    Ok(())
}

/// The programs of one machine need few.
const CONNECTIONS: usize = 256;

fn print(file: Option<&Path>, url: &str, token: &Plaintext, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "export AWS_CONTAINER_CREDENTIALS_FULL_URI={url}")?;
    match file {
        Some(file) => {
            let file = std::path::absolute(file)?;
            write_private(&file, token).map_err(|error| format!("`{}`: {error}", file.display()))?;
            writeln!(out, "export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={}", file.display())?;
        }
        None => {
            out.write_all(b"export AWS_CONTAINER_AUTHORIZATION_TOKEN=")?;
            out.write_all(token.reveal())?;
            out.write_all(b"\n")?;
        }
    }
    Ok(out.flush()?)
}

/// Replaces a file by one that only its owner reads.
fn write_private(path: &Path, token: &Plaintext) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(token.reveal())
}

//! `agent`: answers systemd, which asks for the keys of volumes and the credentials of units over an AF_UNIX socket
//! (crypttab(5), AF_UNIX KEY FILES; systemd.exec(5), `LoadCredential=`). Who connects says by the name of its own end what it asks for.

use std::{
    fs, io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            fs::FileTypeExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use forward::{ActFor, Kms};
use rustix::{
    fs::Mode,
    process::{geteuid, umask},
};
use secret::Plaintext;
use tokio::{
    io::AsyncWriteExt,
    net::{UnixListener, UnixStream},
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, watch},
    time::timeout,
};

use crate::{
    asked::AskedSecret,
    cli::AgentOptions,
    client::{Client, patiently},
    contents::{SecretForm, in_form},
    ending::{ClientFailure, say},
    record::WrapRecord,
};

/// Who else asks waits until one of so many is answered.
const ASKERS_MAX: u32 = 64;

/// How long an answer may take to be read.
const READ_TIME: Duration = Duration::from_secs(5);

/// More than systemd takes for a credential (`CREDENTIAL_SIZE_MAX`, 1 MiB).
const TOO_LONG_FOR_A_CREDENTIAL: usize = 1024 * 1024 + 1;

/// Answers until a signal ends it. `ready` is told when it listens: the socket of sd_notify(3).
///
/// # Errors
/// [`ClientFailure::Use`]: what the system says; that somebody listens there already.
pub(crate) fn run(client: Client, options: AgentOptions, ready: Option<&Path>) -> Result<u8, ClientFailure> {
    let Client { kms, act_for, endpoint, runtime, .. } = client;
    let AgentOptions { socket, records, context, form } = options;
    if !records.is_dir() {
        return Err(ClientFailure::Use(format!("`{}` is no folder", records.display())));
    }
    let failed = |error: io::Error| ClientFailure::Use(format!("`{}`: {error}", socket.display()));
    let own_uid = geteuid().as_raw();
    let agent = Arc::new(KeyAgent { kms, act_for, endpoint, records, context, form, own_uid });
    let _entered = runtime.enter();
    let ends = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    let [terminate, interrupt] = ends;
    let (terminate, interrupt) = (terminate.map_err(failed)?, interrupt.map_err(failed)?);
    let listener = listen(&socket).map_err(failed)?;
    say(&format_args!("listens at `{}`", socket.display()));
    if let Some(ready) = ready {
        notify(ready).map_err(failed)?;
    }
    runtime.block_on(serve(&agent, &listener, terminate, interrupt));
    let _ = fs::remove_file(&socket);
    Ok(0)
}

/// A socket that only its owner and root connect to, from its first moment on.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    match fs::symlink_metadata(socket) {
        // One that a crash left behind refuses connections.
        Ok(found) if found.file_type().is_socket() => match std::os::unix::net::UnixStream::connect(socket) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(socket)?,
            _ => return Err(io::ErrorKind::AddrInUse.into()),
        },
        _ => {}
    }
    let before = umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(socket);
    umask(before);
    listener
}

/// Tells systemd that units may ask (sd_notify(3)). A name that begins with `@` is an abstract one.
fn notify(ready: &Path) -> io::Result<()> {
    let address = match ready.as_os_str().as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(ready)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address).map(drop)
}

async fn serve(agent: &Arc<KeyAgent>, listener: &UnixListener, mut terminate: Signal, mut interrupt: Signal) {
    let room = Arc::new(Semaphore::new(ASKERS_MAX as usize));
    let (end, ended) = watch::channel(false);
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => {
                    let (agent, ended) = (Arc::clone(agent), ended.clone());
                    tokio::spawn(async move {
                        agent.answer(stream, ended).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    say(&format_args!("cannot accept: {error}"));
                    // Of descriptors or memory there may be more in a while.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
    let _ = end.send(true);
    // Who still waits is refused: a connection that just ends would be an empty credential.
    let _ = timeout(READ_TIME, room.acquire_many(ASKERS_MAX)).await;
}

/// What answers are made of.
struct KeyAgent {
    kms: Arc<Kms>,
    act_for: ActFor,
    endpoint: String,
    records: PathBuf,
    /// What the context of each record must have.
    context: Vec<(String, String)>,
    form: SecretForm,
    own_uid: u32,
}

impl KeyAgent {
    /// Answers who has connected, as long as the agent has not `ended`.
    async fn answer(&self, stream: UnixStream, mut ended: watch::Receiver<bool>) {
        let asked = match self.asked(&stream) {
            Ok(asked) => asked,
            Err(why) => return write(stream, "somebody", refusal(None), &why).await,
        };
        let answer = tokio::select! {
            answer = self.secret(&asked) => answer,
            _ = ended.wait_for(|ended| *ended) => Err(ClientFailure::Use("the agent was ended".to_owned())),
        };
        let who = asked.to_string();
        match answer {
            Ok(secret) => write(stream, &who, secret, "is handed over").await,
            Err(failure) => write(stream, &who, refusal(Some(&asked)), &failure.to_string()).await,
        }
    }

    /// What is asked for, if it is root or the agent's own user who asks. Others do not get through the socket's mode, unless
    /// somebody changed it.
    fn asked(&self, stream: &UnixStream) -> Result<AskedSecret, String> {
        let uid = stream.peer_cred().map_err(|error| error.to_string())?.uid();
        if uid != 0 && uid != self.own_uid {
            return Err(format!("user {uid} may not ask"));
        }
        // Not the address that `accept` tells: tokio knows no abstract names there.
        let address = stream.peer_addr().map_err(|error| error.to_string())?;
        let name = address.as_abstract_name().ok_or("its end has no abstract name, as systemd's have")?;
        AskedSecret::of(name)
            .ok_or_else(|| format!("it asks for no volume and no credential: {}", name.escape_ascii()))
    }

    async fn secret(&self, asked: &AskedSecret) -> Result<Plaintext, ClientFailure> {
        let WrapRecord { key, context, wrapped, .. } =
            WrapRecord::read(&asked.record(&self.records), &self.context)?;
        let opened = self.kms.decrypt(&self.act_for, Some(&key), &wrapped.0, &context);
        let waits = || say(&format_args!("{asked}: waits for KMS at {}", self.endpoint));
        Ok(in_form(&patiently(opened, waits).await?.plaintext, self.form))
    }
}

/// Writes an answer, and tells people of it.
async fn write(mut stream: UnixStream, who: &str, answer: Plaintext, said: &str) {
    let written = timeout(READ_TIME, async {
        stream.write_all(answer.reveal()).await?;
        stream.shutdown().await
    });
    match written.await {
        Ok(Ok(())) => say(&format_args!("{who}: {said}")),
        Ok(Err(error)) => say(&format_args!("{who}: {said}; nobody reads it any more: {error}")),
        Err(_) => say(&format_args!("{who}: {said}; nobody reads it")),
    }
}

/// What is answered when there is no secret. For a volume nothing: systemd asks people for a passphrase then. A credential of no
/// bytes would be taken, and the unit would start with it. One that is too long is not.
fn refusal(asked: Option<&AskedSecret>) -> Plaintext {
    match asked {
        Some(AskedSecret::Volume(_)) => Plaintext::zeroed(0),
        Some(AskedSecret::Credential { .. }) | None => Plaintext::zeroed(TOO_LONG_FOR_A_CREDENTIAL),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_socket_is_for_its_owner_and_not_taken_from_who_listens() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let first = listen(&socket).unwrap();
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen(&socket).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert!(socket.exists(), "as after a crash");
        drop(listen(&socket).unwrap());
        fs::remove_file(&socket).unwrap();
        fs::write(&socket, "no socket").unwrap();
        assert!(listen(&socket).is_err());
        assert_eq!(fs::read(&socket).unwrap(), b"no socket");
    }

    #[test]
    fn systemd_is_told_where_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("keywright-client-test-{}", std::process::id());
        let told = [
            (path.clone(), SocketAddr::from_pathname(&path).unwrap()),
            (format!("@{name}").into(), SocketAddr::from_abstract_name(&name).unwrap()),
        ];
        for (stated, address) in told {
            let systemd = UnixDatagram::bind_addr(&address).unwrap();
            notify(&stated).unwrap();
            let mut received = [0; 16];
            let bytes = systemd.recv(&mut received).unwrap();
            assert_eq!(&received[..bytes], b"READY=1");
        }
    }

    #[test]
    fn no_unit_takes_a_refusal_for_a_credential() {
        assert!(refusal(AskedSecret::of(b"1/cryptsetup/data").as_ref()).is_empty());
        for name in [b"1/unit/a.service/id".as_slice(), b"1/unit/a.service/.id", b"something else"] {
            assert!(refusal(AskedSecret::of(name).as_ref()).len() > 1024 * 1024);
        }
    }
}

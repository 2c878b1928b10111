//! TLS, with certificates from the server's own CA, judged by rustls and by OpenSSL.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use edge::{Issued, Limits, Name, Tls, issue};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, NamedGroup, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::world::{World, run, short, start_with};

fn issued(directory: &Path, names: &[&str]) -> Issued {
    let names: Vec<Name> = names.iter().map(|name| name.parse().unwrap()).collect();
    issue(directory, &names, UnixTime::now().as_secs().try_into().unwrap()).unwrap()
}

fn started(issued: &Issued, limits: Limits) -> (World, Tls) {
    let tls = Tls::load(&issued.server.certificate, &issued.server.key).unwrap();
    (start_with(limits, 1, Some(tls.clone())), tls)
}

async fn connect(
    world: &World,
    issued: &Issued,
    name: &str,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> Result<TlsStream<TcpStream>, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&issued.ca).unwrap()).unwrap();
    // In rustls's order the hybrid groups come last unless asked for otherwise.
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups.sort_by_key(|group| group.name() != NamedGroup::X25519MLKEM768);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(world.edge.address()).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// One request over whatever was negotiated.
async fn ask(stream: TlsStream<TcpStream>) -> String {
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let request = Request::post("https://kms.test/").header("host", "kms.test");
    let request = request.body(Full::new(Bytes::from_static(b"a"))).unwrap();
    let io = TokioIo::new(stream);
    let response = if http2 {
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let told = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(told.to_vec()).unwrap()
}

#[test]
fn the_protocol_is_what_was_negotiated() {
    let directory = tempfile::tempdir().unwrap();
    let issued = issued(directory.path(), &["kms.test", "127.0.0.1"]);
    let (world, _) = started(&issued, Limits::default());
    for (versions, alpn, expected) in [
        (&[&TLS13][..], &["h2", "http/1.1"][..], "HTTP/2.0 POST Ok(98) test-0 Some(\"TLSv1.3 TLS_AES_"),
        (&[&TLS13], &["http/1.1"], "HTTP/1.1 POST Ok(98) test-0 Some(\"TLSv1.3 TLS_AES_"),
        (&[&TLS13], &[], "HTTP/1.1 POST Ok(98) test-0 Some(\"TLSv1.3 TLS_AES_"),
        (&[&TLS12], &["h2"], "HTTP/2.0 POST Ok(98) test-0 Some(\"TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_"),
    ] {
        let told = run(async {
            let stream = connect(&world, &issued, "kms.test", versions, alpn).await.unwrap();
            ask(stream).await
        });
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn the_fields_of_a_response_are_spelled_as_aws_spells_them() {
    let directory = tempfile::tempdir().unwrap();
    let issued = issued(directory.path(), &["kms.test"]);
    let (world, _) = started(&issued, Limits::default());
    let response = run(async {
        let mut stream = connect(&world, &issued, "kms.test", &[&TLS13], &[]).await.unwrap();
        stream
            .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")
            .await
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        response
    });
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.lines().any(|line| line == format!("Content-Length: {}", body.len())), "{head}");
    assert!(head.lines().any(|line| line == "Connection: close"), "{head}");
}

#[test]
fn the_key_exchange_is_hybrid_and_sessions_are_not_kept() {
    let directory = tempfile::tempdir().unwrap();
    let issued = issued(directory.path(), &["kms.test", "127.0.0.1"]);
    let (world, _) = started(&issued, Limits::default());
    for name in ["kms.test", "127.0.0.1"] {
        run(async {
            let stream = connect(&world, &issued, name, &[&TLS13], &["http/1.1"]).await.unwrap();
            let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap().name();
            assert_eq!(group, NamedGroup::X25519MLKEM768);
            assert!(ask(stream).await.contains("Ok(98)"));
        });
    }
}

#[test]
fn a_client_of_another_name_or_ca_is_not_fooled() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ours = issued(directory.path(), &["kms.test"]);
    let theirs = issued(other.path(), &["kms.test"]);
    let (world, _) = started(&ours, Limits::default());
    run(async {
        assert!(connect(&world, &ours, "iam.test", &[&TLS13], &[]).await.is_err());
        assert!(connect(&world, &theirs, "kms.test", &[&TLS13], &[]).await.is_err());
        assert!(connect(&world, &ours, "kms.test", &[&TLS13], &[]).await.is_ok());
    });
}

#[test]
fn handshakes_that_stall_or_fail_are_ended() {
    let directory = tempfile::tempdir().unwrap();
    let issued = issued(directory.path(), &["kms.test"]);
    let (world, _) = started(&issued, short());
    world.connect().closed();
    let mut halfway = world.connect();
    halfway.send([22, 3, 1, 2, 0, 1]);
    halfway.closed();
    let mut plain = world.connect();
    plain.post("/", "a");
    plain.try_send("");
    world.until_all_closed();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(world.counts.open(), 0);
}

#[test]
fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = issued(directory.path(), &["kms.test"]);
    let (world, tls) = started(&first, Limits::default());
    let shown = || {
        run(async {
            let stream = connect(&world, &first, "kms.test", &[&TLS13], &[]).await.unwrap();
            stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
        })
    };
    let before = shown();
    issued(directory.path(), &["kms.test"]);
    assert_eq!(shown(), before);
    tls.reload().unwrap();
    let after = shown();
    assert_ne!(after, before);
    std::fs::write(&first.server.certificate, "nothing").unwrap();
    let refused = tls.reload().unwrap_err().to_string();
    assert!(refused.contains("does not hold certificates in PEM"), "{refused}");
    assert_eq!(shown(), after);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ours = issued(directory.path(), &["kms.test"]);
    let theirs = issued(other.path(), &["kms.test"]);
    assert!(Tls::load(&ours.server.certificate, &theirs.server.key).is_err());
    assert!(Tls::load(&ours.server.key, &ours.server.key).is_err());
    assert!(Tls::load(&ours.server.certificate, &ours.server.certificate).is_err());
    assert!(Tls::load(Path::new("/nowhere"), &ours.server.key).is_err());
}

#[test]
fn openssl_agrees_about_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["kms.eu-west-1.amazonaws.com", "kms.test", "10.0.0.7", "::1"];
    let issued = issued(directory.path(), &names);
    let verified = |option: &str, name: &str| {
        Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", "sslserver", option, name, "-CAfile"])
            .args([&issued.ca, &issued.server.certificate])
            .output()
            .unwrap()
    };
    for (option, name, good) in [
        ("-verify_hostname", "kms.eu-west-1.amazonaws.com", true),
        ("-verify_hostname", "kms.test", true),
        ("-verify_ip", "10.0.0.7", true),
        ("-verify_ip", "::1", true),
        ("-verify_hostname", "s3.eu-west-1.amazonaws.com", false),
        ("-verify_ip", "10.0.0.8", false),
    ] {
        let output = verified(option, name);
        assert_eq!(output.status.success(), good, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let only_address = tempfile::tempdir().unwrap();
    let issued = self::issued(only_address.path(), &["10.0.0.7"]);
    let output = Command::new("openssl")
        .args(["verify", "-x509_strict", "-verify_ip", "10.0.0.7", "-CAfile"])
        .args([&issued.ca, &issued.server.certificate])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
